"""Every fault of the emulated Go2 while it stands up, stands and walks: where guard and robot end, and how soon.

    python -m benchmarks.go2_faults

In lock-step on a virtual clock, through driver, guard and the bytes of the wire. A row per fault and phase: the mode in
which the guard ends, the time from the fault to its first soft or hard trip, why, the commands outside limits that the
robot saw, and whether the robot damped itself because nothing reached it.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict, dataclass

import numpy as np

from controller.settings import robots
from hardware.clock import VirtualClock
from hardware.emulators.go2.body import Body
from hardware.emulators.go2.faults import parse
from hardware.emulators.go2.firmware import Firmware
from hardware.guard.state_machine import Mode
from hardware.robot import LinkLost, RobotFault
from hardware.schedule import ActionSchedule
from hardware.servo.servo import Servo
from hardware.spec import RobotSpec
from hardware.unitree.go2 import Go2
from sim.terrain import preset
from tests.hardware.lockstep import LockstepBus

PHASES = {"stand_up": 1.0, "stand": 3.2, "run": 4.2}
"""When the fault begins in each phase, since the first command [s]."""
FAULTS = (
    "drop",
    "drop:share=0.3",
    "delay:ms=10",
    "delay:ms=100",
    "reorder:share=0.3",
    "freeze",
    "bad_crc:share=0.02",
    "bad_crc",
    "motor_fault:name=front_left_calf",
    "overheat:name=front_left_calf,celsius=90",
    "battery_low:soc=10",
    "remote_stop",
    "reboot:seconds=1",
)
REFUSALS = tuple(f"mode_refused:answer={answer}" for answer in ("denied", "silent", "garbled", "kept"))
_AFTER = 4.5
"""Time that is watched after the fault began: enough to come to a stand and to sit down [s]."""
_SPEED = 0.4
"""Of the walk [m/s]."""


@dataclass(frozen=True)
class Cell:
    """One fault in one phase."""

    fault: str
    phase: str
    mode: str
    """The guard's in the end; "not armed" when it never came to that, "link lost" when the driver gave up."""
    seconds: float
    """From the fault to the first soft or hard trip or the lost link; NaN when there was none."""
    why: str
    outside: int
    robot_damped: bool
    """The robot gave up by itself at least once."""
    fell: bool


def try_fault(fault: str, phase: str) -> Cell:
    """Let one fault happen in one phase."""
    spec, clock, rng = robots.spec("go2"), VirtualClock(), np.random.default_rng(0)
    onset = 0.0 if fault in REFUSALS else PHASES[phase]
    script = parse(fault if fault in REFUSALS else f"{fault}@{onset:g}")
    firmware = Firmware(Body(spec.anatomy, preset("flat"), (), rng), [script], rng)
    servo = Servo(Go2(spec, clock, LockstepBus(firmware, clock).join))
    try:
        servo.robot.connect()
        servo.arm()
    except RobotFault as error:
        return Cell(fault, phase, "not armed", 0.0, str(error), 0, robot_damped=False, fell=False)
    if phase != "run":
        servo.guard.request(Mode.STAND)
    why, seconds = _drive(servo, clock, onset)
    mode = "link lost" if why.startswith("go2: no state") else servo.guard.mode.value
    servo.shutdown()
    report = firmware.summary()
    return Cell(
        fault,
        phase,
        mode,
        abs(round(seconds, 3)),
        why,
        int(str(report["outside_limits"])),
        robot_damped=int(str(report["timeouts"])) > 0,
        fell=bool(report["fell"]),
    )


def _drive(servo: Servo, clock: VirtualClock, onset: float) -> tuple[str, float]:
    """Run the servo's cycle until some time after the fault; return why and how soon something tripped."""
    why, seconds, begun, period = "", math.nan, clock.now(), 1.0 / servo.spec.servo_hz
    while clock.now() - begun < onset + _AFTER:
        clock.sleep_until(clock.now() + period)
        servo.publish(walk(servo.spec, clock.now()))
        try:
            servo.observe()
        except LinkLost as error:
            servo.robot.damp()
            return (why or str(error)), (seconds if why else clock.now() - begun - onset)
        fault = servo.act(clock.now()).fault
        if fault is not None and not why:
            why, seconds = str(fault), clock.now() - begun - onset
    return why, seconds


def walk(spec: RobotSpec, now: float) -> ActionSchedule:
    """Return a schedule that walks straight ahead, starting now."""
    forward = [_SPEED if action.name == "forward" else action.rest for action in spec.actions]
    return ActionSchedule(now, 0.04, np.array([forward]), now + 0.5)


def main() -> None:
    """Print the table, or with --json one JSON object per cell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    cells = [(fault, "arm") for fault in REFUSALS] + [(fault, phase) for fault in FAULTS for phase in PHASES]
    columns = ("fault", "phase", "ends in", "after [s]", "outside", "robot damped itself", "why")
    if not arguments.json:
        print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    for fault, phase in cells:
        cell = try_fault(fault, phase)
        if arguments.json:
            print(json.dumps(asdict(cell) | {"seconds": None if math.isnan(cell.seconds) else cell.seconds}))
        else:
            own = "yes" if cell.robot_damped else "no"
            print(
                f"| `{fault}` | {phase} | {cell.mode} | {cell.seconds} | {cell.outside} | {own} | {cell.why} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
