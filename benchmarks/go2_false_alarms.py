"""Does the guard cry wolf? Everything that may happen to a Go2, alone and two at once, while it walks under its checks.

    python -m benchmarks.go2_false_alarms --seeds 3

In lock-step in the simulator: the robot stands up, walks random strides from the whole range of a planner, and then
something happens to it that is hard but no fault of it. Rows: the largest value of every comparing check as a share of
its limit, over robots that have not fallen (tilted by more than 50 degrees, or with the trunk on the ground), where
that was, and in how many runs it was said. The status is 1 when a robot that had not fallen was stopped by one of them.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import tyro

from controller.settings import robots
from hardware.clock import VirtualClock
from hardware.guard.checks import COMPARISONS, Watch
from hardware.guard.state_machine import Mode
from hardware.robot import FloatArray, RobotCommand, RobotState
from hardware.rotation import tilt
from hardware.schedule import ActionSchedule
from hardware.servo.servo import Servo
from hardware.simulated.robot import SimRobot
from hardware.spec import RobotSpec
from sim.bodies.sensors import turned
from sim.perturbations import parse
from sim.robots import go2

WATCHED = (*sorted(COMPARISONS), "joint_position")
ONSET = 3.0
"""When something happens: it has walked for nearly a second [s]."""
_FELL, _LOW = 0.87, 0.12
"""Tilt [rad] and height of the trunk [m] that count as a fall; it stands at 0.3."""
_STRIDE = 0.4
"""How long a random stride is held [s]; a planner changes less, ten times as often."""

SINGLE = (
    *("payload:mass=8,x=0.15,y=0.1", "payload:mass=8,x=-0.15,y=-0.1", "payload:mass=6.5,y=0.15", "payload:mass=1"),
    *("push:x=20", "push:x=-20", "push:y=20", "push:y=-20", "push:z=20", "push:x=14,y=-14"),
    *("friction:mu=0.05", "friction:mu=0.1", "friction:mu=0.2", "friction:mu=0.3", "friction:mu=0.7"),
    *("slope:deg=9.8", "slope:deg=9.8,heading_deg=90", "slope:deg=-9.8", "slope:deg=4,heading_deg=45"),
    *("terrain:kind=turf", "terrain:kind=carpet", "terrain:kind=styrofoam", "gravity:z=-3.7", "gravity:z=-12"),
    *(f"leg_loss:leg={leg}" for leg in go2.LEGS),
    *(f"dead_motor:name={motor}" for motor in go2.MOTORS),
    *(f"stuck:name={motor}" for motor in go2.MOTORS),
    *(f"locked:name={motor},range=0.3" for motor in go2.MOTORS),
    *(f"motor:{motor}=0.38" for motor in go2.MOTORS),
    *(" ".join(f"dead_motor:name={leg}_{joint}" for joint in ("hip", "thigh", "calf")) for leg in go2.LEGS[::3]),
    "motor:front_left_thigh=0.38,rear_right_calf=0.38,rear_left_hip=0.38",
    "motor:front_left_calf=0.45,front_right_calf=0.45,rear_left_calf=0.45",
    "motor:" + ",".join(f"{motor}=0.6" for motor in go2.MOTORS),
    *("delay:ms=10", "delay:ms=20", "delay:ms=40", "noise:scale=3", "noise:scale=0", "pose_bias:heading_deg=12,x=0.03"),
)
"""What may happen, the families at both ends of what is trained and kept back, and beyond."""
MIXED = (
    *("payload:mass=8,x=0.1,y=-0.08", "push:y=15", "friction:mu=0.2", "slope:deg=9.8,heading_deg=30", "delay:ms=20"),
    *("leg_loss:leg=rear_left", "dead_motor:name=rear_right_thigh", "stuck:name=front_left_hip", "noise:scale=3"),
    *("motor:front_left_thigh=0.38,rear_right_calf=0.38", "terrain:kind=turf", "gravity:z=-3.7"),
)
"""Any two of these happen at once."""


@dataclass(frozen=True)
class Arguments:
    """What to run."""

    seeds: int = 3
    only: str = ""
    """Only cases whose name contains this."""
    cases: bool = False
    """Print the largest share of every case too."""


Lie = Callable[[RobotState], RobotState]


def _shaken(zeros: float, feet: float, scale: float, gyro: float, lean: float) -> Lie:
    """Return what sensors of ordinary quality make of a state; zeros and lean [rad], feet [N], gyro [rad/s]."""
    rng = np.random.default_rng(7)
    zero, foot = rng.choice((-zeros, zeros), 12), rng.choice((-feet, feet), 4)
    shares, torque = rng.choice((1.0 - scale, 1.0 + scale), 4), rng.choice((1.0 - scale, 1.0 + scale), 12)

    def tell(state: RobotState) -> RobotState:
        return replace(
            state,
            motor_position=state.motor_position + zero,
            motor_torque=torque * state.motor_torque,
            foot_force=np.maximum(0.0, shares * state.foot_force + foot),
            gyro=state.gyro + gyro,
            quaternion=turned(state.quaternion, np.array([lean, -lean, 0.0])),
        )

    return tell


def _same(state: RobotState) -> RobotState:
    return state


CALIBRATIONS: dict[str, Lie] = {
    "zeros 3 deg off": _shaken(0.05, 0.0, 0.0, 0.0, 0.0),
    "feet and torques 30 % off, feet 8 N": _shaken(0.0, 8.0, 0.3, 0.0, 0.0),
    "gyro 0.05 rad/s, attitude 4 deg off": _shaken(0.0, 0.0, 0.0, 0.05, 0.07),
    "all of that by half": _shaken(0.025, 4.0, 0.15, 0.025, 0.035),
}
"""What is wrong with the sensors from the start, within what a robot must live with."""


@dataclass(frozen=True)
class Case:
    """Something that happens while it walks, or is so from the start."""

    name: str
    perturbations: tuple[str, ...] = ()
    told: Lie = _same


def cases() -> list[Case]:
    """Return all that is tried."""
    found = [Case("nothing"), *(Case(text, _later(text)) for text in SINGLE)]
    lying = [text for text in SINGLE if text.startswith(("friction", "slope", "delay", "noise", "gravity:z=-12"))]
    lying += [
        "payload:mass=8,x=0.1,y=-0.08",
        "payload:mass=8,y=0.1",
        "payload:mass=6.5,x=-0.1",
    ]  # it gets up with these
    found += [Case(f"{text} from the start", (text,)) for text in lying]
    found += [Case(f"{a} {b}", _later(f"{a} {b}")) for a, b in itertools.combinations(MIXED, 2)]
    found += [Case(name, told=lie) for name, lie in CALIBRATIONS.items()]
    found += [Case(f"kerbs {text}".strip(), ("terrain:kind=kerbs", *_later(text))) for text in ("", *MIXED[:3])]
    return found


def _later(text: str) -> tuple[str, ...]:
    return tuple(f"{each}@{ONSET:g}" for each in text.split())


class Sensed(SimRobot):
    """A simulated robot whose sensors are not quite right."""

    told: Lie

    def read(self) -> RobotState:
        """Return what the sensors say."""
        return self.told(super().read())

    def write(self, command: RobotCommand) -> RobotCommand:
        """Follow a command; motors count from the zero that their sensors have."""
        away = self.told(super().true_state()).motor_position - super().true_state().motor_position
        super().write(replace(command, position=command.position - away))
        return command


@dataclass
class Found:
    """What the checks made of a run, or of many."""

    largest: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Of every check as a share of its limit, and where."""
    faults: list[str] = field(default_factory=list)
    """Checks that stopped a robot which had not fallen."""
    said: Counter[str] = field(default_factory=Counter)
    """Runs in which a check was said."""
    fell: int = 0

    def add(self, other: Found) -> None:
        """Take another one in."""
        for name, most in other.largest.items():
            self.largest[name] = max(most, self.largest.get(name, most))
        self.faults += other.faults
        self.said += other.said
        self.fell += other.fell


def try_case(case: Case, seed: int, seconds: float = 8.0) -> Found:
    """Walk once; what is measured ends with a fault or a fall."""
    spec, clock, found = robots.spec("go2"), VirtualClock(), Found()
    place, strides = f"{case.name}, seed {seed}", np.random.default_rng(seed)
    robot = Sensed(spec, clock, strides.spawn(1)[0], perturbations=[parse(x) for x in case.perturbations], pose=go2.SIT)
    robot.told = case.told
    servo, watch = Servo(robot), Watch(spec)
    sent, mode, said, readings = None, Mode.PASSIVE, set[str](), watch.readings()
    with servo:
        servo.arm()
        while clock.now() < seconds:
            if round(clock.now() * spec.servo_hz) % round(_STRIDE * spec.servo_hz) == 0:
                stride = _stride(spec, strides)
            clock.sleep_until(clock.now() + 1.0 / spec.servo_hz)
            now = clock.now()
            servo.publish(ActionSchedule(now, 0.04, stride, now + 0.3))
            state = servo.observe()
            watch.learn(state, now, sent, walks=mode is Mode.RUN)
            report = servo.act(now)
            sent, mode = report.sent, report.mode
            true = robot.true_state()
            if tilt(true.quaternion) > _FELL or (mode is Mode.RUN and true.position[2] < _LOW):
                found.fell = 1
                break
            for name in WATCHED:
                share = readings[name].value(state, now) / getattr(spec.checks, name).limit
                found.largest[name] = max((share, place), found.largest.get(name, (share, place)))
            said |= {trip.check for trip in report.trips if trip.check in WATCHED}
            if report.fault is not None:
                found.faults += [f"{place} at {now:.2f} s: {report.fault}"]
                break
    found.said.update(said)
    return found


def _stride(spec: RobotSpec, rng: np.random.Generator) -> FloatArray:
    """Return any action (1, A) that a planner may choose; as often as not straight ahead."""
    low, high, rest = (np.array([getattr(a, end) for a in spec.actions]) for end in ("low", "high", "rest"))
    if rng.random() < 0.5:
        return np.array([[0.4, *rest[1:]]])
    return rng.uniform(low, high)[None]


def main() -> int:
    """Try and print; 1 when there was a false alarm."""
    arguments, total, runs = tyro.cli(Arguments), Found(), 0
    for case in (case for case in cases() if arguments.only in case.name):
        found = Found()
        for seed in range(arguments.seeds):
            found.add(try_case(case, seed))
            runs += 1
        total.add(found)
        if arguments.cases:
            worst = ", ".join(f"{name} {share:.2f}" for name, (share, _) in found.largest.items())
            print(f"{case.name}: fell {found.fell}, {worst}", flush=True)
        for fault in found.faults:
            print(f"FALSE ALARM {fault}", flush=True)
    _print(total, runs)
    return int(bool(total.faults))


def _print(total: Found, runs: int) -> None:
    severity = {name: check.severity.value for name, check in robots.spec("go2").checks}
    print(
        "| check | severity | largest share of its limit | runs in which it was said | where |\n|---|---|---|---|---|"
    )
    for name, (share, where) in sorted(total.largest.items()):
        print(f"| `{name}` | {severity[name]} | {share:.2f} | {total.said[name]} | {where} |")
    print(f"{runs} walks, {total.fell} falls, {len(total.faults)} false alarms")


if __name__ == "__main__":
    sys.exit(main())
