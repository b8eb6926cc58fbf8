from __future__ import annotations

from pathlib import Path

import pytest

from dynamics.files import whole


def broken_off(path: Path) -> None:
    with whole(path) as partial:
        partial.write_text("half")
        raise OSError("full")


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with whole(path) as partial:
        partial.write_text("first")
        assert not path.exists()
    assert path.read_text() == "first"
    with pytest.raises(OSError, match="full"):
        broken_off(path)
    assert path.read_text() == "first"
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


def test_two_who_write_at_once_do_not_write_into_one_file(tmp_path: Path) -> None:
    with whole(tmp_path / "a.json") as first, whole(tmp_path / "a.json") as second, whole(tmp_path / "a.csv") as other:
        for number, partial in enumerate((first, second, other)):
            partial.write_text(str(number))
        assert [partial.read_text() for partial in (first, second, other)] == ["0", "1", "2"]
    assert (tmp_path / "a.csv").read_text() == "2"
