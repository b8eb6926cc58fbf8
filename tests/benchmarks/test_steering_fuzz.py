from __future__ import annotations

from collections.abc import Mapping

import pytest

pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")


from benchmarks.steering_fuzz import attempt
from controller.steering import helm
from controller.steering.datagram import Address, Datagrams


def attacked(kind: str) -> tuple[list[str], Mapping[str, int]]:
    return attempt(kind, lambda: Datagrams(Address(0)), seed=1)


@pytest.mark.parametrize("kind", ["flood", "second writer"])
def test_a_robot_stands_whatever_comes_in_place_of_commands(kind: str) -> None:
    wrong, counts = attacked(kind)
    assert wrong == []
    assert counts["commands"] >= 50


def test_a_robot_that_goes_on_without_commands_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helm, "TIMEOUT", 60.0)
    wrong, _ = attacked("silence")
    assert "expected to stand, got ok" in wrong[0]
