"""A reader's file holds all of it, and what is no such file is refused in one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dynamics.checkpoint import CheckpointError
from dynamics.diagnosis import reader
from tests.dynamics.diagnosis.test_learning import FACTS, blank


def test_probabilities_are_those_of_kinds_and_of_the_parts_within_them() -> None:
    said = torch.tensor([0.0, 1.0, 2.0, 5.0, -3.0, 0.5, 1.5, 0.0, 0.0])  # three kinds, four causes, an amount
    causes, _, _ = FACTS.parse(said)
    kinds = torch.softmax(said[:3], dim=-1)
    assert causes.exp().sum() == pytest.approx(1.0)
    assert causes.exp()[:2].tolist() == pytest.approx(kinds[:2].tolist())  # alone of their kind
    assert causes.exp()[2:].sum() == pytest.approx(float(kinds[2]))
    assert float(causes[3] - causes[2]) == pytest.approx(1.0)


def test_half_of_the_changes_lead_to_nothing_and_kinds_share_the_rest() -> None:
    assert blank().fresh == pytest.approx([0.5, 0.25, 0.125, 0.125])


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    mine, path, window = blank(), tmp_path / "toy.safetensors", np.random.default_rng(0).normal(size=(5, 3))
    reader.save(mine, path)
    read = reader.load(path)
    assert read.facts == mine.facts
    assert np.array_equal(read.read(window).log_probabilities, mine.read(window).log_probabilities)


def test_what_was_not_measured_is_as_usual() -> None:
    window = np.random.default_rng(0).normal(size=(5, 3))
    unknown, usual = window.copy(), window.copy()
    unknown[:, 1], usual[:, 1] = np.nan, 0.0
    assert np.array_equal(blank().read(unknown).means, blank().read(usual).means)


def test_root_mean_squares_count_by_their_logarithm() -> None:
    """A joint that is stuck moves a tenth of one that hangs, and both little beside one that walks."""
    facts = replace(FACTS, inputs=("speed_rms", "error", "other"))
    rows = np.array([[0.06, -0.06, 3.0], [0.6, -0.6, 3.0], [0.0, np.nan, 3.0]])
    told = facts.unscaled(rows)
    assert told[1, 0] - told[0, 0] == pytest.approx(np.log(10.0))
    assert np.isfinite(told[:, 0]).all()
    assert np.array_equal(told[:, 1:], rows[:, 1:], equal_nan=True)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "toy.safetensors"
    path.write_bytes(b"rubbish")
    with pytest.raises(CheckpointError, match="expected a whole safetensors file"):
        reader.load(path)
    with pytest.raises(CheckpointError, match="expected format limber-diagnosis-2, got 'limber-checkpoint-1'"):
        reader.load(Path(__file__).parents[3] / "models" / "roach-mb.safetensors")
    reader.save(blank(), path)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"prior"', b'"rumor"'))
    with pytest.raises(CheckpointError, match="damaged or incomplete"):
        reader.load(path)
