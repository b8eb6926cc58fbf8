"""What goes wrong with a Go2, kind by kind: how it ends, what is said, how soon the robot is safe.

    python -m benchmarks.go2_faults [--only imu] [--json]

In lock-step on a virtual clock, through gait, guard, driver and the bytes of the wire. A row per fault and phase: the
mode in which the guard ends; the time from the fault to its first soft or hard trip (named), and until nothing drives
the motors any more (safe); commands outside limits that the robot saw; whether the robot damped itself because nothing
reached it; whether it fell, and whether by the guard's doing (with all checks reduced to words it would not have); the
exit status that `limber deploy` makes of it; and why, or what else was said. After that come signals and resources, as
processes (`python -m benchmarks.go2_kills`). The status is 1 when a row did not end as it should.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType

import numpy as np

from benchmarks import go2_kills
from controller.commands.flags import DONE, ROBOT_FAULT
from controller.settings import robots
from hardware.clock import VirtualClock
from hardware.emulators.go2.body import Body
from hardware.emulators.go2.faults import FAULTS, Fault, parse
from hardware.emulators.go2.firmware import Firmware
from hardware.guard.state_machine import UPRIGHT, Mode
from hardware.limits import Severity
from hardware.robot import LinkLost, RobotFault
from hardware.schedule import ActionSchedule
from hardware.servo.servo import Servo
from hardware.spec import RobotSpec
from hardware.unitree.codec import encode_command
from hardware.unitree.go2 import Go2
from sim import perturbations
from sim.perturbations import Perturbation
from sim.terrain import preset
from tests.hardware.lockstep import LockstepBus

PHASES = {"arm": 0.0, "stand_up": 1.0, "stand": 3.2, "run": 4.2}
"""When the fault begins in each phase, since the first command [s]."""
_AFTER = 4.5
"""Time that is watched after the fault began: enough to come to a stand and to sit down [s]."""
_SPEED = 0.4
"""Of the walk [m/s]."""
_SLEEP = 3.0
"""How long a host sleeps [s]."""
HOST = ("host_sleep", "second_writer")
"""What happens at the host's end of the wire, beside the faults of the emulator and the perturbations."""


@dataclass(frozen=True)
class Row:
    """Faults that begin together, in what phases, and how that should end."""

    faults: str
    """Joined by " + "."""
    phases: tuple[str, ...] = ("run",)
    stops: bool = True
    """The robot is stopped, or not armed at all; otherwise it goes on."""
    within: float = 1.0
    """Longest time until it is named [s]."""


_DRIVEN = ("stand_up", "stand", "run")
_UP = ("stand", "run")
ROWS: Mapping[str, tuple[Row, ...]] = MappingProxyType(
    {
        "wire": (
            *(Row(f"mode_refused:answer={answer}", ("arm",)) for answer in ("denied", "silent", "garbled", "kept")),
            *(Row(fault, _DRIVEN, within=0.06) for fault in ("drop", "delay:ms=100", "freeze", "bad_crc")),
            *(Row(fault, _DRIVEN, stops=False) for fault in ("drop:share=0.3", "delay:ms=10", "reorder:share=0.3")),
            Row("bad_crc:share=0.02", _DRIVEN, stops=False),
            Row("motor_fault:name=front_left_calf", _DRIVEN),
            Row("overheat:name=front_left_calf,celsius=90", _DRIVEN),
            *(Row(fault, _DRIVEN) for fault in ("battery_low:soc=10", "remote_stop", "reboot:seconds=1")),
        ),
        "commands": (
            *(Row(f"mode_back:does={does}", _UP) for does in ("stand", "damp", "recover")),
            *(Row(fault, _UP) for fault in ("motors_off", "motor_mode:mode=10", "second_writer")),
            Row("deaf"),
            Row("dead_motor:name=rear_right_thigh", stops=False),
            Row("leg_loss:leg=rear_right", stops=False),
            Row("motors_off + drop"),
            Row("pressed:newtons=600", ("stand_up",), within=4.5),
            Row("lifted"),
        ),
        "time": (
            Row("host_sleep", _DRIVEN, within=_SLEEP + 0.01),
            *(Row(f"tick_jump:seconds={seconds}", _UP) for seconds in ("0.2", "5")),
            *(Row(f"burst:ms={ms}", _UP) for ms in ("100", "400")),
            Row("burst:ms=8", _UP, stops=False),
        ),
        "sensors": (
            *(Row(f"feet:kind={kind}", within=2.0) for kind in ("constant", "tenth", "raw", "none")),
            Row("feet:kind=swapped", within=2.0),
            *(Row(f"joints:kind={kind}", _UP) for kind in ("degrees", "mirrored", "swapped")),
            *(Row(f"joints:kind={kind}") for kind in ("frozen", "shifted", "leg", "turn")),
            *(Row(f"joints:kind={kind}", stops=False) for kind in ("stuck", "jumped")),
            *(Row(f"imu:kind={kind}") for kind in ("frozen", "order", "degrees", "sign", "turned")),
            Row("imu:kind=other", stops=False),
            *(Row(f"torques:kind={kind}") for kind in ("none", "constant", "sign", "nan")),
        ),
        "arming": (
            *(
                Row(f"joints:kind={kind}", ("arm",), within=3.0)
                for kind in ("degrees", "mirrored", "shifted", "swapped")
            ),
            *(Row(f"imu:kind={kind}", ("arm",), within=4.0) for kind in ("frozen", "order", "turned")),
            Row("torques:kind=none", ("arm",), within=3.0),
        ),
    }
)
PROCESSES = (
    *("mode_back", "servo_held_up", "hangup", "quit", "ctrl_c_twice", "ctrl_c_thrice"),
    *("full_disk", "small_memory", "no_rights"),
)
"""Cases of `go2_kills` that are kinds of their own."""


@dataclass
class Cell:
    """One row in one phase; times are from the fault on [s], NaN where it did not come to that."""

    faults: str
    phase: str
    mode: str = ""
    """The guard's in the end; "not armed" when it never came to that, "link lost" when the driver gave up."""
    named: float = math.nan
    safe: float = math.nan
    why: str = ""
    said: set[str] = field(default_factory=set)
    """Checks that only warned."""
    outside: int = 0
    robot_damped: bool = False
    """The robot gave up by itself at least once."""
    fell: float = math.nan
    by_guard: bool = False
    """It would not have fallen without the guard."""

    @property
    def status(self) -> int:
        """Exit status of a deployment."""
        return ROBOT_FAULT if self.why else DONE

    def well(self, row: Row) -> bool:
        """Tell whether it ended as it should."""
        ended = self.named <= row.within if row.stops else not self.why
        return ended and not self.outside and not self.by_guard


def try_row(row: Row, phase: str) -> Cell:
    """Let faults happen in one phase."""
    cell = _play(row.faults, phase, robots.spec("go2"))
    if not math.isnan(cell.fell) and cell.fell > cell.named:
        cell.by_guard = math.isnan(_play(row.faults, phase, _toothless(robots.spec("go2"))).fell)
    return cell


def _toothless(spec: RobotSpec) -> RobotSpec:
    """Return a robot whose checks are only words."""
    biting = {name: check for name, check in spec.checks if check.severity in {Severity.SOFT, Severity.HARD}}
    words = {name: replace(check, severity=Severity.WARN) for name, check in biting.items()}
    return replace(spec, checks=replace(spec.checks, **words))


def _play(faults: str, phase: str, spec: RobotSpec) -> Cell:
    cell, onset, clock, rng = Cell(faults, phase), PHASES[phase], VirtualClock(), np.random.default_rng(0)
    script: list[Fault] = []
    happens: list[Perturbation] = []
    for text in faults.split(" + "):
        if text.partition(":")[0] in FAULTS:
            script.append(parse(f"{text}@{onset:g}"))
        elif text not in HOST:
            happens.append(perturbations.parse(f"{text}@{onset:g}"))
    firmware = Firmware(Body(spec.anatomy, preset("flat"), happens, rng), script, rng)
    bus = LockstepBus(firmware, clock)
    servo = Servo(Go2(spec, clock, bus.join))
    try:
        servo.robot.connect()
        servo.arm()
        if phase not in {"run", "arm"}:
            servo.guard.request(Mode.STAND)
        _drive(servo, clock, bus, cell, onset)
        cell.mode = cell.mode or servo.guard.mode.value
    except RobotFault as error:
        cell.mode, cell.named, cell.safe, cell.why = "not armed", 0.0, 0.0, str(error)
    servo.shutdown()
    report = firmware.summary()
    cell.outside, cell.robot_damped = int(str(report["outside_limits"])), int(str(report["timeouts"])) > 0
    fell = [time for time, event in firmware.event_log.events if event == "fell"]
    cell.fell = fell[0] - onset if fell else math.nan
    return cell


def _drive(servo: Servo, clock: VirtualClock, bus: LockstepBus, cell: Cell, onset: float) -> None:
    """Run the servo's cycle until some time after the fault."""
    begun, period, slept = clock.now(), 1.0 / servo.spec.servo_hz, False
    other = encode_command(np.zeros((5, len(servo.spec.motors))))
    while (since := clock.now() - begun - onset) < _AFTER:
        clock.sleep_until(clock.now() + period)
        servo.publish(walk(servo.spec, clock.now()))
        if since >= 0.0 and cell.faults == "second_writer":
            bus.intrude(other)
        if since >= 0.0 and cell.faults == "host_sleep" and not slept:
            slept = True
            clock.sleep_until(clock.now() + _SLEEP)
        since = abs(round(clock.now() - begun - onset, 3))
        try:
            servo.observe()
        except LinkLost as error:
            servo.robot.damp()
            cell.mode, cell.why = "" if cell.why else "link lost", cell.why or str(error)
            cell.named, cell.safe = np.fmin((cell.named, cell.safe), since).tolist()
            return
        report = servo.act(clock.now())
        cell.said |= {trip.check for trip in report.trips if clock.now() - begun > onset}
        if report.fault is not None and not cell.why:
            cell.why, cell.named = str(report.fault), since
        if report.fault is not None and report.mode not in UPRIGHT:
            cell.safe = min(cell.safe, since) if cell.safe == cell.safe else since


def walk(spec: RobotSpec, now: float) -> ActionSchedule:
    """Return a schedule that walks straight ahead, starting now."""
    forward = [_SPEED if action.name == "forward" else action.rest for action in spec.actions]
    return ActionSchedule(now, 0.04, np.array([forward]), now + 0.5)


def main() -> int:
    """Print the tables, or with --json one JSON object per cell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", default="", help="only rows whose kind or faults contain this")
    arguments = parser.parse_args()
    columns = ("fault", "phase", "ends in", "named [s]", "safe [s]", "outside", "robot damped itself", "fell", "exit")
    if not arguments.json:
        print(f"| {' | '.join((*columns, 'why; also said'))} |\n{'|---' * (len(columns) + 1)}|")
    wrong = 0
    for kind, rows in ROWS.items():
        for row in (row for row in rows if arguments.only in f"{kind} {row.faults}"):
            for phase in row.phases:
                cell = try_row(row, phase)
                wrong += not cell.well(row)
                print(_json(cell) if arguments.json else _line(cell, row), flush=True)
    processes = [name for name in PROCESSES if arguments.only in f"processes {name}"]
    if not arguments.json:
        go2_kills.show(processes)
        print(f"{wrong} rows did not end as they should")
    return int(wrong > 0)


def _json(cell: Cell) -> str:
    figures = asdict(cell) | {"said": sorted(cell.said), "status": cell.status}
    return json.dumps({name: None if value != value else value for name, value in figures.items()})


def _line(cell: Cell, row: Row) -> str:
    named, safe = (f"{value:.3f}" if value == value else "" for value in (cell.named, cell.safe))
    fell = "" if math.isnan(cell.fell) else f"{cell.fell:.2f}{', by the guard' if cell.by_guard else ''}"
    own, wrong = "yes" if cell.robot_damped else "", "" if cell.well(row) else " WRONG"
    also = ", ".join(sorted(name for name in cell.said if not cell.why.startswith(f"{name}:")))
    cells = (
        f"`{cell.faults}`",
        cell.phase,
        cell.mode,
        named,
        safe,
        str(cell.outside),
        own,
        fell,
        f"{cell.status}{wrong}",
    )
    return f"| {' | '.join((*cells, '; '.join(filter(None, (cell.why, also)))))} |"


if __name__ == "__main__":
    sys.exit(main())
