"""What a real robot proves before it is told anything: that it is what its file says, rests, and can feel that.

At rest a wrong sign, order or zero shows only where it takes a joint out of its range, far from where a robot lies or
stands, or its legs off their common ground; what does not show then, `hardware.guard.rising` may see on the way up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hardware.drives import Direct
from hardware.guard.checks import Reading, Watch, compare
from hardware.guard.senses import turned
from hardware.guard.stance import DEGREES, readings
from hardware.limits import Check, Severity
from hardware.motors import PositionServo
from hardware.robot import Heard, RobotFault
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
    found, last = list(_wire(spec, heard)), heard.states[-1]
    for checks, looks in ((spec.checks, _always(spec, heard)), (spec.arming, _at_rest(spec, heard))):
        for name, reading in looks.items():
            check: Check = getattr(checks, name)
            if check.on:
                found.append(_judged(name, check, reading, reading.value(last, last.time)))
    return tuple(found)


def _wire(spec: RobotSpec, heard: Heard) -> Iterator[Finding]:
    """Look at who is there, and what the robot complains of."""
    checks, said = spec.checks, ", ".join(heard.states[-1].faults)
    senders = f"{len(heard.senders)}: {', '.join(heard.senders)}"
    for name, severity, wrong, found, wanted in (
        ("robots", Severity.HARD, len(heard.senders) != 1, senders, "exactly one that answers"),
        ("second_writer", checks.second_writer.severity, heard.commands, f"{heard.commands} foreign commands", "none"),
        ("robot", checks.robot.severity, said, said or "no fault", "no fault"),
    ):
        yield Finding(name, found, wanted, severity if wrong else Severity.OFF)


def _always(spec: RobotSpec, heard: Heard) -> dict[str, Reading]:
    """Return how what is looked at all the time is measured of a robot at rest."""
    first, last, watch = heard.states[0], heard.states[-1], Watch(spec)
    watch.look(last, last.time)
    read, seconds = watch.readings(), max(last.time - first.time, 1.0 / spec.servo_hz)
    bad, lost = last.bad_packets - first.bad_packets, float(np.fmax.reduce(last.lost - first.lost))
    return {name: read[name] for name in _STATE} | {
        "bad_packets": replace(read["bad_packets"], value=lambda *_: bad / seconds),
        "lost": replace(read["lost"], value=lambda *_: lost / seconds),
    }


def _at_rest(spec: RobotSpec, heard: Heard) -> dict[str, Reading]:
    """Return how what only a robot at rest can prove is measured."""
    limits, servo, looks = spec.limits, spec.servo, readings(spec) | _senses(heard)
    if limits.position_low:
        looks["joints"] = _beyond(spec, heard, (limits.position_low, limits.position_high), "outside a range")
    if isinstance(servo, PositionServo):
        looks["pose"] = _beyond(spec, heard, (servo.sit, servo.stand), "off the way from lying to standing")
    if not isinstance(spec.drive, Direct) and spec.feet:
        weight = spec.drive.mass * _GRAVITY
        bear = "times the weight on all feet"
        looks["feet"] = Reading(lambda state, _: float(state.foot_force.sum()) / weight, bear, vital=True)
    return looks


def _beyond(spec: RobotSpec, heard: Heard, ends: tuple[tuple[float, ...], ...], what: str) -> Reading:
    """Return how far joints are beyond what is between two poses (n_motors,) [rad]."""
    angles, poses = heard.states[-1].motor_position, np.array(ends)
    off = np.maximum(np.maximum(poses.min(axis=0) - angles, angles - poses.max(axis=0)), 0.0)
    worst = float(off.max())

    def named(limit: float) -> str:
        return ", ".join(spec.motors[index] for index in np.flatnonzero(off > limit))

    return Reading(lambda *_: worst, f"rad {what}", vital=True, told=named)


def _senses(heard: Heard) -> dict[str, Reading]:
    """Compare what the IMU says with what it must say of a body at rest, and with itself."""
    states, last = heard.states, heard.states[-1]
    felt = np.broadcast_to(np.mean([state.accelerometer for state in states], axis=0), 3).tolist()
    x, y, z = turned(tuple(last.quaternion.tolist()), *felt)
    off = np.subtract(heard.angles, roll_pitch_yaw(last.quaternion))
    apart = float(np.abs((off + math.pi) % (2.0 * math.pi) - math.pi).max())
    rate = float(np.linalg.norm([state.gyro for state in states], axis=1).max())
    speed = float(np.abs([state.motor_velocity for state in states]).max())
    said = [{getattr(state, name).tobytes() for state in states} for name in ("gyro", "accelerometer")]
    measured = (True, math.isfinite(felt[0]))
    frozen = any(len(different) == 1 and known for different, known in zip(said, measured, strict=True))
    same = last.time - states[0].time if frozen else 0.0
    lean, share = math.atan2(math.hypot(x, y), z), abs(math.hypot(*felt) / _GRAVITY - 1.0)
    return {
        "gravity": Reading(lambda *_: lean, "deg between accelerometer and attitude", DEGREES),
        "weight": Reading(lambda *_: share, "% off 9.81 m/s^2 felt", 100.0),
        "angles": Reading(lambda *_: apart, "deg between its own roll, pitch, yaw and its quaternion", DEGREES),
        "rest": Reading(lambda *_: rate, "rad/s by the gyro", vital=True),
        "still": Reading(lambda *_: speed, "rad/s of the fastest joint", vital=True),
        "same": Reading(lambda *_: same, "s for which the IMU said exactly the same"),
    }


def _judged(name: str, check: Check, reading: Reading, value: float) -> Finding:
    trip, bound = compare(name, check, reading, value), "at least" if reading.smaller else "at most"
    found = "not measured" if math.isnan(value) else f"{round(reading.scale * value, 4):.3g} {reading.unit}"
    if trip is not None and reading.told is not None and not math.isnan(value):
        found += f": {reading.told(check.limit if check.warn is None else check.warn)}"
    severity = Severity.OFF if trip is None else trip.severity
    return Finding(name, found, f"{bound} {reading.scale * check.limit:.3g}", severity)
