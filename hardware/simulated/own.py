"""A controller of the robot's own, as a simulated robot has one: it stands up, walks by a policy, and lies down."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from hardware.drives import Walking
from hardware.motors import PositionServo
from hardware.robot import CommandMode, FloatArray, RobotCommand, RobotState
from hardware.spec import RobotSpec
from hardware.walkers.drive import WalkerDrive

_REACHED = 0.4
"""Distance of a joint from the standing pose from which it stands [rad]."""


class OwnController:
    """Turns what it is asked for into set-points of the joints.

    Attributes:
        doing: STAND (joints in or on the way to the standing pose), WALK, SIT (the same of the lying pose), DAMP, OFF.
        velocity: what it walks at (n_actions,).
    """

    def __init__(self, spec: RobotSpec) -> None:
        """Lie limp, as a robot `spec` whose own controller walks by the policy of its contract. Raises PolicyError."""
        assert isinstance(spec.drive, Walking)
        assert isinstance(spec.servo, PositionServo)
        self._spec, self._servo = spec, spec.servo
        self._walker = WalkerDrive(replace(spec, drive=replace(spec.drive, kind="walker")))
        self._policy = max(1, round(spec.servo_hz / spec.drive.contract.rate_hz))
        self._still = np.array([action.rest for action in spec.actions])
        self.velocity = self._still
        self.doing, self._start, self._begin = CommandMode.DAMP, np.zeros(len(spec.motors)), 0.0

    @property
    def steps(self) -> int:
        """Cycles of the robot for which a command holds."""
        return self._policy if self.doing is CommandMode.WALK else 1

    def ask(self, mode: CommandMode, joints: FloatArray, now: float, velocity: FloatArray | None = None) -> None:
        """Head for a mode at `now` [s], from where its joints are (n_motors,) [rad].

        A velocity (n_actions,) is for WALK; without one it stands still.
        """
        if mode is CommandMode.WALK:
            self.velocity = self._still if velocity is None else velocity
        if mode is self.doing:
            return
        if mode is CommandMode.WALK:
            self._walker.reset()
        self.doing, self._start, self._begin = mode, joints, now

    def stands(self, joints: FloatArray, now: float) -> bool:
        """Tell whether it stood up, or walks."""
        if self.doing is not CommandMode.STAND:
            return self.doing is CommandMode.WALK
        return self._share(now) >= 1.0 and float(np.abs(joints - self._servo.stand).max()) < _REACHED

    def command(self, state: RobotState, now: float) -> RobotCommand:
        """Return what the joints do at `now` [s]."""
        match self.doing:
            case CommandMode.WALK:
                return self._walker.command(self.velocity, state, now, math.inf)
            case CommandMode.STAND | CommandMode.SIT:
                return self._pose(now)
            case _:
                return RobotCommand.passive(self.doing, len(self._start), math.inf, np.array(self._servo.damping))

    def _pose(self, now: float) -> RobotCommand:
        """Move along a cosine to the pose that was asked for, or hold it."""
        hold, pose = self._servo.hold, self._servo.sit if self.doing is CommandMode.SIT else self._servo.stand
        position = self._start + (0.5 - 0.5 * math.cos(math.pi * self._share(now))) * (np.array(pose) - self._start)
        none = np.zeros_like(position)
        return RobotCommand(CommandMode.SERVO, position, none, none, np.array(hold.kp), np.array(hold.kd), math.inf)

    def _share(self, now: float) -> float:
        """Return which share of the way to a pose is over; the shorter it is, the sooner."""
        pose = self._servo.sit if self.doing is CommandMode.SIT else self._servo.stand
        whole = float(np.abs(np.subtract(self._servo.stand, self._servo.sit)).max())
        seconds = max(0.1, self._servo.rise_seconds * min(1.0, float(np.abs(self._start - pose).max()) / whole))
        return min(1.0, max(0.0, (now - self._begin) / seconds))
