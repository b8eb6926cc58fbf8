"""The emulated robot is armed only where it proves what it is, and gets up only where nothing is in its way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controller.settings import robots
from hardware.clock import VirtualClock
from hardware.emulators.go2.body import Body
from hardware.emulators.go2.faults import parse
from hardware.emulators.go2.firmware import Firmware
from hardware.guard.checks import Trip
from hardware.guard.state_machine import Mode
from hardware.robot import RobotFault
from hardware.servo.servo import Servo
from hardware.spec import RobotSpec
from hardware.unitree.go2 import Go2
from sim import perturbations
from sim.terrain import preset
from tests.hardware.lockstep import LockstepBus

SPEC = robots.spec("go2")
PERIOD = 1.0 / SPEC.servo_hz


class Bench:
    """A servo on the driver of an emulated robot, connected."""

    def __init__(self, *faults: str, perturb: str | None = None, terrain: str = "flat", spec: RobotSpec = SPEC) -> None:
        rng = np.random.default_rng(0)
        happens = () if perturb is None else (perturbations.parse(perturb),)
        body = Body(SPEC.anatomy, preset(terrain), happens, rng)
        self.clock = VirtualClock()
        self.firmware = Firmware(body, [parse(text) for text in faults], rng)
        self.bus = LockstepBus(self.firmware, self.clock)
        self.robot = Go2(spec, self.clock, self.bus.join)
        self.servo = Servo(self.robot)
        self.robot.connect()
        self.modes: list[tuple[float, Mode]] = []
        self.trips: dict[str, tuple[float, Trip]] = {}

    def stand(self, seconds: float, target: Mode = Mode.STAND) -> Trip | None:
        """Head for a target for some time from now; returns the fault."""
        fault, begun = None, self.clock.now()
        self.servo.guard.request(target)
        while self.clock.now() - begun < seconds:
            self.clock.sleep_until(self.clock.now() + PERIOD)
            self.servo.observe()
            report, now = self.servo.act(self.clock.now()), round(self.clock.now() - begun, 3)
            fault = report.fault
            if not self.modes or self.modes[-1][1] is not report.mode:
                self.modes.append((now, report.mode))
            for trip in report.trips:
                self.trips.setdefault(trip.check, (now, trip))
        return fault


def wired(name: str, **wrong: float) -> RobotSpec:
    """The robot with a wire that says something else of a motor than is true."""
    assert SPEC.wire is not None
    index, wire = SPEC.motors.index(name), SPEC.wire
    sign, offset = list(wire.sign), list(wire.offset)
    sign[index], offset[index] = wrong.get("sign", 1.0), wrong.get("offset", 0.0)
    return replace(SPEC, wire=replace(wire, sign=tuple(sign), offset=tuple(offset)))


def test_a_sound_robot_is_armed_and_told_nothing_before() -> None:
    bench = Bench()
    heard = bench.robot.listen()
    assert (len(heard.states) >= 90, heard.senders, heard.commands) == (True, ("robot 0 (100 states)",), 0)
    assert (bench.firmware.mode, bench.firmware.obeyed) == ("normal", 0)
    bench.servo.arm()
    assert bench.firmware.mode == ""


@pytest.mark.parametrize(
    "fault, check",
    [
        ("imu:kind=order", "angles"),
        ("imu:kind=frozen", "same"),
        ("imu:kind=degrees", "rest"),
        ("imu:kind=turned", "gravity"),
        ("feet:kind=raw", "feet"),
        ("joints:kind=degrees", "joints"),
        ("joints:kind=swapped", "joints"),
        ("joints:kind=mirrored", "pose"),
        ("freeze", "same"),
        ("bad_crc:share=0.3", "bad_packets"),
        ("overheat:name=front_left_calf,celsius=90", "temperature"),
        ("battery_low:soc=10", "charge"),
        ("remote_stop", "robot"),
    ],
)
def test_a_robot_that_lies_at_rest_is_told_nothing(fault: str, check: str) -> None:
    bench = Bench(fault)
    with pytest.raises(RobotFault, match=f"go2: not armed: .*{check}: "):
        bench.servo.arm()
    assert (bench.firmware.mode, bench.firmware.obeyed) == ("normal", 0)


@pytest.mark.parametrize(
    "spec, check",
    [
        (wired("rear_left_calf", sign=-1.0), "joints"),
        (wired("rear_left_thigh", sign=-1.0), "joints"),
        (wired("front_left_thigh", sign=-1.0), "pose"),
        (wired("front_right_calf", offset=0.3), "joints"),
        (wired("front_right_calf", offset=-0.4), "legs"),
        (wired("front_right_hip", offset=0.9), "pose"),
    ],
)
def test_a_file_with_wrong_signs_and_zeros_is_not_armed_where_that_shows(spec: RobotSpec, check: str) -> None:
    bench = Bench(spec=spec)
    with pytest.raises(RobotFault, match=f"not armed: .*{check}: "):
        bench.servo.arm()
    assert bench.firmware.obeyed == 0


def test_two_robots_on_one_network_are_refused_and_both_are_named() -> None:
    bench = Bench()
    awaited = bench.robot.states.wait

    def interleaved(seconds: float) -> bool:
        bench.bus.answer(bench.robot.received)
        bench.clock.sleep_until(bench.clock.now() + PERIOD)
        return awaited(seconds)

    bench.robot.states.wait = interleaved  # type: ignore[method-assign]
    with pytest.raises(
        RobotFault, match=r"robots: 2: robot \d \(\d+ states\), robot \d \(\d+ states\), expected exactly"
    ):
        bench.servo.arm()
    assert bench.firmware.mode == "normal"


def test_a_second_robot_that_answers_later_is_a_fault_at_once() -> None:
    bench = Bench()
    bench.servo.arm()
    assert bench.stand(0.5) is None
    bench.bus.answer(bench.robot.received)
    fault = bench.stand(0.01)
    assert fault is not None
    assert "more than one robot answers: robot 0 (" in str(fault)
    assert bench.modes[-1][1] is Mode.FAULT_DAMP


@pytest.mark.parametrize(
    "fault, perturb, joint, within",
    [
        ("pressed:newtons=600", None, "calf", 1.1),
        ("pressed:newtons=300", None, "calf", 1.2),
        ("pressed:newtons=200", None, "calf", 2.1),
        (None, "stuck:name=front_left_calf", "front_left_calf", 1.1),
        (None, "stuck:name=rear_left_thigh", "rear_left_thigh", 2.0),
        (None, "dead_motor:name=rear_left_calf", "rear_left_calf", 1.2),
    ],
)
def test_a_robot_that_cannot_get_up_is_not_pushed(
    fault: str | None, perturb: str | None, joint: str, within: float
) -> None:
    bench = Bench(*(() if fault is None else (fault,)), perturb=perturb)
    bench.servo.arm()
    told = bench.stand(4.0)
    assert told is not None
    assert told.check == "stand_up"
    assert joint in told.detail
    assert bench.trips["stand_up"][0] <= within
    assert [mode for _, mode in bench.modes] == [Mode.DAMP, Mode.STAND_UP, Mode.SIT_DOWN, Mode.DAMP]
    summary = bench.firmware.summary()
    assert (summary["fell"], summary["outside"]) == (False, {})
    assert float(str(summary["motor_max_celsius"])) < 35.0


def test_a_joint_that_only_just_follows_has_no_longer_than_its_time() -> None:
    spec = replace(SPEC, checks=replace(SPEC.checks, stand_up=replace(SPEC.checks.stand_up, limit=0.6)))
    bench = Bench("pressed:newtons=300", spec=spec)
    bench.servo.arm()
    told = bench.stand(4.0)
    assert told is not None
    assert told.detail.startswith("its time is over, and ")
    assert bench.trips["stand_up"][0] == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize("motor, offset", [("front_left_hip", 0.5), ("rear_right_thigh", -0.5)])
def test_zeros_that_do_not_show_at_rest_show_on_the_way_up(motor: str, offset: float) -> None:
    bench = Bench(spec=wired(motor, offset=offset))
    bench.servo.arm()
    told = bench.stand(3.0)
    assert told is not None
    assert told.check == "legs"
    assert Mode.STAND not in [mode for _, mode in bench.modes]


@pytest.mark.parametrize("kind, how", [("tenth", "less"), ("none", "less")])
def test_a_robot_whose_feet_do_not_bear_it_does_not_walk(kind: str, how: str) -> None:
    bench = Bench(f"feet:kind={kind}")
    bench.servo.arm()
    told = bench.stand(4.5, Mode.RUN)
    assert told is not None
    assert told.check == "feet"
    assert f"times {how} than its weight on its feet, limit 5" in told.detail
    assert bench.trips["feet"][0] == pytest.approx(2.0, abs=0.01)
    assert [mode for _, mode in bench.modes] == [Mode.DAMP, Mode.STAND_UP, Mode.SIT_DOWN, Mode.DAMP]


@pytest.mark.parametrize(
    "perturb, terrain",
    [
        (None, "flat"),
        ("payload:mass=10,x=0.1,y=0.05", "flat"),
        ("slope:deg=12", "flat"),
        ("slope:deg=12,heading_deg=90", "flat"),
        ("motor:front_left_thigh=0.5", "flat"),
        ("dead_motor:name=front_left_thigh", "flat"),
        ("friction:mu=0.2", "flat"),
        ("gravity:z=-1.6@0.5", "flat"),
        (None, "turf"),
        (None, "carpet"),
    ],
)
def test_what_a_robot_can_stand_up_with_is_no_fault(perturb: str | None, terrain: str) -> None:
    bench = Bench(perturb=perturb, terrain=terrain)
    bench.servo.arm()
    assert bench.stand(4.0) is None
    assert bench.modes[-1][1] is Mode.STAND
    assert not {"stand_up", "legs", "ground", "feet"} & set(bench.trips)


def test_a_leg_that_cannot_fold_ends_the_way_down() -> None:
    bench = Bench(perturb="stuck:name=rear_left_thigh@2.3")
    bench.servo.arm()
    assert bench.stand(2.5) is None
    assert bench.stand(3.0, Mode.DAMP) is None
    assert bench.modes[-1][1] is Mode.DAMP
    assert bench.modes[-1][0] < 1.9
    assert bench.trips["stand_up"][1].detail.endswith("behind its way down, limit 0.35: rear_left_thigh")
