"""Every fault of the emulated Go2 while it stands up, stands and moves: where guard and robot end, and how soon.

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

from controller import robots
from hardware.clock import VirtualClock
from hardware.emulators.go2.body import Body
from hardware.emulators.go2.faults import parse
from hardware.emulators.go2.firmware import Firmware, Settings
from hardware.emulators.go2.lockstep import LockstepBus
from hardware.go2 import Go2
from hardware.guard import Guard
from hardware.robot import CommandMode, FloatArray, LinkLost, RobotCommand, RobotFault, RobotSpec
from hardware.state_machine import Mode
from sim.terrain import preset

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
_AFTER = 3.5
"""Time that is watched after the fault began: enough to sit down [s]."""


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
    firmware = Firmware(Settings(), Body(preset("flat"), (), rng), [script], rng)
    robot, guard = Go2(spec, clock, LockstepBus(firmware, clock).join), Guard(spec)
    try:
        robot.connect()
        robot.activate()
    except RobotFault as error:
        return Cell(fault, phase, "not armed", 0.0, str(error), 0, robot_damped=False, fell=False)
    guard.request(Mode.STAND if phase != "run" else Mode.RUN)
    why, seconds = _drive(robot, guard, firmware, clock, onset)
    mode = "link lost" if why.startswith("go2: no state") else guard.mode.value
    robot.close()
    report = firmware.summary()
    return Cell(
        fault,
        phase,
        mode,
        round(seconds, 3),
        why,
        int(str(report["outside_limits"])),
        robot_damped=int(str(report["timeouts"])) > 0,
        fell=bool(report["fell"]),
    )


def _drive(robot: Go2, guard: Guard, firmware: Firmware, clock: VirtualClock, onset: float) -> tuple[str, float]:
    """Run the servo's cycle until some time after the fault; return why and how soon something tripped."""
    why, seconds, period = "", math.nan, 1.0 / robot.spec.servo_hz
    begun = clock.now()
    while clock.now() - begun < onset + _AFTER:
        clock.sleep_until(clock.now() + period)
        try:
            state = robot.read()
        except LinkLost as error:
            robot.damp()
            return (why or str(error)), (seconds if why else clock.now() - begun - onset)
        verdict = guard.check(sway(robot.spec, clock.now()), state, clock.now())
        if verdict.fault is not None and not why:
            why, seconds = str(verdict.fault), clock.now() - begun - onset
        if verdict.command.mode is CommandMode.SERVO:
            robot.write(verdict.command)
        elif verdict.mode is not Mode.PASSIVE:
            robot.damp()
    return why, seconds


def sway(spec: RobotSpec, now: float) -> RobotCommand:
    """Return a command that moves the body up and down while it stands: what stands for a plan here."""
    assert spec.joints is not None
    angle = 0.15 * math.sin(2.0 * math.pi * 1.0 * now)
    position: FloatArray = np.array(spec.joints.stand) + np.tile((0.0, angle, -2.0 * angle), 4)
    none = np.zeros(len(spec.motors))
    kp, kd = np.array(spec.joints.run.kp), np.array(spec.joints.run.kd)
    return RobotCommand(CommandMode.SERVO, position, none, none, kp, kd, now + 0.1)


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
