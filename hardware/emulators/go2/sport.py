"""The emulated robot's own controller and the service that commands it, written from the protocol.

It refuses calls that it cannot read, and forgets a Move after a second. A policy walks inside. What the maker does not
publish is chosen: the rate of its state, how long it takes Move and does nothing after it stood up, and that velocities
are told in the axes of the body.
"""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Sequence

import numpy as np

from hardware.emulators.go2.body import TO_WIRE, Body
from hardware.emulators.go2.faults import Fault, Service, Sticks, acting
from hardware.emulators.go2.wire import Command, write_plain
from hardware.robot import CommandMode, FloatArray, RobotState
from hardware.rotation import roll_pitch_yaw
from hardware.simulated.own import OwnController
from hardware.spec import RobotSpec
from hardware.unitree.layout import LEGS, SPORT_STATE


class Api(enum.IntEnum):
    """Calls that it carries out."""

    DAMP = 1001
    BALANCE_STAND = 1002
    STOP_MOVE = 1003
    STAND_UP = 1004
    STAND_DOWN = 1005
    RECOVERY_STAND = 1006
    MOVE = 1008


_OK, _UNKNOWN_CALL, _BAD_PARAMETER, _OVER_TIME = 0, 3203, 3204, 4201
_MODES = {CommandMode.STAND: 6, CommandMode.SIT: 5, CommandMode.DAMP: 7}
_BALANCES, _WALKS = 1, 3
"""Modes as its state tells them."""
_STANDS, _LIES = 1002, 1001
"""What its `error_code` says while nothing is wrong (unitree_sdk2_python#175)."""
_FORGETS = 1.0
"""Time after which a Move is over [s]."""
_IDLE = 2.0
"""Time after the first BalanceStand for which Move is taken and nothing done [s]."""
_PERIOD = 0.02
"""Of its state [s]."""
_LIFT, _DRIFT = 0.09, 1.01
"""Of the feet [m]; how much too far its odometry thinks it went."""


class Sport:
    """One robot's controller: `serve` whenever somebody calls, `command` and `states` once a cycle."""

    def __init__(self, spec: RobotSpec, body: Body, faults: Sequence[Fault]) -> None:
        """Lie, as `spec` describes a robot that its own controller walks. Raises PolicyError."""
        self._body, self._faults, self._inside = body, tuple(faults), OwnController(spec)
        self._inside.ask(CommandMode.SIT, body.physics.motor_position, -math.inf)
        self._legs = [spec.legs[spec.feet.index(leg)] for leg in LEGS]
        self._places = [spec.feet.index(leg) for leg in LEGS]
        self._balances_at = self._ready_at = self._forget_at = math.inf
        self._cycles, self._next = 0, 0.0
        self._moves: Command | None = None
        self._frozen: bytes | None = None

    def serve(self, api: int, parameter: str, now: float) -> tuple[int, str] | None:
        """Answer a call at `now` [s]: status code and data, or None for silence."""
        kinds = self._kinds()
        if kinds & {"silent", "gone"}:
            return None
        if "refused" in kinds:
            return _OVER_TIME, ""
        joints, inside = self._body.physics.motor_position, self._inside
        match api:
            case Api.MOVE:
                return self._move(parameter, now, ignored="ignored" in kinds)
            case Api.DAMP:
                inside.ask(CommandMode.DAMP, joints, now)
            case Api.BALANCE_STAND if inside.stands(joints, now):
                self._balance(now)
            case Api.STOP_MOVE if inside.doing is CommandMode.WALK:
                inside.ask(CommandMode.WALK, joints, now)
            case Api.STAND_UP | Api.RECOVERY_STAND:
                inside.ask(CommandMode.STAND, joints, now)
                self._balances_at = now if api == Api.RECOVERY_STAND else math.inf
            case Api.STAND_DOWN:
                inside.ask(CommandMode.SIT, joints, now)
            case Api.BALANCE_STAND | Api.STOP_MOVE:
                pass  # it does not stand
            case _:
                return _UNKNOWN_CALL, ""
        return _OK, ""

    def command(self, now: float, periods: int) -> Command | None:
        """Return what the motors do in the next periods; None damps them."""
        inside, joints = self._inside, self._body.physics.motor_position
        if "damped" in self._kinds():
            inside.ask(CommandMode.DAMP, joints, now)
        if now >= self._balances_at and inside.stands(joints, now):
            self._balance(now)
        if inside.doing is CommandMode.WALK:
            held = [stick.forward for stick in acting(self._faults, Sticks, self._body.time)]
            if held:
                inside.ask(CommandMode.WALK, joints, now, np.array((held[0], 0.0, 0.0)))
            elif now >= self._forget_at:
                inside.ask(CommandMode.WALK, joints, now)
        self._cycles += periods
        if self._cycles >= inside.steps or self._moves is None:
            self._cycles, self._moves = 0, self._decided(now)
        return self._moves

    def states(self, now: float, mode: str) -> list[bytes]:
        """Return what it says of itself at `now` [s], as often as it does; a `mode` of "" is that it does not run."""
        kinds = self._kinds()
        if now < self._next or "gone" in kinds:
            return []
        self._next = now + _PERIOD
        wire = self._state(now, mode, kinds)
        self._frozen = (self._frozen or wire) if "frozen" in kinds else None
        return [self._frozen or wire]

    def _kinds(self) -> set[str]:
        return {fault.kind for fault in acting(self._faults, Service, self._body.time)}

    def _balance(self, now: float) -> None:
        if self._inside.doing is not CommandMode.WALK:
            self._ready_at, self._balances_at = now + _IDLE, math.inf
        self._inside.ask(CommandMode.WALK, self._body.physics.motor_position, now)

    def _move(self, parameter: str, now: float, *, ignored: bool) -> tuple[int, str]:
        """Walk as a parameter says, if it balances and has done so for long enough; what cannot be read is refused."""
        velocity = read_velocity(parameter)
        if velocity is None:
            return _BAD_PARAMETER, ""
        if self._inside.doing is CommandMode.WALK and now >= self._ready_at and not ignored:
            self._inside.ask(CommandMode.WALK, self._body.physics.motor_position, now, velocity)
            self._forget_at = now + _FORGETS
        return _OK, ""

    def _decided(self, now: float) -> Command | None:
        """Ask the controller inside what the joints do now."""
        state = RobotState(seq=0, time=now, **vars(self._body.physics.reading()))
        asked = self._inside.command(state, now)
        if asked.mode is not CommandMode.SERVO:
            return None
        rows = (asked.position, asked.velocity, asked.torque, asked.kp, asked.kd)
        return Command(np.ones(len(TO_WIRE), bool), *(row[TO_WIRE] for row in rows))

    def _state(self, now: float, mode: str, kinds: set[str]) -> bytes:
        """Return its state as a message; nothing of where it is once it does not run."""
        physics, inside = self._body.physics, self._inside
        record = np.zeros((), SPORT_STATE.struct.dtype)
        record["stamp"] = int(now), round(1e9 * (now % 1.0)) % 10**9
        low = self._body.measure()
        record["imu_state"], record["foot_force"] = low["imu_state"], low["foot_force"]
        walks = inside.doing is CommandMode.WALK
        moving = walks and bool(np.any(inside.velocity))
        record["mode"] = _WALKS if moving else _BALANCES if walks else _MODES.get(inside.doing, 0)
        record["gait_type"], record["foot_raise_height"] = moving, _LIFT
        stands = inside.doing in {CommandMode.WALK, CommandMode.STAND}
        record["error_code"] = _OVER_TIME if "error" in kinds else _STANDS if stands else _LIES
        if mode:
            yaw = roll_pitch_yaw(physics.quaternion)[2]
            east, north, up = physics.velocity.tolist()
            cos, sin = math.cos(yaw), math.sin(yaw)
            record["position"] = _DRIFT * physics.position
            record["velocity"] = cos * east + sin * north, cos * north - sin * east, up
            record["body_height"], record["yaw_speed"] = physics.position[2], physics.gyro[2]
        record["foot_position_body"], record["foot_speed_body"] = self._feet()
        return write_plain(SPORT_STATE, record)

    def _feet(self) -> tuple[FloatArray, FloatArray]:
        """Return where the feet are from the trunk's origin and how fast they move, in the wire's order, each (12,)."""
        physics = self._body.physics
        both = physics.motor_position, physics.motor_velocity
        each = (joints.reshape(-1, 3)[self._places].tolist() for joints in both)
        legs = list(zip(self._legs, *each, strict=True))
        places = [leg.foot(*angles) for leg, angles, _ in legs]
        return np.ravel(places), np.ravel([leg.foot_velocity(angles, speeds) for leg, angles, speeds in legs])


def read_velocity(parameter: str) -> FloatArray | None:
    """Return what a Move asks for (3,) [m/s, m/s, rad/s]; None for what cannot be read."""
    try:
        told = json.loads(parameter)
        velocity = np.array([told[axis] for axis in "xyz"], np.float64)
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return velocity if velocity.shape == (3,) and np.isfinite(velocity).all() else None
