"""What is wrong with a robot's state: every check of its file, looked at once a servo cycle."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hardware.guard.feet import Feet
from hardware.guard.obedience import Obedience
from hardware.guard.paces import Paces
from hardware.guard.senses import Senses
from hardware.limits import Check, Severity
from hardware.robot import CommandMode, FloatArray, RobotCommand, RobotState
from hardware.rotation import roll_pitch_yaw, tilt
from hardware.spec import RobotSpec

WINDOW = 1.0
"""Time over which growing counters are compared with their limits [s]."""
_SAMPLE = 0.05
"""Time between two kept readings of a counter [s]."""
_PERIOD = 0.016
"""Time between two comparisons of commands with their effect, and of sensors with one another [s]."""
_DEGREES = 180.0 / math.pi


@dataclass(frozen=True)
class Trip:
    """A check beyond its threshold, and what follows from it."""

    check: str
    """Its name in `hardware.limits.Checks`."""
    severity: Severity
    detail: str
    """Measured value and limit in words."""

    def __str__(self) -> str:
        return f"{self.check}: {self.detail}"

    @property
    def fell(self) -> bool:
        """True when the robot lies on its side or is about to."""
        return self.check in {"tilt", "roll", "pitch"}


@dataclass(frozen=True)
class Reading:
    """A number to compare with a check's limit, and how to say it."""

    value: Callable[[RobotState, float], float]
    """From the state and the present time [s]."""
    unit: str
    scale: float = 1.0
    """From the check's unit to the one that is said."""
    smaller: bool = False
    """Trips when smaller."""
    vital: bool = False
    """Not a number counts as beyond the limit; otherwise as not measured."""
    told: Callable[[float], str] | None = None
    """What is said besides of what is beyond a threshold, such as names."""


_Look = tuple[str, Check, Reading, float, float]
"""A check, how it is measured, and the range in which nothing has to be said."""


class Growth:
    """How much a counter grew within the last second; one that starts again from zero is a new one."""

    def __init__(self) -> None:
        self._kept: deque[tuple[float, float]] = deque()

    def update(self, total: float, now: float) -> float:
        """Take a reading at `now` [s] and return the growth."""
        kept = self._kept
        if math.isnan(total):
            return math.nan
        if kept and total == kept[0][1]:
            return 0.0  # nearly always, and then nothing needs to be kept
        if kept and total < kept[-1][1]:
            kept.clear()
        if not kept or now - kept[-1][0] >= _SAMPLE:
            kept.append((now, total))
        while len(kept) > 1 and kept[1][0] <= now - WINDOW:
            kept.popleft()
        return total - kept[0][1]


class LargestGrowth:
    """How much that of several counters grew that grew most."""

    def __init__(self) -> None:
        self._counters: list[Growth] = []
        self._seen, self._still = b"", math.nan

    def update(self, totals: FloatArray, now: float) -> float:
        """Take readings (n,) at `now` [s], NaN where there is none, and return the largest growth; NaN without any."""
        seen = totals.tobytes()
        if seen == self._seen:  # nearly always: nothing has been lost for long
            return self._still
        if len(self._counters) != len(totals):
            self._counters = [Growth() for _ in totals]
        growths = [counter.update(total, now) for counter, total in zip(self._counters, totals.tolist(), strict=True)]
        largest = max((growth for growth in growths if growth == growth), default=math.nan)
        self._seen, self._still = (b"" if largest > 0.0 else seen), largest
        return largest


class Watch:
    """Looks at one state after another; remembers counters and the robot's clock."""

    def __init__(self, spec: RobotSpec) -> None:
        self._spec = spec
        self._lost = LargestGrowth()
        self._bad, self._foreign, self._overruns = Growth(), Growth(), Growth()
        self._late_cycles = 0
        self._angles = (math.nan, math.nan, math.nan)
        self._tick, self._ticked, self._restarted = math.nan, 0.0, False
        self._period = max(4, round(_PERIOD * spec.servo_hz))
        period = self._period / spec.servo_hz
        self._obedience = Paces(spec, period) if spec.own else Obedience(spec, period)
        self._senses, self._feet = Senses(period), Feet(spec, period)
        self._driven, self._cycle, self._at, self._gap = False, 0, 0.0, 0.0
        self._walks = False
        readings = self.readings()
        checks = {name: getattr(spec.checks, name) for name in readings}
        on = [(name, check, readings[name]) for name, check in checks.items() if check.severity is not _OFF]
        looks = [(*look, *_harmless(*look[1:])) for look in on]
        self._looks = [look for look in looks if look[0] not in COMPARISONS]
        self._comparing = [look for look in looks if look[0] in COMPARISONS]
        self._suspected: list[Trip] = []

    def learn(self, state: RobotState, now: float, sent: RobotCommand | None, *, walks: bool = False) -> None:
        """Compare a state with the command before it, and with the states before.

        Args:
            state: the newest one.
            now: host clock [s].
            sent: the last command; None or OFF where nobody drives the motors.
            walks: whether the robot runs.
        """
        self._walks = walks
        if sent is None or sent.mode is CommandMode.OFF:
            if self._driven:
                self._obedience.forget()
                self._senses.forget()
                self._suspected = []
            self._driven, self._gap = False, 0.0
            return
        self._gap, self._at = (now - self._at if self._driven else 0.0), now
        self._driven = True
        self._cycle = (self._cycle + 1) % self._period
        if self._comparing:
            self._compare_by_turns(state, now, sent)

    def _compare_by_turns(self, state: RobotState, now: float, sent: RobotCommand) -> None:
        """Do one comparison a cycle at most, so that none is late because of them."""
        quarter, rest = divmod(4 * self._cycle, self._period)
        if rest >= 4:
            return
        if quarter in {0, 2}:
            self._obedience.note(sent)
        if not self._walks:
            self._feet.forget()
        match quarter:
            case 0:
                self._obedience.look(state, sent)
            case 2:
                self._senses.look(state, sent, now)
            case 3 if self._walks:
                self._feet.look(state, sent, self._senses.up[-1] if self._senses.up else math.nan)
        self._suspected = self._beyond(self._comparing, state, now)

    def look(self, state: RobotState, now: float, late: float = 0.0) -> tuple[Trip, ...]:
        """Return every check that trips at `now` [s], worst first.

        Args:
            state: the newest one.
            now: host clock [s].
            late: how late this servo cycle began [s].
        """
        # What several checks need, or what follows only from the states before.
        self._late_cycles += late > 1.0 / self._spec.servo_hz
        self._follow_tick(state)
        self._angles = roll_pitch_yaw(state.quaternion)

        # Every check that is on; a number within its harmless range costs one comparison.
        trips = [self._robot(state)] if self._spec.checks.robot.severity is not _OFF else []
        found = [trip for trip in trips if trip is not None] + self._suspected
        found += self._beyond(self._looks, state, now)
        return tuple(sorted(found, key=lambda trip: _RANK[trip.severity]))

    @staticmethod
    def _beyond(looks: list[_Look], state: RobotState, now: float) -> list[Trip]:
        """Return what is beyond a threshold of some checks."""
        found = []
        for name, check, reading, least, most in looks:
            value = reading.value(state, now)
            if not least <= value <= most:  # so that what is not a number is looked at too
                found.append(compare(name, check, reading, value))
        return [trip for trip in found if trip is not None]

    def readings(self) -> dict[str, Reading]:
        """Return how each check is measured."""
        low, high = (np.array(end) for end in (self._spec.limits.position_low, self._spec.limits.position_high))
        return {
            "state_age": Reading(lambda s, now: abs(now - s.time), "s", vital=True),
            "attitude": Reading(lambda s, _: abs(math.hypot(*s.quaternion.tolist()) - 1.0), "off a unit", vital=True),
            "tilt": Reading(lambda s, _: tilt(s.quaternion), "deg", _DEGREES, vital=True),
            "roll": Reading(lambda s, _: abs(self._angles[0]), "deg", _DEGREES, vital=True),
            "pitch": Reading(lambda s, _: abs(self._angles[1]), "deg", _DEGREES, vital=True),
            "joint_position": Reading(lambda s, _: _outside(s.motor_position, low, high), "rad", vital=True),
            "joint_velocity": Reading(
                lambda s, _: float(np.maximum.reduce(np.abs(s.motor_velocity))), "rad/s", vital=True
            ),
            "temperature": Reading(lambda s, _: _largest(s.motor_temperature), "deg C"),
            "charge": Reading(lambda s, _: s.charge, "%", 100.0, smaller=True),
            "voltage": Reading(lambda s, _: s.battery, "V", smaller=True),
            "lost": Reading(lambda s, now: self._lost.update(s.lost, now), "packets a second"),
            "bad_packets": Reading(lambda s, now: self._bad.update(s.bad_packets, now), "a second"),
            "frozen": Reading(lambda s, _: s.time - self._ticked if self._tick == self._tick else math.nan, "s"),
            "second_writer": Reading(lambda s, now: self._foreign.update(s.foreign_commands, now), "commands a second"),
            "overruns": Reading(lambda _, now: self._overruns.update(self._late_cycles, now), "cycles a second"),
            "gap": Reading(lambda _, __: self._gap, "s without a cycle: the host slept, or was held up"),
            **self._comparisons(),
        }

    def _comparisons(self) -> dict[str, Reading]:
        """Return how commands are compared with their effect, and sensors with one another."""
        motors, senses, feet = self._obedience, self._senses, self._feet
        return {
            "obedience": Reading(lambda _, __: motors.most, "% not as told", 100.0, told=motors.cause),
            "motor": Reading(lambda _, __: motors.worst, "% not as told", 100.0, told=motors.names),
            "constant": Reading(lambda _, __: senses.constant, "s the same while it moved", told=lambda _: senses.same),
            "gravity": Reading(lambda _, __: senses.leaning, "deg between accelerometer and attitude", _DEGREES),
            "turning": Reading(lambda _, __: senses.unturned, "% of gyro and attitude differ", 100.0),
            "feet": Reading(lambda _, __: feet.most, "% of rise and fall missing", 100.0, told=feet.names),
            "foot": Reading(lambda _, __: feet.worst, "% of rise and fall missing", 100.0, told=feet.names),
        }

    def _robot(self, state: RobotState) -> Trip | None:
        said = state.faults + (("its clock went back: it restarted",) if self._restarted else ())
        return Trip("robot", self._spec.checks.robot.severity, ", ".join(said)) if said else None

    def _follow_tick(self, state: RobotState) -> None:
        """Notice when the robot's own clock stood last, and whether it went back."""
        self._restarted = state.tick < self._tick
        if state.tick != self._tick:
            self._tick, self._ticked = state.tick, state.time


_OFF = Severity.OFF
COMPARISONS = frozenset({"obedience", "motor", "constant", "gravity", "turning", "feet", "foot"})
_RANK = {Severity.HARD: 0, Severity.SOFT: 1, Severity.WARN: 2}


def _harmless(check: Check, reading: Reading) -> tuple[float, float]:
    """Return the range in which nothing has to be said."""
    thresholds = [check.limit] if check.warn is None else [check.limit, check.warn]
    return (max(thresholds), math.inf) if reading.smaller else (-math.inf, min(thresholds))


def compare(name: str, check: Check, reading: Reading, value: float) -> Trip | None:
    """Return the trip of a check whose reading has a value; None where there is nothing to say."""
    if math.isnan(value):
        return Trip(name, check.severity if reading.vital else Severity.WARN, "not measured")
    sign = -1.0 if reading.smaller else 1.0
    if sign * value > sign * check.limit:
        severity, limit = check.severity, check.limit
    elif check.warn is not None and sign * value > sign * check.warn:
        severity, limit = Severity.WARN, check.limit
    else:
        return None
    said, scale = "at least" if reading.smaller else "limit", reading.scale
    beyond = limit if severity is check.severity or check.warn is None else check.warn
    more = "" if reading.told is None else f": {reading.told(beyond)}"
    return Trip(name, severity, f"{scale * value:.3g} {reading.unit}, {said} {scale * limit:.3g}{more}")


def _largest(values: FloatArray) -> float:
    """Return the largest of those that are measured; NaN where none is."""
    largest = float(np.maximum.reduce(values))
    return largest if largest == largest else float(np.fmax.reduce(values))


def _outside(angles: FloatArray, low: FloatArray, high: FloatArray) -> float:
    beyond = angles - high
    return float(np.maximum.reduce(np.maximum(beyond, low - angles, out=beyond)))
