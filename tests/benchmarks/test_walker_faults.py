from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.walker import faults

CONTRACT = Path(__file__).resolve().parents[2] / "models" / "go2-walker.yaml"


def test_the_policy_that_comes_along_walks_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "SECONDS", 9.0)
    outcome = faults.walk(CONTRACT, "none", 0)
    assert not outcome.fell
    assert outcome.error < 0.1
    assert 0.5 < outcome.speed < 1.0
