from __future__ import annotations

import pytest

from benchmarks.go2_faults import try_fault


@pytest.mark.parametrize(
    "fault, phase, mode, within",
    [
        ("drop", "stand_up", "fault_damp", 0.06),
        ("motor_fault:name=front_left_calf", "stand_up", "fault_damp", 0.01),
        ("battery_low:soc=10", "stand_up", "damp", 0.01),
        ("mode_refused:answer=kept", "arm", "not armed", 0.01),
    ],
)
def test_a_fault_ends_where_it_should_in_time_and_without_a_command_outside_limits(
    fault: str, phase: str, mode: str, within: float
) -> None:
    cell = try_fault(fault, phase)
    assert (cell.mode, cell.outside, cell.fell) == (mode, 0, False)
    assert cell.seconds <= within
    assert cell.robot_damped == (fault == "drop")
