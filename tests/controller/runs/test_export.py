"""A log's numbers as columns, in files that other programs read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mcap", reason="the extra log is not installed")

from controller.runs.export import columns, export
from hardware.servo_log.reader import Entry, LogError, ServoLog


def log(cycles: int = 5) -> ServoLog:
    """Return a log whose last cycle was cut off before its command."""
    entries: list[Entry] = []
    for cycle in range(cycles):
        state = {"time": 0.1 * cycle, "motor_position": [1.0, None], "faults": ["hot"]}
        command = {"late": 1e-4, "mode": "run", "command": {"velocity": [float(cycle), 2]}}
        entries.append(Entry("state", 0.1 * cycle, json.dumps(state).encode()))
        entries.append(Entry("command", 0.1 * cycle, json.dumps(command).encode()))
    return ServoLog("loopback", tuple(entries[:-1]), cut=True)


def test_every_number_has_a_column_by_its_name() -> None:
    numbers = columns(log())
    assert list(numbers) == [
        *("state.time", "state.motor_position.0", "state.motor_position.1"),
        *("command.late", "command.command.velocity.0", "command.command.velocity.1"),
    ]
    assert numbers["command.command.velocity.0"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert np.isnan(numbers["state.motor_position.1"]).all()


def test_numbers_can_be_plotted_elsewhere(tmp_path: Path) -> None:
    export(log(), tmp_path / "run.npz")
    export(log(), tmp_path / "run.csv")
    with np.load(tmp_path / "run.npz") as stored:
        assert stored["state.time"].tolist() == columns(log())["state.time"].tolist()
    assert len((tmp_path / "run.csv").read_text().splitlines()) == 1 + 4
    with pytest.raises(LogError, match="expected a name that ends in .npz or .csv, got '.xls'"):
        export(log(), tmp_path / "run.xls")
