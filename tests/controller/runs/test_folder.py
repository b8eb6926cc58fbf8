"""A folder belongs to one run, however many want it at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from controller.config import RunSettings
from controller.runs.folder import run_folder
from controller.settings.layers import ConfigError

MANY = 16


def taken(out: Path | None) -> Path | None:
    """Take a folder; None where another has it."""
    try:
        with run_folder(RunSettings(), out) as folder:
            return folder
    except ConfigError:
        return None


def test_runs_that_start_together_have_a_folder_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ThreadPoolExecutor(MANY) as executor:
        folders = set(executor.map(taken, [None] * MANY))
    assert None not in folders
    assert len(folders) == MANY
    assert {folder.name for folder in (tmp_path / "runs").iterdir()} == {folder.name for folder in folders if folder}


def test_of_those_that_want_one_folder_one_has_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(MANY) as executor:
        folders = list(executor.map(taken, [tmp_path / "out"] * MANY))
    assert folders.count(None) == MANY - 1
    with (
        pytest.raises(ConfigError, match="out holds a run already; choose another folder"),
        run_folder(RunSettings(), tmp_path / "out"),
    ):
        pass


def refused(out: Path) -> None:
    with run_folder(RunSettings(), out):
        raise ConfigError("no memory")


def test_a_run_that_is_refused_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no memory"):
        refused(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
