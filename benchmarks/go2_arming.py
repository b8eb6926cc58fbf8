"""Wrong files, lying sensors and obstacles of an emulated Go2: refused at rest, found on the way up, or not found.

    python -m benchmarks.go2_arming

In lock-step, through driver, guard and the bytes of the wire. Wrong signs and zeros are those of the robot's file
(`wire`): commands go the same wrong way as states, so nothing but the ground and the robot's own ranges shows them.
Times count from the first command.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from controller.settings import robots
from hardware.clock import VirtualClock
from hardware.emulators.go2.body import Body
from hardware.emulators.go2.faults import FAULTS, parse
from hardware.emulators.go2.firmware import Firmware
from hardware.guard.state_machine import Mode
from hardware.robot import LinkLost, RobotFault
from hardware.servo.servo import Servo
from hardware.spec import RobotSpec
from hardware.unitree.go2 import Go2
from sim import perturbations
from sim.terrain import preset
from tests.hardware.lockstep import LockstepBus

SPEC = robots.spec("go2")
ZEROS = (0.1, 0.2, 0.3, 0.5)
"""Errors of a joint's zero that are tried, both ways [rad]."""
LIES = (
    *(f"imu:kind={kind}" for kind in ("order", "frozen", "degrees", "turned")),
    *(f"joints:kind={kind}" for kind in ("degrees", "mirrored", "swapped", "shifted", "frozen")),
    *(f"feet:kind={kind}" for kind in ("raw", "tenth", "constant", "none")),
    "freeze",
    "bad_crc:share=0.3",
    "overheat:name=front_left_calf,celsius=90",
    "battery_low:soc=10",
    "remote_stop",
    "motor_mode:mode=10",
)
OBSTACLES = (
    *(f"pressed:newtons={newtons}" for newtons in (600, 300, 200, 100)),
    "mode_back:does=stand",
    "motors_off",
    "motor_fault:name=rear_left_calf",
    "stuck:name=front_left_calf",
    "stuck:name=rear_left_thigh",
    "dead_motor:name=rear_left_calf",
    "dead_motor:name=front_left_thigh",
    "leg_loss:leg=front_left",
    "payload:mass=10,x=0.1,y=0.05",
    "slope:deg=12",
)
_WATCHED = 5.0
"""Time to stand up in, and to come down again [s]."""


@dataclass(frozen=True)
class Ending:
    """What became of it."""

    found: str
    """The first soft or hard trip, or the refusal; empty where there was none."""
    seconds: float
    """When, from the first command on; 0 where it was not armed, NaN where nothing was found."""
    mode: str
    tilt: float
    """Largest on the way [deg]."""
    celsius: float
    """Of the hottest motor."""
    fell: bool


def rise(text: str = "", spec: RobotSpec = SPEC) -> Ending:
    """Arm an emulated robot to which something happens, and let it stand up."""
    clock, rng = VirtualClock(), np.random.default_rng(0)
    is_fault = text.split(":", maxsplit=1)[0] in FAULTS
    body = Body(SPEC.anatomy, preset("flat"), () if is_fault or not text else (perturbations.parse(text),), rng)
    firmware = Firmware(body, (parse(text),) if is_fault else (), rng)
    servo, found, seconds = Servo(Go2(spec, clock, LockstepBus(firmware, clock).join)), "", math.nan
    try:
        servo.robot.connect()
        servo.arm()
        servo.guard.request(Mode.STAND)
        begun = clock.now()
        while clock.now() - begun < _WATCHED:
            clock.sleep_until(clock.now() + 1.0 / spec.servo_hz)
            servo.observe()
            fault = servo.act(clock.now()).fault
            if fault is not None and not found:
                found, seconds = str(fault), clock.now() - begun
        mode = servo.guard.mode.value
    except (RobotFault, LinkLost) as error:
        found, seconds, mode = str(error).removeprefix("go2: not armed: "), 0.0, "not armed"
    seen = firmware.summary()
    tilt, celsius = float(str(seen["tilt_max_deg"])), float(str(seen["motor_max_celsius"]))
    return Ending(found, seconds, mode, tilt, celsius, bool(seen["fell"]))


def wrong_files() -> Iterator[tuple[str, RobotSpec]]:
    """Return files whose wire has one wrong sign or zero, of a front or a rear leg."""
    assert SPEC.wire is not None
    wire, motors = (
        SPEC.wire,
        [SPEC.motors.index(f"{leg}_{part}") for leg in ("front_left", "rear_right") for part in _PARTS],
    )
    for motor in motors:
        sign = tuple(-1.0 if index == motor else 1.0 for index in range(len(SPEC.motors)))
        yield f"sign of {SPEC.motors[motor]}", replace(SPEC, wire=replace(wire, sign=sign))
        for zero in sorted((*ZEROS, *(-zero for zero in ZEROS))):
            offset = tuple(zero if index == motor else 0.0 for index in range(len(SPEC.motors)))
            yield f"zero of {SPEC.motors[motor]} {zero:+g}", replace(SPEC, wire=replace(wire, offset=offset))


_PARTS = ("hip", "thigh", "calf")


def main() -> None:
    """Print one table."""
    columns = ("what", "found after [s]", "ends in", "tilt [deg]", "motors [deg C]", "why")
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    for what, spec in (("nothing", SPEC), *wrong_files(), *((text, SPEC) for text in (*LIES, *OBSTACLES))):
        end = rise("" if spec is not SPEC or what == "nothing" else what, spec)
        after = "-" if math.isnan(end.seconds) else "at rest" if end.mode == "not armed" else f"{end.seconds:.2f}"
        fell = ", fell" if end.fell else ""
        print(f"| {what} | {after} | {end.mode}{fell} | {end.tilt} | {end.celsius} | {end.found} |", flush=True)


if __name__ == "__main__":
    main()
