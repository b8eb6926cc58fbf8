"""What a real robot proves before it is told anything: that it is what its file says, rests, and can feel that.

At rest a wrong sign, order or zero shows only where it takes a joint out of its range, far from where a robot lies or
stands, or its legs off their common ground; what does not show then, `hardware.guard.rising` may see on the way up.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hardware.drives import Striding
from hardware.guard.checks import Reading, Watch, compare
from hardware.guard.senses import turned
from hardware.guard.stance import DEGREES, readings
from hardware.limits import Check, Severity
from hardware.motors import PositionServo
from hardware.robot import FloatArray, Heard, RobotFault, RobotState
from hardware.rotation import roll_pitch_yaw
from hardware.spec import RobotSpec

_STATE = ("attitude", "tilt", "roll", "pitch", "temperature", "charge", "voltage")
"""Checks of a driven robot that hold for one at rest as well."""
_GRAVITY = 9.81


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    check: str
    found: str
    wanted: str
    severity: Severity = Severity.OFF
    """OFF where it is as wanted; the robot is not armed where it is soft or hard."""

    @property
    def refused(self) -> bool:
        """Whether the robot is not armed because of it."""
        return self.severity in {Severity.SOFT, Severity.HARD}

    @property
    def verdict(self) -> str:
        """In one word."""
        return "refused" if self.refused else "ok" if self.severity is Severity.OFF else "warn"

    def __str__(self) -> str:
        return f"{self.check}: {self.found}, expected {self.wanted}"


def prove(spec: RobotSpec, heard: Heard) -> None:
    """Raise RobotFault with all that speaks against arming a robot, unless nothing does."""
    if against := [str(finding) for finding in findings(spec, heard) if finding.refused]:
        raise RobotFault(f"{spec.name}: not armed: {'; '.join(against)}")


def findings(spec: RobotSpec, heard: Heard) -> tuple[Finding, ...]:
    """Return all that was looked at, from what a robot at rest said."""
    return (*_wire(spec, heard), *_state(spec, heard), *_proofs(spec, heard))


def _wire(spec: RobotSpec, heard: Heard) -> Iterator[Finding]:
    """Look at who is there."""
    alone = Severity.OFF if len(heard.senders) == 1 else Severity.HARD
    yield Finding("robots", f"{len(heard.senders)}: {', '.join(heard.senders)}", "exactly one that answers", alone)
    others = spec.checks.second_writer.severity if heard.commands else Severity.OFF
    yield Finding("second_writer", f"{heard.commands} commands of somebody else", "none", others)
    said = heard.states[-1].faults
    yield Finding(
        "robot", ", ".join(said) or "no fault", "no fault", spec.checks.robot.severity if said else Severity.OFF
    )


def _state(spec: RobotSpec, heard: Heard) -> Iterator[Finding]:
    """Look at what is looked at all the time."""
    first, last = heard.states[0], heard.states[-1]
    watch, seconds = Watch(spec), max(last.time - first.time, 1.0 / spec.servo_hz)
    watch.look(last, last.time)
    read = watch.readings()
    values = {name: read[name].value(last, last.time) for name in _STATE}
    values["bad_packets"] = (last.bad_packets - first.bad_packets) / seconds
    values["lost"] = float(np.fmax.reduce(last.lost - first.lost)) / seconds
    for name, value in values.items():
        check: Check = getattr(spec.checks, name)
        if check.on:
            yield _judged(name, check, read[name], value)


def _proofs(spec: RobotSpec, heard: Heard) -> Iterator[Finding]:
    """Look at what only a robot at rest can prove."""
    last, ground = heard.states[-1], readings(spec)
    looks = {name: (read.value(last, last.time), read) for name, read in ground.items()}
    looks |= _joints(spec, heard) | _senses(heard)
    if isinstance(spec.drive, Striding) and spec.feet:
        borne = float(last.foot_force.sum()) / (spec.drive.mass * _GRAVITY)
        looks["feet"] = borne, _reading("times the weight on all feet", vital=True)
    for name, (value, reading) in looks.items():
        check: Check = getattr(spec.arming, name)
        if check.on:
            yield _judged(name, check, reading, value)


def _joints(spec: RobotSpec, heard: Heard) -> dict[str, tuple[float, Reading]]:
    """Compare joints with their ranges, and with the way from lying to standing."""
    limits, angles = spec.limits, heard.states[-1].motor_position
    speed = max(float(np.abs(state.motor_velocity).max()) for state in heard.states)
    looks = {"still": (speed, _reading("rad/s of the fastest joint", vital=True))}

    def beyond(name: str, low: FloatArray, high: FloatArray, what: str) -> None:
        off = np.maximum(low - angles, angles - high)
        told = _reading(what, vital=True)
        looks[name] = max(0.0, float(off.max())), replace(told, told=lambda limit: _named(spec, off > limit))

    if limits.position_low:
        beyond("joints", np.array(limits.position_low), np.array(limits.position_high), "rad outside a range")
    if isinstance(spec.servo, PositionServo):
        poses = np.array((spec.servo.sit, spec.servo.stand))
        beyond("pose", poses.min(axis=0), poses.max(axis=0), "rad off the way from lying to standing")
    return looks


def _senses(heard: Heard) -> dict[str, tuple[float, Reading]]:
    """Compare what the IMU says with what it must say of a body at rest, and with itself."""
    last = heard.states[-1]
    attitude = tuple(last.quaternion.tolist())
    felt = np.broadcast_to(np.mean([state.accelerometer for state in heard.states], axis=0), 3).tolist()
    x, y, z = turned(attitude, *felt)
    off = np.subtract(heard.angles, roll_pitch_yaw(last.quaternion))
    apart = float(np.abs((off + math.pi) % (2.0 * math.pi) - math.pi).max())
    rate = max(float(np.linalg.norm(state.gyro)) for state in heard.states)
    same = max(_longest(heard.states, name) for name in ("gyro", "accelerometer"))
    return {
        "gravity": (math.atan2(math.hypot(x, y), z), _reading("deg between accelerometer and attitude", DEGREES)),
        "weight": (abs(math.hypot(*felt) / _GRAVITY - 1.0), _reading("% off 9.81 m/s^2 felt", 100.0)),
        "angles": (apart, _reading("deg between its own roll, pitch, yaw and its quaternion", DEGREES)),
        "rest": (rate, _reading("rad/s by the gyro", vital=True)),
        "same": (same, _reading("s for which the IMU said exactly the same")),
    }


def _longest(states: tuple[RobotState, ...], name: str) -> float:
    """Return the longest time for which something said the same [s]; NaN where it is not measured."""
    if not np.isfinite(getattr(states[-1], name)).all():
        return 0.0
    runs = itertools.groupby(states, lambda state: getattr(state, name).tobytes())
    times = ([state.time for state in run] for _, run in runs)
    return max(run[-1] - run[0] for run in times)


def _reading(unit: str, scale: float = 1.0, vital: bool = False) -> Reading:
    return Reading(lambda _, __: math.nan, unit, scale, vital=vital)


def _judged(name: str, check: Check, reading: Reading, value: float) -> Finding:
    trip, bound = compare(name, check, reading, value), "at least" if reading.smaller else "at most"
    found = "not measured" if math.isnan(value) else f"{round(reading.scale * value, 4):.3g} {reading.unit}"
    if trip is not None and reading.told is not None and not math.isnan(value):
        found += f": {reading.told(check.limit if check.warn is None else check.warn)}"
    severity = Severity.OFF if trip is None else trip.severity
    return Finding(name, found, f"{bound} {reading.scale * check.limit:.3g}", severity)


def _named(spec: RobotSpec, which: NDArray[np.bool_]) -> str:
    return ", ".join(spec.motors[index] for index in np.flatnonzero(which))
