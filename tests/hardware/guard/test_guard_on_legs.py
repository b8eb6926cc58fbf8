"""The guard on a robot servoed by position: it stands up, runs, sits down, holds, damps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from hardware.guard.guard import Guard, Verdict
from hardware.guard.posture import Move
from hardware.guard.state_machine import Mode
from hardware.motors import FASTEST_RISE
from hardware.robot import CommandMode, FloatArray, RobotCommand, RobotState
from tests.hardware.four_legs import COUNT, GO2, command, joints, pose, state
from tests.hardware.guard_machine import GuardMachine

DT = 1.0 / GO2.servo_hz


class Rig:
    """Ideal joints that are where they were sent."""

    def __init__(self) -> None:
        self.guard, self.now, self.angles = Guard(GO2), 0.0, pose("sit")
        self.verdicts: list[Verdict] = []

    def cycle(self, wanted: RobotCommand | None, **ill: object) -> Verdict:
        self.now += DT
        seen: RobotState = replace(state(self.now, self.angles), **ill)  # type: ignore[arg-type]
        verdict = self.guard.check(wanted, seen, self.now)
        if verdict.command.mode is CommandMode.SERVO:
            self.angles = verdict.command.position.copy()
        self.verdicts.append(verdict)
        return verdict

    def play(self, seconds: float, angles: FloatArray | None = None) -> list[Mode]:
        """Run with a good plan; return the modes gone through."""
        modes = [self.guard.mode]
        for _ in range(round(seconds / DT)):
            mode = self.cycle(command(angles, expires=self.now + 0.05)).mode
            if mode is not modes[-1]:
                modes.append(mode)
        return modes

    def running(self) -> Rig:
        self.guard.request(Mode.RUN)
        self.play(2.5)
        assert self.guard.mode is Mode.RUN
        return self


def test_up_and_down_again() -> None:
    rig = Rig()
    rig.guard.request(Mode.RUN)
    assert rig.play(2.5) == [Mode.PASSIVE, Mode.DAMP, Mode.STAND_UP, Mode.STAND, Mode.RUN]
    assert rig.angles == pytest.approx(pose("stand"))
    rig.guard.request(Mode.PASSIVE)
    assert rig.play(3.0) == [Mode.RUN, Mode.STAND, Mode.SIT_DOWN, Mode.DAMP, Mode.PASSIVE]
    assert rig.angles == pytest.approx(pose("sit"))


def test_standing_up_is_smooth_and_starts_soft() -> None:
    rig = Rig()
    rig.guard.request(Mode.STAND)
    rig.play(2.5)
    sent = [verdict.command for verdict in rig.verdicts if verdict.command.mode is CommandMode.SERVO]
    steps = np.diff([each.position for each in sent], axis=0)
    assert np.abs(steps).max() < 1.1 * np.pi / 2 * np.abs(pose("stand") - pose("sit")).max() / 2.0 * DT
    assert np.abs(np.diff(steps, axis=0)).max() < 1e-4
    stiffness = [float(each.kp[0]) for each in sent]
    assert stiffness[0] < 1.0
    assert stiffness == sorted(stiffness)
    assert stiffness[-1] == 60.0


def test_a_robot_that_stands_already_is_up_at_once() -> None:
    rig = Rig()
    rig.angles = pose("stand")
    rig.guard.request(Mode.RUN)
    assert rig.play(0.2)[-1] is Mode.RUN


def test_a_robot_held_down_does_not_count_as_standing() -> None:
    move = Move(joints(), pose("stand"), pose("sit"), np.zeros(COUNT), np.zeros(COUNT), 0.0)
    assert not move.arrived(state(angles=pose("sit")), 9.0)
    assert move.arrived(state(angles=pose("stand") + 0.1), 9.0)
    assert not move.arrived(state(angles=pose("stand")), 1.9)


def test_without_commands_it_is_held_then_damped_and_stays_so() -> None:
    rig = Rig().running()
    held = [rig.cycle(None) for _ in range(49)]
    assert all(each.command.mode is CommandMode.SERVO for each in held)
    assert all("hold" in each.reasons[0] for each in held)
    assert all(not each.command.velocity.any() for each in held)
    later = [rig.cycle(None) for _ in range(3)]
    assert later[-1].command.mode is CommandMode.DAMP
    assert rig.play(1.0) == [Mode.DAMP]
    rig.guard.request(Mode.RUN)
    assert rig.play(3.0)[-1] is Mode.RUN


@pytest.mark.parametrize("bad", [np.full(COUNT, np.nan), np.zeros(3)])
def test_rubbish_is_held_over_like_nothing(bad: FloatArray) -> None:
    rig = Rig().running()
    for _ in range(10):
        verdict = rig.cycle(replace(command(expires=rig.now + 1.0), position=bad))
        assert verdict.command.mode is CommandMode.SERVO
        assert not verdict.follows
    assert rig.cycle(command(expires=rig.now + 1.0)).follows


def test_a_soft_trip_sits_down_and_keeps_the_robot_there() -> None:
    rig = Rig().running()
    rig.cycle(command(expires=rig.now + 1.0), charge=0.1)
    assert rig.play(2.5) == [Mode.SIT_DOWN, Mode.DAMP]
    assert rig.angles == pytest.approx(pose("sit"))
    assert str(rig.guard.fault) == "charge: 10 %, at least 15"
    assert not rig.guard.request(Mode.RUN)
    assert rig.guard.reset(state(rig.now, rig.angles), rig.now) == ()
    assert rig.guard.request(Mode.RUN)


def test_one_that_is_asked_to_sit_down_is_down_as_fast_as_it_would_fall() -> None:
    rig = Rig().running()
    rig.guard.request(Mode.SIT_DOWN)
    assert rig.play(FASTEST_RISE + 0.05) == [Mode.RUN, Mode.SIT_DOWN, Mode.DAMP]
    assert rig.angles == pytest.approx(pose("sit"), abs=0.02)
    assert rig.guard.fault is None


def test_a_stop_that_is_reset_before_the_next_cycle_leaves_nothing_driven() -> None:
    rig = Rig()
    rig.guard.request(Mode.STAND)
    rig.play(2.5)
    rig.guard.request(Mode.ESTOP)
    assert rig.guard.reset(state(rig.now, rig.angles), rig.now) == ()
    verdict = rig.cycle(None)
    assert (verdict.mode, verdict.command.mode) == (Mode.DAMP, CommandMode.DAMP)


def test_a_leg_that_cannot_fold_does_not_keep_it_from_being_damped() -> None:
    rig = Rig()
    rig.guard.request(Mode.STAND)
    rig.play(2.5)
    modes = [Mode.STAND]
    for _ in range(round(10.0 / DT)):
        blocked = np.concatenate((pose("stand")[:3], rig.angles[3:]))
        mode = rig.cycle(None, motor_position=blocked, motor_temperature=np.full(COUNT, 85.0)).mode
        modes += [mode] if mode is not modes[-1] else []
        if mode is Mode.DAMP:
            break
    assert modes == [Mode.STAND, Mode.SIT_DOWN, Mode.DAMP]
    assert len(rig.verdicts) * DT - 2.5 < joints().rise_seconds
    assert str(rig.verdicts[-1].trips[-1]).endswith("behind its way down, limit 0.35: front_left_calf")


def test_a_limp_joint_is_no_fault_of_a_robot_that_walked_and_goes_down() -> None:
    rig = Rig().running()
    rig.guard.request(Mode.DAMP)
    for _ in range(round(5.0 / DT)):
        limp = np.maximum(rig.angles - 0.6 * (np.arange(COUNT) == 2), GO2.limits.position_low)
        verdict = rig.cycle(None, motor_position=limp)
        assert verdict.fault is None
    assert verdict.mode is Mode.DAMP


def test_a_leg_that_folds_only_just_ends_the_way_down_when_its_time_is_over() -> None:
    rig = Rig()
    rig.guard.request(Mode.STAND)
    rig.play(2.5)
    rig.guard.request(Mode.DAMP)
    modes = [rig.cycle(None, motor_position=rig.angles + 0.41 * (np.arange(COUNT) == 0)).mode for _ in range(2000)]
    down = [mode is Mode.SIT_DOWN for mode in modes]
    assert 3.0 <= sum(down) * DT < 3.1
    assert modes[-1] is Mode.DAMP


def test_a_hard_trip_damps_in_the_same_cycle_from_any_mode() -> None:
    for target, seconds in ((Mode.RUN, 2.5), (Mode.STAND, 2.5), (Mode.STAND, 1.0), (Mode.DAMP, 0.1)):
        rig = Rig()
        rig.guard.request(target)
        rig.play(seconds)
        verdict = rig.cycle(command(expires=rig.now + 1.0), faults=("motor 3",))
        assert (verdict.command.mode, verdict.mode) == (CommandMode.DAMP, Mode.FAULT_DAMP)
        assert verdict.command.kd.tolist() == [5.0] * COUNT
        assert rig.play(0.1) == [Mode.FAULT_DAMP]


def test_a_robot_that_was_not_looked_after_for_too_long_is_damped_before_the_next_set_point() -> None:
    rig = Rig().running()
    rig.now += 0.04
    assert rig.cycle(command(expires=rig.now + 1.0)).mode is Mode.RUN
    rig.now += 3.0
    verdict = rig.cycle(command(expires=rig.now + 1.0))
    assert (verdict.command.mode, verdict.mode) == (CommandMode.DAMP, Mode.FAULT_DAMP)
    assert "3 s without a cycle" in str(verdict.fault)


def test_a_robot_whose_motors_are_off_may_wait() -> None:
    rig = Rig()
    rig.cycle(None)
    rig.now += 60.0
    rig.guard.request(Mode.STAND)
    assert Mode.FAULT_DAMP not in rig.play(0.1)


def test_a_robot_that_stands_up_against_something_gives_up() -> None:
    for heavy, within in ((0.0, 1.1), (0.6, 2.2)):
        rig = Rig()
        rig.guard.request(Mode.RUN)
        for cycle in range(round(within / DT)):
            angles = pose("sit") + heavy * (rig.angles - pose("sit")) + 1e-6 * np.sin(cycle)
            verdict = rig.cycle(command(expires=rig.now + 0.05), motor_position=angles)
        assert verdict.fault is not None
        assert verdict.fault.check == "stand_up"
        assert verdict.mode in {Mode.SIT_DOWN, Mode.DAMP}


def test_it_does_not_run_before_there_is_a_plan() -> None:
    rig = Rig()
    rig.guard.request(Mode.RUN)
    for _ in range(1300):
        rig.cycle(None)
    assert rig.guard.mode is Mode.STAND
    assert rig.cycle(command(expires=rig.now + 1.0)).mode is Mode.RUN


def test_joints_that_cannot_be_read_end_in_damping() -> None:
    rig = Rig().running()
    verdict = rig.cycle(command(expires=rig.now + 1.0), motor_position=np.full(COUNT, np.nan))
    assert (verdict.command.mode, verdict.mode) == (CommandMode.DAMP, Mode.FAULT_DAMP)


TestGuardMachine = GuardMachine.TestCase
TestGuardMachine.settings = settings(
    max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
