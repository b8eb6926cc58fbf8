from __future__ import annotations

import pytest

from benchmarks.go2_faults import Row, try_row


@pytest.mark.parametrize(
    "faults, phase, mode, within",
    [
        ("drop", "stand_up", "fault_damp", 0.06),
        ("motor_fault:name=front_left_calf", "stand_up", "fault_damp", 0.01),
        ("battery_low:soc=10", "stand_up", "damp", 0.01),
        ("mode_refused:answer=kept", "arm", "not armed", 0.01),
        ("mode_back:does=stand", "run", "fault_damp", 1.0),
        ("motors_off", "run", "fault_damp", 1.0),
        ("deaf", "run", "fault_damp", 1.0),
        ("second_writer", "stand", "fault_damp", 0.01),
        ("host_sleep", "stand", "fault_damp", 3.01),
        ("feet:kind=swapped", "run", "damp", 1.5),
        ("joints:kind=leg", "run", "fault_damp", 0.01),
        ("imu:kind=order", "run", "fault_damp", 0.1),
        ("lifted", "run", "damp", 1.5),
    ],
)
def test_a_fault_ends_where_it_should_in_time_and_without_a_command_outside_limits(
    faults: str, phase: str, mode: str, within: float
) -> None:
    cell = try_row(Row(faults, within=within), phase)
    assert (cell.mode, cell.outside, cell.by_guard, cell.status) == (mode, 0, False, 4)
    assert cell.named <= within
    assert cell.safe - cell.named < 4.5
    assert cell.robot_damped == (faults in {"drop", "host_sleep"})


@pytest.mark.parametrize("faults", ["dead_motor:name=rear_right_thigh", "imu:kind=other", "joints:kind=jumped"])
def test_what_a_robot_can_live_with_is_said_at_most(faults: str) -> None:
    cell = try_row(Row(faults, stops=False), "run")
    assert (cell.mode, cell.why, cell.outside, cell.fell == cell.fell) == ("run", "", 0, False)
    assert ("motor" in cell.said) == (faults != "imu:kind=other")
