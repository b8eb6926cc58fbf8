"""States and commands of the Go2 as its file describes it, for tests of what stands between plan and motors."""

from __future__ import annotations

import numpy as np

from controller.settings.robots import spec
from hardware.motors import PositionServo
from hardware.robot import CommandMode, FloatArray, RobotCommand, RobotState

GO2 = spec("go2")
COUNT = len(GO2.motors)


def joints() -> PositionServo:
    assert isinstance(GO2.servo, PositionServo)
    return GO2.servo


def pose(name: str) -> FloatArray:
    return np.array(joints().sit if name == "sit" else joints().stand)


def state(time: float = 0.0, angles: FloatArray | None = None, roll: float = 0.0) -> RobotState:
    """A healthy robot in a pose, standing where nothing is said; no sensor of one says the same twice."""
    noise = 1e-6 * np.sin(1e3 * time)
    roll += noise
    return RobotState(
        seq=round(time * GO2.servo_hz),
        time=time,
        position=np.zeros(3),
        quaternion=np.array([np.cos(roll / 2), np.sin(roll / 2), 0.0, 0.0]),
        velocity=np.zeros(3),
        gyro=np.full(3, noise),
        motor_position=pose("stand") if angles is None else angles,
        motor_velocity=np.full(COUNT, noise),
        battery=29.0,
        motor_temperature=np.full(COUNT, 40.0),
        charge=0.8,
        lost=np.zeros(COUNT),
        tick=time,
    )


def command(angles: FloatArray | None = None, expires: float = 1.0, kp: float = 60.0) -> RobotCommand:
    return RobotCommand(
        CommandMode.SERVO,
        position=pose("stand") if angles is None else angles,
        velocity=np.zeros(COUNT),
        torque=np.zeros(COUNT),
        kp=np.full(COUNT, kp),
        kd=np.full(COUNT, 2.0),
        expires=expires,
    )


def assert_safe(sent: RobotCommand, measured: RobotState, previous: RobotCommand | None, now: float) -> None:
    """Fail unless the motors may be given this: the promises of docs/safety.md, computed independently of the guard."""
    limits, checks = GO2.limits, GO2.checks
    numbers = np.concatenate([sent.position, sent.velocity, sent.torque, sent.kp, sent.kd, [sent.expires]])
    assert np.isfinite(numbers).all()
    assert now < sent.expires <= now + 0.1 + 1e-12
    if sent.mode is not CommandMode.SERVO:
        assert not np.concatenate([sent.position, sent.velocity, sent.torque, sent.kp]).any()
        assert ((sent.kd >= 0.0) & (sent.kd <= limits.kd)).all()
        return
    low, high = np.array(limits.position_low), np.array(limits.position_high)
    margin = checks.range.limit - 1e-12
    assert ((sent.position >= low + margin) & (sent.position <= high - margin)).all()
    assert ((sent.velocity >= limits.velocity_low) & (sent.velocity <= limits.velocity_high)).all()
    assert ((sent.kp >= 0.0) & (sent.kp <= limits.kp) & (sent.kd >= 0.0) & (sent.kd <= limits.kd)).all()
    spring = sent.kp * (sent.position - measured.motor_position)
    asked = spring + sent.kd * (sent.velocity - measured.motor_velocity) + sent.torque
    most = checks.torque.limit * np.array(limits.torque) * (1.0 + 1e-9)
    assert (np.abs(asked) <= most).all()
    assert (np.abs(sent.torque) <= most).all()
    driven = previous is not None and previous.mode is CommandMode.SERVO
    origin = previous.position if driven and previous is not None else np.clip(measured.motor_position, low, high)
    reach = checks.slew.limit / GO2.servo_hz + (1e-9 if driven else checks.range.limit + 1e-9)
    assert (np.abs(sent.position - origin) <= reach).all()
