"""A robot without a body, as strict as a wire: it follows set-points at once, refuses what the life cycle forbids,
writes down every command, and fails on request."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field

import numpy as np

from hardware.channels import Action, measured
from hardware.clock import Clock
from hardware.drives import Direct
from hardware.limits import Check, Checks, Limits, Severity
from hardware.motors import VelocityServo
from hardware.robot import CommandMode, FloatArray, LinkLost, RobotCommand, RobotError, RobotFault, RobotState
from hardware.spec import CourseSize, RobotSpec
from sim.robots.anatomy import Anatomy
from sim.robots.equipment import Load, Units

MOTORS = ("left", "right")
WHEEL = 0.01
"""Distance per angle of a motor [m/rad]."""


def anatomy(name: str, motors: tuple[str, ...]) -> Anatomy:
    load = Load(half=(0.01, 0.01, 0.01), back=0.0, heaviest=1.0, reach=(0.1, 0.1), drawn=(0.05, 0.05))
    units = Units(payload=1.0, moment=1.0, force=1.0)
    return Anatomy(name, "none", motors, "velocity", load, units, jammed=1.0, push=1.0)


def make_spec(servo_hz: float = 100.0, slew: float = 6000.0, tilt: float = 1.2, state_age: float = 0.05) -> RobotSpec:
    return RobotSpec(
        name="loopback",
        description="a robot without a body",
        motors=MOTORS,
        servo=VelocityServo(),
        channels=measured(MOTORS),
        drive=Direct(),
        anatomy=anatomy("loopback", MOTORS),
        course=CourseSize(scale=1.0, ahead=0.6, behind=0.1, tick=0.15),
        actions=tuple(Action(motor, "rad/s", 12.0, 56.0, 0.0) for motor in MOTORS),
        control_hz=servo_hz / 5,
        servo_hz=servo_hz,
        limits=Limits((0.0, 0.0), (57.0, 57.0)),
        checks=Checks(
            slew=Check(Severity.WARN, slew),
            tilt=Check(Severity.HARD, tilt),
            state_age=Check(Severity.HARD, state_age),
        ),
    )


def make_state(
    time: float = 0.0, tilt: float = 0.0, quaternion: FloatArray | None = None, faults: tuple[str, ...] = ()
) -> RobotState:
    attitude = np.array([math.cos(tilt / 2), math.sin(tilt / 2), 0.0, 0.0])
    return RobotState(
        seq=0,
        time=time,
        position=np.zeros(3),
        quaternion=attitude if quaternion is None else quaternion,
        velocity=np.zeros(3),
        gyro=np.zeros(3),
        motor_position=np.zeros(2),
        motor_velocity=np.zeros(2),
        back_emf=np.zeros(2),
        battery=3.9,
        faults=faults,
    )


class Stage(enum.Enum):
    CLOSED = enum.auto()
    CONNECTED = enum.auto()
    ACTIVE = enum.auto()


@dataclass
class LoopbackRobot:
    clock: Clock
    spec: RobotSpec = field(default_factory=make_spec)
    stage: Stage = Stage.CLOSED
    written: list[tuple[float, RobotCommand]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    tilt: float = 0.0
    """Attitude that is reported from now on [rad]."""
    frozen_at: float | None = None
    """When the reported time stopped [s]."""
    lost: bool = False
    """Reads fail."""
    refuses: bool = False
    """Writes fail."""
    _command: RobotCommand | None = None
    _angle: FloatArray = field(default_factory=lambda: np.zeros(2))
    _updated: float = 0.0
    _seq: int = 0

    def connect(self) -> None:
        self.calls.append("connect")
        if self.lost:
            raise LinkLost("loopback: nobody answers")
        self.stage, self._updated = Stage.CONNECTED, self.clock.now()

    def activate(self) -> None:
        self.calls.append("activate")
        if self.stage is Stage.CLOSED:
            raise RobotFault("loopback: activate before connect")
        self.stage = Stage.ACTIVE

    def read(self) -> RobotState:
        if self.stage is Stage.CLOSED or self.lost:
            raise LinkLost("loopback: no state")
        self._advance()
        self._seq += 1
        state = make_state(self.clock.now() if self.frozen_at is None else self.frozen_at, self.tilt)
        return RobotState(
            seq=self._seq,
            time=state.time,
            position=np.array([WHEEL * float(self._angle.mean()), 0.0, 0.0]),
            quaternion=state.quaternion,
            velocity=np.array([WHEEL * float(self._velocity(self.clock.now()).mean()), 0.0, 0.0]),
            gyro=state.gyro,
            motor_position=self._angle.copy(),
            motor_velocity=self._velocity(self.clock.now()),
            back_emf=state.back_emf,
            battery=state.battery,
        )

    def write(self, command: RobotCommand) -> RobotCommand:
        if self.stage is not Stage.ACTIVE:
            raise RobotError("loopback: write before activate")
        if self.refuses:
            raise RobotFault("loopback: motor driver is too hot")
        self._advance()
        self.written.append((self.clock.now(), command))
        self._command = command
        return command

    def damp(self) -> None:
        self.calls.append("damp")
        if self.stage is not Stage.CLOSED:
            self._advance()
        self._command = None

    def deactivate(self) -> None:
        self.calls.append("deactivate")
        self._command = None
        if self.stage is Stage.ACTIVE:
            self.stage = Stage.CONNECTED

    def close(self) -> None:
        self.calls.append("close")
        self._command, self.stage = None, Stage.CLOSED

    @property
    def driven(self) -> bool:
        """Whether a motor would turn now."""
        return bool(self._velocity(self.clock.now()).any())

    def _velocity(self, time: float) -> FloatArray:
        command = self._command
        if command is None or command.mode is not CommandMode.SERVO or not time < command.expires:
            return np.zeros(2)
        return command.velocity.copy()

    def _advance(self) -> None:
        now = self.clock.now()
        if self._command is not None:
            until = min(now, self._command.expires)
            self._angle = self._angle + self._velocity(self._updated) * max(0.0, until - self._updated)
        self._updated = now


def assert_safe(command: RobotCommand, previous: FloatArray, now: float, spec: RobotSpec) -> None:
    """Fail unless a robot may follow this command at `now` [s], `previous` (n_motors,) having been the last one."""
    assert math.isfinite(command.expires)
    assert np.isfinite(command.velocity).all()
    if command.mode is not CommandMode.SERVO:
        assert not command.velocity.any()
        return
    assert now < command.expires
    assert (command.velocity >= spec.limits.velocity_low).all()
    assert (command.velocity <= spec.limits.velocity_high).all()
    assert (abs(command.velocity - previous) <= spec.checks.slew.limit / spec.servo_hz * (1 + 1e-9)).all()
