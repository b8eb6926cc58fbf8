"""The embodiment of a walking robot: an action is a stride, and a gait turns it into joint set-points.

The servo loop asks for a command once per cycle; the phase goes on from action to action and from schedule to schedule.
Steps are placed at the capture point: a trunk that moves faster than it was told steps further out, by sqrt(h/g) times
the difference (Raibert 1986; Pratt et al., "Capture point", Humanoids 2006). The motors are told the weight that each
foot should bear, so that a leg does not sag under it.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from hardware.drives import PATTERNS, Peg, Stride, Striding
from hardware.gait import slope
from hardware.gait.bare_legs import BareLegs
from hardware.gait.footing import Footing
from hardware.gait.odometry import LegOdometry
from hardware.gait.pattern import Balance, Gait
from hardware.gait.regroup import Regroup
from hardware.motors import PositionServo
from hardware.robot import CommandMode, FloatArray, RobotCommand, RobotState
from hardware.spec import RobotSpec

_GRAVITY = 9.81


class GaitDrive:
    """Walks; stateful in the gait, in the motion of the trunk, and in the time of the last command."""

    steady = False

    def __init__(self, spec: RobotSpec) -> None:
        """Stand; the robot has the legs and the position servos that a gait needs (`hardware.spec`)."""
        assert isinstance(spec.drive, Striding)
        assert isinstance(spec.servo, PositionServo)
        assert spec.foot is not None
        self._striding, self._legs = spec.drive, spec.legs
        self._kp, self._kd = np.array(spec.servo.run.kp), np.array(spec.servo.run.kd)
        rest = Stride(*(action.rest for action in spec.actions))
        self._fastest = spec.limits.velocity_high
        self._gait = Gait(spec.legs, PATTERNS[spec.drive.pattern], rest)
        self._motion = LegOdometry(spec.legs)
        adaptive, peg = spec.drive.adaptive, spec.drive.peg
        self._bare = None if peg is None else BareLegs(spec.foot, len(spec.legs), peg.pose)
        regroups = peg is None and spec.foot.bare_force > 0.0
        self._regroup = Regroup(spec.legs, PATTERNS[spec.drive.pattern], spec.foot) if regroups else None
        self._footing = None if adaptive is None or peg is None else Footing(spec, spec.foot, peg.pose, adaptive)
        self._count, self._feet = len(spec.actions), len(spec.legs)
        self._name = spec.name
        self.reset()

    def reset(self) -> None:
        self._gait.reset()
        self._motion.reset()
        if self._bare is not None:
            self._bare.reset()
        if self._regroup is not None:
            self._regroup.reset()
        if self._footing is not None:
            self._footing.reset()
        self._loads = self._gait.loads()
        self._time: float | None = None
        self._sent: RobotCommand | None = None
        self._before: list[float] | None = None
        self._action: FloatArray | None = None

    def command(self, action: FloatArray, state: RobotState, now: float, expires: float) -> RobotCommand:
        if action.shape != (self._count,):
            raise ValueError(f"robot {self._name}: expected an action of shape ({self._count},), got {action.shape}")
        seconds = 0.0 if self._time is None else max(0.0, now - self._time)
        self._time, self._action = now, action
        stride = Stride(*action.tolist())
        if all(map(math.isfinite, stride)):
            self._walk(stride, state, seconds)
        angles, self._loads = self._gait.angles(), self._gait.loads()
        if self._bare is not None:
            angles, self._loads = self._bare.bend(angles), self._bare.unload(self._loads)
        if self._regroup is not None:
            self._loads = self._regroup.unload(self._loads)
        if self._footing is not None:
            angles, self._loads = self._footing.kneel(angles, self._loads)
        speeds, self._before = self._speeds(angles, seconds), angles
        position, velocity, torque = np.array([angles, speeds, self._support(angles)])
        self._sent = RobotCommand(CommandMode.SERVO, position, velocity, torque, self._kp, self._kd, expires)
        return self._sent

    def played(self, sent: RobotCommand) -> FloatArray | None:
        return self._action if sent.mode is CommandMode.SERVO else None

    def annotate(self, state: RobotState) -> RobotState:
        return replace(state, gait_phase=self._gait.angle, stride=np.array(self._gait.stride))

    def _walk(self, stride: Stride, state: RobotState, seconds: float) -> None:
        """Move the feet on, the next steps where they keep the trunk up."""
        motion, smoothed = self._motion, self._gait.stride
        motion.update(state, self._loads, seconds)
        peg = self._kneeling(state, seconds)
        if peg is not None:
            stride = stride._replace(height=min(stride.height, peg.height))
        footing, ahead = self._footing, (motion.forward, motion.lateral)
        if footing is not None:
            stride = footing.look(self._sent, state, stride, seconds)
            ahead = footing.over_ground(ahead)
        reach = math.sqrt(max(smoothed.height, 0.0) / _GRAVITY)
        balance = Balance(
            self._step(reach * (ahead[0] - smoothed.forward)), self._step(reach * (ahead[1] - smoothed.lateral))
        )
        if self._regroup is not None:
            forward, left = self._regroup.aside
            balance = Balance(balance.forward + forward, balance.lateral + left)
        if footing is not None:
            balance = footing.balance(balance, ahead, self._gait, motion.feet, self._loads, peg is not None, seconds)
        self._gait.advance(stride, seconds, balance)

    def _kneeling(self, state: RobotState, seconds: float) -> Peg | None:
        """Look for legs without a foot; return how they stand if they do so on their knees."""
        if self._bare is None and self._regroup is None:
            return None
        felt = self._striding.mass * float(state.accelerometer[-1])
        forces = np.broadcast_to(state.foot_force, self._feet).tolist()
        if self._regroup is not None:
            pull = slope.down(*state.quaternion.tolist())
            self._regroup.update(forces, self._gait.loads(), felt, pull, seconds)
            self._gait.lags = self._regroup.lags
        if self._bare is None:
            return None
        self._bare.update(forces, self._gait.loads(), felt, seconds)
        return self._striding.peg if self._bare.any else None

    def _step(self, wanted: float) -> float:
        longest = self._striding.longest_step
        return max(-longest, min(longest, wanted)) if math.isfinite(wanted) else 0.0

    def _speeds(self, angles: list[float], seconds: float) -> list[float]:
        """Return how fast the set-points move (n_motors,), within what the motors can do [rad/s]."""
        if self._before is None or seconds == 0.0:
            return [0.0] * len(angles)
        moves = zip(angles, self._before, self._fastest, strict=True)
        return [max(-most, min(most, (new - old) / seconds)) for new, old, most in moves]

    def _support(self, angles: list[float]) -> list[float]:
        """Return the torques (n_motors,) with which every foot bears its share of the weight [N m]."""
        if not self._striding.bears:
            return [0.0] * len(angles)
        weight = self._striding.mass * _GRAVITY
        torques: list[float] = []
        for index, (leg, load) in enumerate(zip(self._legs, self._loads, strict=True)):
            force = (0.0, 0.0, -weight * load)
            if self._footing is not None:
                force = self._footing.force(index, self._gait.told[index], weight * load)
            first, second, third = angles[3 * index : 3 * index + 3]
            torques += leg.press(first, second, third, force)
        return torques
