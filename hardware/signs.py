"""Vital signs: what the servo cycles of one tick say of motors, feet and battery, as a few numbers.

Any robot on a wire measures them: how far motors are from where they were sent, what they give of what they were asked
for, what the feet bear. A joint that is dead, weak or held shows here at once, long before the path does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hardware.motors import VelocityServo
from hardware.robot import CommandMode, FloatArray, RobotCommand, RobotState
from hardware.spec import RobotSpec

_PER_MOTOR = ("error", "error_rms", "torque", "torque_rms", "speed_rms", "share")
_PER_FOOT = ("force", "force_rms")
_FLOOR = 0.02
"""Share of its limit that a motor has to be asked for before what it gives of it counts much."""


@dataclass(frozen=True)
class CycleSeen:
    """One servo cycle: what was measured, and what was sent upon it."""

    state: RobotState
    sent: RobotCommand | None


def names(spec: RobotSpec) -> tuple[str, ...]:
    """Return what the numbers of `measure` are, in order (D,)."""
    motors = tuple(f"{motor}_{what}" for what in _PER_MOTOR for motor in spec.motors)
    feet = tuple(f"{foot}_{what}" for what in _PER_FOOT for foot in spec.feet)
    return (*motors, *feet, *(f"accelerometer_{axis}" for axis in "xyz"), "battery_mean")


def measure(spec: RobotSpec, cycles: Sequence[CycleSeen], last: RobotState) -> FloatArray:
    """Return the signs of the tick that these cycles made (D,); NaN where a robot does not measure something.

    Args:
        spec: the robot's.
        cycles: of the tick, oldest first; motors that are not servoed in one of them say nothing in it.
        last: the state at the tick's end.
    """
    after = [*(cycle.state for cycle in cycles[1:]), last]
    pairs = [(cycle.sent, state) for cycle, state in zip(cycles, after, strict=False)]
    told = [(sent, state) for sent, state in pairs if sent is not None and sent.mode is CommandMode.SERVO]
    if not told:
        return np.full(len(names(spec)), np.nan)
    states, count = [state for _, state in told], len(spec.motors)

    def sent(name: str) -> FloatArray:
        return np.array([getattr(command, name) for command, _ in told])

    def measured(name: str, size: int) -> FloatArray:
        return np.broadcast_to(np.array([getattr(state, name) for state in states]), (len(states), size))

    # What motors were asked for, how far they are from it, and what they give.
    angle, speed, torque = (measured(f"motor_{what}", count) for what in ("position", "velocity", "torque"))
    if isinstance(spec.servo, VelocityServo):
        most, asked, given = np.array(spec.limits.velocity_high), sent("velocity"), speed
        error = asked - given
    else:
        most, kp, given = np.array(spec.limits.torque), sent("kp"), torque
        error = np.where(kp > 0.0, sent("position") - angle, 0.0)
        asked = np.clip(sent("torque") + kp * error + sent("kd") * (sent("velocity") - speed), -most, most)
    share = (asked * given).mean(axis=0) / ((asked * asked).mean(axis=0) + (_FLOOR * most) ** 2)

    # Their means and root mean squares, motors first.
    motors = (error.mean(axis=0), _rms(error), torque.mean(axis=0), _rms(torque), _rms(speed), share)
    force = measured("foot_force", len(spec.feet))
    body = measured("accelerometer", 3).mean(axis=0), np.array([np.mean([state.battery for state in states])])
    return np.concatenate([*motors, force.mean(axis=0), _rms(force), *body])


def _rms(values: FloatArray) -> FloatArray:
    """Return root mean squares over the cycles (cycles, C) -> (C,)."""
    rms: FloatArray = np.sqrt((values * values).mean(axis=0))
    return rms
