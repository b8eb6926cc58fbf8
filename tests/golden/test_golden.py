"""What Limber did to the last bit when it was recorded, it does still: the quickest of the recorded cases."""

from __future__ import annotations

import math

import pytest

from tests.golden import record
from tests.golden.cases import CASES, Figures
from tests.golden.record import Difference, differences


@pytest.fixture(scope="module")
def before() -> Figures:
    """What was recorded, where this machine can be held to it."""
    found = record.recorded()
    strange = differences(found["arithmetic"], record.arithmetic())
    if strange:
        pytest.skip(f"the bits were recorded with other arithmetic or versions: {'; '.join(map(str, strange))}")
    cases: Figures = found["cases"]
    return cases


@pytest.mark.parametrize("name", ["roach-snail", "go2-snail", "go2-training"])
def test_what_was_recorded_is_so_still(name: str, before: Figures) -> None:
    found = differences(before[name], record.measure(CASES[name]))
    assert not found, "\n".join(map(str, found))


def test_every_case_is_recorded_and_no_other() -> None:
    assert set(record.recorded()["cases"]) == set(CASES)


def test_a_difference_of_one_bit_is_found_and_told() -> None:
    before = {"cost": 0.1, "belief": ["slope"], "logs": {"log": {"each": "aabbcc"}}}
    assert not differences(before, before | {"added": 1})
    now = {"cost": math.nextafter(0.1, 1.0), "belief": [], "logs": {"log": {"each": "aabddd"}}}
    cost, belief, ticks = differences(before, now)
    assert str(cost) == "cost: recorded 0.1, got 0.10000000000000002"
    assert belief == Difference("belief.0", "slope", "absent")
    assert str(ticks) == "logs.log.each: of 3 ticks the first that differs is about number 1"
