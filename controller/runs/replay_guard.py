"""A logged run once more: the same states and orders through gait and guard of today, and where they decide otherwise.

`controller.runs.replay_plans` does the same with the plan loop.

The guard's part is exact: a log of the present version gives no difference. What the log does not hold (which order
came during arming, cycles that were lost) shows as differences at that place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields

import numpy as np

from controller.settings.robots import spec
from hardware.feedback import Feedback
from hardware.guard.state_machine import Mode
from hardware.robot import CommandMode, RobotCommand, RobotState
from hardware.schedule import ActionSchedule
from hardware.servo.loop import ServoJob
from hardware.servo.orders import Departure, obey
from hardware.servo.records import LEAVING, CycleLayout, Order, OrderLayout
from hardware.servo.servo import Servo, ServoReport
from hardware.servo_log.reader import LogError, ServoLog, reading
from hardware.spec import RobotSpec

SHOWN = 20
"""Differences that are told one by one."""
_TUPLES = ("judged", "faults")
"""Fields of a state that are no arrays."""
TOLERANCE = 1e-9
"""Largest difference of a set-point that counts as none [rad and so on]."""


@dataclass(frozen=True)
class Difference:
    """One cycle that ended otherwise."""

    time: float
    """Host clock of the run [s]."""
    what: str
    logged: str
    replayed: str


@dataclass(frozen=True)
class Replayed:
    """What came of it."""

    robot: str
    cycles: int
    differing: int
    differences: tuple[Difference, ...]
    """The first of them."""
    largest: float
    """Largest difference of a position or velocity set-point [rad, rad/s]."""
    modes: Mapping[str, int]
    """Cycles by mode, as replayed."""
    cut: bool
    """The log ends before it should, or is damaged."""
    damaged: int | None
    """From which byte on it could not be read."""


class _Recorded:
    """A robot that says what it said then; implements `hardware.robot.Robot`."""

    def __init__(self, described: RobotSpec) -> None:
        self.spec = described
        self.state: RobotState | None = None

    def connect(self) -> None:
        """There is no wire, and nothing moves."""

    activate = damp = deactivate = close = connect

    def read(self) -> RobotState:
        """Return the logged state."""
        assert self.state is not None
        return self.state

    def write(self, command: RobotCommand) -> RobotCommand:
        """Nothing moves."""
        return command


def replay(log: ServoLog) -> Replayed:
    """Run gait and guard on a log again. Raises LogError where it is of another version."""
    described = spec(log.robot)
    robot = _Recorded(described)
    servo, orders, layout = Servo(robot), _orders(log, described), CycleLayout(described)
    departure = Departure(servo)
    order, number = Order(0.0, Mode.PASSIVE), 0
    found: list[Difference] = []
    modes: dict[str, int] = {}
    cycles, differing, largest = 0, 0, 0.0
    for entry, command in zip(log.of("state"), log.of("command"), strict=False):
        with reading(f"cycle {cycles}"):
            told = command.json()
            robot.state, now, late = _state(entry.json()), _number(told["time"]), _number(told["late"])
            obeyed = int(_number(told["order"]))
            layout.check(robot.state)
            if not math.isfinite(now + late):
                raise ValueError(f"expected finite times, got {now} and {late}")
        state = servo.observe()
        if obeyed == LEAVING:
            departure.step(now)
        elif obeyed != number and obeyed in orders:
            before, order, number = order, orders[obeyed], obeyed
            obey(servo, order, before, state, now, ServoJob.lease)
        report = servo.act(now, late)
        cycles += 1
        modes[report.mode.value] = modes.get(report.mode.value, 0) + 1
        with reading(f"cycle {cycles}"):
            difference, distance = _compare(told, report, now)
        largest = max(largest, distance)
        if difference is not None:
            differing += 1
            found += [difference] if len(found) < SHOWN else []
    return Replayed(log.robot, cycles, differing, tuple(found), largest, modes, log.cut, log.damaged)


def _compare(told: Mapping[str, object], report: ServoReport, now: float) -> tuple[Difference | None, float]:
    """Return how a cycle differs, and by how much its set-points do."""
    if told["mode"] != report.mode.value:
        return Difference(now, "mode", str(told["mode"]), report.mode.value), 0.0
    fault = None if report.fault is None else str(report.fault)
    if told["fault"] != fault:
        return Difference(now, "fault", str(told["fault"]), str(fault)), 0.0
    logged, sent = told["command"], report.sent
    if not isinstance(logged, Mapping) or sent is None:
        return None, 0.0
    if logged["mode"] != sent.mode.value:
        return Difference(now, "command", str(logged["mode"]), sent.mode.value), 0.0
    compared = {CommandMode.SERVO: ("position", "velocity"), CommandMode.WALK: ("walk",)}.get(sent.mode, ())
    pairs = ((np.array(logged[name]), getattr(sent, name)) for name in compared)
    distance = max((float(np.abs(one - other).max()) for one, other in pairs), default=0.0)
    if distance <= TOLERANCE:
        return None, distance
    return Difference(now, "set-points", "as logged", f"{distance:.3g} away"), distance


def _state(told: Mapping[str, object]) -> RobotState:
    values: dict[str, object] = {}
    for field in fields(RobotState):
        if field.name not in told and (field.default is not MISSING or field.default_factory is not MISSING):
            continue  # the log is older than the field
        match _told(told, "state", field.name):
            case list() as several if field.name in _TUPLES:
                values[field.name] = tuple(one if isinstance(one, str) else _number(one) for one in several)
            case list() as several:
                values[field.name] = np.array([_number(one) for one in several], dtype=np.float64)
            case one:
                values[field.name] = one if isinstance(one, int) else _number(one)
    return RobotState(**values)  # type: ignore[arg-type]


def _orders(log: ServoLog, described: RobotSpec) -> dict[int, Order]:
    """Return the orders by number, each checked as the servo process did."""
    orders, layout = {}, OrderLayout(described)
    for entry in log.of("plan"):
        if "request" not in (told := entry.json()):
            continue  # it was rubbish
        with reading(f"plan at {entry.time:.3f} s"):
            schedule, plan = told["schedule"], None
            if isinstance(schedule, Mapping):
                actions = np.array(schedule["actions"], dtype=np.float64)
                followed, feedback = schedule.get("feedback"), None  # older logs have none
                if followed is not None:
                    feedback = Feedback(np.array(followed["states"]), np.array(followed["gains"]), followed["first"])
                plan = ActionSchedule(schedule["start"], schedule["step"], actions, schedule["expires"], feedback)
            requests, resets, stops = (int(_number(_told(told, "plan", n))) for n in ("requests", "resets", "stops"))
            order = Order(_number(told["published"]), Mode(told["request"]), requests, resets, stops, plan)
            orders[int(_number(told["number"]))] = layout.unpack(layout.pack(order))
    return orders


def _told(message: Mapping[str, object], channel: str, name: str) -> object:
    if name not in message:
        raise LogError(f"log: {channel}: expected '{name}', got none: written by another version of Limber")
    return message[name]


def _number(value: object) -> float:
    if value is None:
        return math.nan
    if isinstance(value, int | float):
        return float(value)
    raise LogError(f"log: expected a number, got {value!r}")
