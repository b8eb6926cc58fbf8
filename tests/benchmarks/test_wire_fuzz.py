from __future__ import annotations

import pytest

pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")

from benchmarks.wire_fuzz import fuzz
from hardware.emulators.go2.wire import Refusal


def test_damaged_messages_are_refused_for_the_right_reasons_and_never_believed() -> None:
    tally = fuzz(15_000, seed=1)
    assert tally.messages == 15_000
    assert sum(tally.forged.values()) == 0
    assert set(tally.refused["state"]) <= {"length", "encapsulation", "padding", "crc", "head", "not finite"}
    assert set(tally.refused["command"]) <= {refusal.value for refusal in Refusal}
    assert {"length", "encapsulation", "crc", "not finite"} <= set(tally.refused["state"])
    assert {"length", "encapsulation", "crc", "not_finite"} <= set(tally.refused["command"])
    assert set(tally.refused["sport"]) == {"length", "encapsulation", "not finite"}
    assert set(tally.refused["request"]) == {"unreadable", "no velocity"}
    assert 0 < tally.accepted["state"] < 900  # whose check sum was put right again, and nothing else was wrong
