from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.new_robot_fuzz.trial import fuzz, one


def test_robots_made_at_random_are_usable_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes, defects, lines = fuzz(range(20), 5, tmp_path)
    assert defects == []
    assert outcomes["usable"] >= 5
    assert outcomes["refused"] >= 3
    assert all("\n" not in line for line in lines)


@pytest.mark.parametrize("number", [292, 486])
def test_what_was_proposed_was_refused_once(tmp_path: Path, number: int) -> None:
    """Four legs on one side, whose numbers came first in their names; a joint that stands at the end of its range."""
    assert one(number, 0, tmp_path) == "usable"
