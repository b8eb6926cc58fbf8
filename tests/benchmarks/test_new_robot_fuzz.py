from __future__ import annotations

from pathlib import Path

from benchmarks.new_robot_fuzz.trial import fuzz


def test_robots_made_at_random_are_usable_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes, defects, lines = fuzz(range(20), 5, tmp_path)
    assert defects == []
    assert outcomes["usable"] >= 5
    assert outcomes["refused"] >= 3
    assert all("\n" not in line for line in lines)
