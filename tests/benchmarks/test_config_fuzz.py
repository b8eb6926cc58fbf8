from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("mcap", reason="the extra log is not installed")

from benchmarks.config_fuzz import fuzz


def test_broken_files_are_read_within_their_ranges_or_refused_in_one_line(tmp_path: Path) -> None:
    found, defects = fuzz(100, 1, tmp_path)
    assert defects == []
    for outcomes in found.values():
        assert outcomes["refused"] > 0
        assert outcomes.total() == 25
    assert found["checkpoint"]["accepted"] > 0
    assert found["log"]["accepted"] > 0
