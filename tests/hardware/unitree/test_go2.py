"""The driver against the emulated robot on a virtual clock, through the bytes of the wire."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controller.settings import robots
from hardware.clock import VirtualClock
from hardware.emulators.go2.body import Body
from hardware.emulators.go2.faults import parse
from hardware.emulators.go2.firmware import Firmware
from hardware.motors import PositionServo
from hardware.robot import CommandMode, FloatArray, LinkLost, RobotCommand, RobotError, RobotFault, RobotState
from hardware.unitree.bus import BusError
from hardware.unitree.codec import encode_command
from hardware.unitree.go2 import Go2
from sim.terrain import preset
from tests.hardware.lockstep import LockstepBus
from tests.hardware.unitree.samples import command as any_command

SPEC = robots.spec("go2")
assert isinstance(SPEC.servo, PositionServo)
assert SPEC.wire is not None
JOINTS, WIRE = SPEC.servo, SPEC.wire
NONE = np.zeros(12)
PERIOD = 1.0 / SPEC.servo_hz


class Bench:
    """A driver and its robot, which can be damaged."""

    def __init__(self, *faults: str, mode: str = "normal") -> None:
        rng = np.random.default_rng(0)
        body = Body(SPEC.anatomy, preset("flat"), (), rng)
        self.clock = VirtualClock()
        self.firmware = Firmware(body, [parse(text) for text in faults], rng, mode)
        self.bus = LockstepBus(self.firmware, self.clock)
        self.robot = Go2(SPEC, self.clock, self.bus.join)

    def armed(self) -> Bench:
        self.robot.connect()
        self.robot.activate()
        return self

    def seen(self, key: str) -> object:
        """What the robot's end says of it."""
        self.bus.run()
        return self.firmware.summary()[key]

    def go(self, seconds: float, position: FloatArray | None = None) -> RobotState:
        """Command every cycle, damping without a position; return the last state."""
        state = self.robot.read()
        for _ in range(round(seconds / PERIOD)):
            self.robot.write(damping(self.clock) if position is None else servo(self.clock, position))
            self.clock.sleep_until(self.clock.now() + PERIOD)
            state = self.robot.read()
        return state

    def rise(self) -> RobotState:
        start = self.robot.read().motor_position
        for blend in np.linspace(0.0, 1.0, 20):
            state = self.go(0.05, start + blend * (np.array(JOINTS.stand) - start))
        return state


def servo(clock: VirtualClock, position: FloatArray) -> RobotCommand:
    kp, kd = np.array(JOINTS.hold.kp), np.array(JOINTS.hold.kd)
    return RobotCommand(CommandMode.SERVO, position, NONE, NONE, kp, kd, clock.now() + 0.1)


def damping(clock: VirtualClock) -> RobotCommand:
    return RobotCommand.passive(CommandMode.DAMP, 12, clock.now() + 0.1, np.array(JOINTS.damping))


def test_a_state_has_the_robots_order_signs_and_units() -> None:
    bench = Bench()
    bench.robot.connect()
    state, physics = bench.robot.read(), bench.firmware._body.physics
    assert state.motor_position == pytest.approx(physics.motor_position, abs=1e-6)
    assert state.motor_velocity == pytest.approx(physics.motor_velocity, abs=1e-6)
    assert state.motor_torque == pytest.approx(physics.motor_torque, abs=1e-6)
    assert state.foot_force == pytest.approx(physics.foot_force, abs=1.0)
    assert state.quaternion == pytest.approx(physics.level_quaternion, abs=1e-6)
    assert np.isnan(state.position).all()
    assert np.isnan(state.velocity).all()
    assert (state.charge, state.bad_packets, state.foreign_commands, state.faults) == (1.0, 0, 0, ())
    assert state.battery == pytest.approx(physics.battery, abs=1e-3)
    assert state.motor_temperature.shape == state.lost.shape == (12,)


def test_a_command_reaches_every_motor_as_it_was_meant() -> None:
    bench = Bench().armed()
    rows = np.random.default_rng(1).normal(size=(5, 12)) * np.array([[0.1], [1.0], [1.0], [1.0], [0.1]])
    q, dq, tau, kp, kd = rows[0], rows[1], rows[2], np.abs(rows[3]), np.abs(rows[4])
    bench.robot.write(RobotCommand(CommandMode.SERVO, q, dq, tau, kp, kd, bench.clock.now() + 1.0))
    bench.clock.sleep_until(bench.clock.now() + PERIOD)
    bench.robot.read()
    obeyed = bench.firmware._command
    assert obeyed is not None
    places = np.array(WIRE.place)
    for sent, got in ((q, obeyed.q), (dq, obeyed.dq), (tau, obeyed.tau), (kp, obeyed.kp), (kd, obeyed.kd)):
        assert got[places] == pytest.approx(sent, abs=1e-5)


def test_it_stands_up_holds_and_lies_down_damped() -> None:
    bench = Bench().armed()
    bench.rise()
    bench.go(0.3, np.array(JOINTS.stand))
    assert bench.firmware._body.physics.position[2] > 0.27
    bench.robot.close()
    assert bench.firmware._body.physics.position[2] < 0.2
    assert bench.seen("outside_limits") == 0
    assert bench.seen("refused") == {}


def test_arming_releases_the_robots_own_controller_and_moves_nothing() -> None:
    bench = Bench(mode="mcf")
    bench.robot.connect()
    before = bench.robot.read().motor_position
    assert bench.firmware.mode == "mcf"
    bench.robot.activate()
    assert bench.firmware.mode == ""
    assert bench.go(0.05).motor_position == pytest.approx(before, abs=0.05)


@pytest.mark.parametrize("answer", ["denied", "silent", "garbled", "kept"])
def test_arming_fails_closed_unless_the_release_is_proven(answer: str) -> None:
    bench = Bench(f"mode_refused:answer={answer}")
    bench.robot.connect()
    with pytest.raises(RobotFault, match="not armed: motion switcher"):
        bench.robot.activate()
    with pytest.raises(RobotError, match="write"):
        bench.robot.write(damping(bench.clock))
    assert bench.seen("refused") == {}


def test_arming_is_refused_while_somebody_else_commands() -> None:
    bench = Bench()
    bench.robot.connect()
    pause = bench.robot._pause

    def intruded(seconds: float) -> None:
        bench.bus.intrude(encode_command(any_command()))
        pause(seconds)

    bench.robot._pause = intruded  # type: ignore[method-assign]
    with pytest.raises(RobotFault, match="somebody else sends commands"):
        bench.robot.activate()


def test_arming_needs_fresh_states() -> None:
    bench = Bench("drop")
    with pytest.raises(LinkLost, match="expected states on rt/lowstate"):
        bench.robot.connect()
    bench = Bench()
    bench.robot.connect()
    bench.firmware._faults = bench.firmware._states._faults = (parse("drop"),)
    bench.clock.sleep_until(bench.clock.now() + 0.2)
    with pytest.raises(RobotFault, match="not armed"):
        bench.robot.activate()


def test_somebody_else_is_counted_later_on() -> None:
    bench = Bench().armed()
    for _ in range(3):
        bench.bus.intrude(encode_command(any_command()))
    assert bench.go(0.02).foreign_commands == 3


def test_a_command_that_is_over_is_damping() -> None:
    bench = Bench().armed()
    sent = bench.robot.write(replace(servo(bench.clock, NONE), expires=bench.clock.now()))
    assert sent.mode is CommandMode.DAMP
    bench.clock.sleep_until(bench.clock.now() + PERIOD)
    bench.robot.read()
    obeyed = bench.firmware._command
    assert obeyed is not None
    assert not obeyed.kp.any()
    assert (obeyed.kd > 0.0).all()


def test_off_switches_the_motors_off() -> None:
    bench = Bench().armed()
    bench.robot.write(RobotCommand.passive(CommandMode.OFF, 12, bench.clock.now() + 0.1))
    bench.clock.sleep_until(bench.clock.now() + PERIOD)
    bench.robot.read()
    assert not bench.firmware._body.on.any()
    bench.clock.sleep_until(bench.clock.now() + PERIOD)
    assert bench.robot.read().faults == ()  # nobody but the driver switched them off
    assert bench.go(0.05).faults == ()


def test_a_number_that_is_none_becomes_damping_and_an_error() -> None:
    bench = Bench().armed()
    with pytest.raises(RobotError, match="finite"):
        bench.robot.write(servo(bench.clock, NONE + np.nan))
    bench.clock.sleep_until(bench.clock.now() + PERIOD)
    bench.robot.read()
    assert bench.seen("refused") == {}
    assert bench.firmware._command is not None


def test_damping_is_not_sent_by_who_does_not_command() -> None:
    bench = Bench()
    bench.robot.connect()
    bench.robot.damp()
    bench.robot.close()
    assert bench.seen("refused") == {}
    assert bench.seen("commands_obeyed") == 0


def test_the_last_thing_sent_is_damping_for_half_a_second() -> None:
    bench = Bench().armed()
    bench.go(0.1, np.array(JOINTS.sit))
    before = bench.seen("commands_obeyed")
    bench.robot.deactivate()
    after = bench.seen("commands_obeyed")
    assert isinstance(before, int)
    assert isinstance(after, int)
    assert after - before > 200
    assert bench.robot.read().seq > 0


def test_damaged_states_are_counted_and_the_last_good_one_ages() -> None:
    bench = Bench("bad_crc@0.1").armed()
    bench.go(0.11)
    good = bench.robot.read()
    state = bench.go(0.1)
    assert state.bad_packets - good.bad_packets > 40
    assert (state.seq, state.time) == (good.seq, good.time)
    with pytest.raises(LinkLost, match=r"no state for 0\.5"):
        bench.go(0.6)


def test_a_late_state_is_as_old_as_its_tick_says() -> None:
    bench = Bench("delay:ms=30@0.3").armed()
    young = bench.go(0.29)
    assert bench.clock.now() - young.time < 0.003
    old = bench.go(0.2)
    assert bench.clock.now() - old.time == pytest.approx(0.03, abs=0.004)


def test_a_frozen_robot_shows_a_tick_that_stands_still_and_a_state_that_ages() -> None:
    bench = Bench("freeze@0.3").armed()
    first, second = bench.go(0.32), bench.go(0.05)
    assert first.tick == second.tick
    assert second.seq > first.seq
    assert bench.clock.now() - second.time > 0.05


def test_states_out_of_order_never_go_back_in_time() -> None:
    bench = Bench("reorder:share=0.5").armed()
    ticks = [bench.go(PERIOD).tick for _ in range(100)]
    assert ticks == sorted(ticks)
    assert bench.robot.read().faults == ()


def test_a_reboot_is_a_fault_that_stays_until_it_is_armed_again() -> None:
    bench = Bench("reboot:seconds=0.3@1.0").armed()
    assert "the robot started anew" in bench.go(1.6).faults
    assert "the robot started anew" in bench.go(0.1).faults
    bench.robot.deactivate()
    bench.robot.activate()
    assert bench.go(0.1).faults == ()


def test_a_clock_that_jumps_ahead_is_a_fault_that_stays_until_it_is_armed_again() -> None:
    bench = Bench("tick_jump:seconds=0.3@0.2").armed()
    assert bench.go(0.19).faults == ()
    assert bench.go(0.02).faults == ("its clock jumped ahead by 0.30 s",)
    assert bench.go(0.5).faults == ("its clock jumped ahead by 0.30 s",)
    bench.robot.activate()
    assert bench.go(0.1).faults == ()


def test_motors_in_a_mode_that_nobody_asked_for_are_a_fault() -> None:
    bench = Bench("motor_mode:mode=10@0.1-0.2").armed()
    assert bench.go(0.09).faults == ()
    (fault,) = bench.go(0.02).faults
    assert fault.startswith("front_left_calf, ")
    assert fault.endswith("in a mode that nobody here asked for")
    assert bench.go(0.1).faults == ()


def test_a_motor_that_switches_itself_off_is_a_fault() -> None:
    bench = Bench("motor_fault:name=rear_left_thigh@0.1").armed()
    assert bench.go(0.05).faults == ()
    state = bench.go(0.1)
    assert state.faults == ("motor rear_left_thigh switched itself off",)
    assert state.lost[SPEC.motors.index("rear_left_thigh")] > 0.0


def test_the_remotes_emergency_buttons_are_a_fault_and_bar_arming() -> None:
    bench = Bench("remote_stop@0.1").armed()
    assert bench.go(0.05).faults == ()
    assert bench.go(0.1).faults == ("L2+B on the remote",)
    bench.robot.deactivate()
    with pytest.raises(RobotFault, match=r"not armed: L2\+B"):
        bench.robot.activate()


def test_heat_and_charge_are_passed_on() -> None:
    bench = Bench("overheat:name=front_left_hip,celsius=91", "battery_low:soc=9").armed()
    state = bench.go(0.02)
    assert state.motor_temperature[0] == 91.0
    assert state.charge == pytest.approx(0.09)


def test_life_cycle_calls_may_come_in_any_order_and_number() -> None:
    bench = Bench()
    with pytest.raises(LinkLost):
        bench.robot.read()
    with pytest.raises(RobotFault, match="call connect first"):
        bench.robot.activate()
    bench.robot.damp()
    bench.robot.close()
    for _ in range(2):
        bench.armed()
        bench.robot.damp()
        bench.robot.connect()
        bench.go(0.02)
        bench.robot.close()
        bench.robot.close()
        bench.robot.damp()
    with pytest.raises(LinkLost):
        bench.robot.read()


def test_a_network_that_cannot_be_joined_is_a_lost_link() -> None:
    def join() -> LockstepBus:
        raise BusError("no such interface")

    with pytest.raises(LinkLost, match="no such interface"):
        Go2(SPEC, VirtualClock(), join).connect()


def test_a_spec_of_another_robot_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a wire and motors servoed by position"):
        Go2(robots.spec("roach"), VirtualClock(), Bench().bus.join)
    wrong = replace(SPEC, wire=replace(WIRE, place=tuple(range(12))))
    with pytest.raises(ValueError, match="expected 'wire.place' to place"):
        Go2(wrong, VirtualClock(), Bench().bus.join)
