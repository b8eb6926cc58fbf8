"""A reader learns what it is shown, names it on episodes it never saw, and its intervals hold what they promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from dynamics.diagnosis import learning
from dynamics.diagnosis.learning import HALF_WIDTH, Cases
from dynamics.diagnosis.reader import Calibration, Facts, Reader, Reading
from dynamics.encoders import initial_recurrent
from dynamics.model import Normalizer
from dynamics.training.fit import FitSettings

FACTS = Facts("toy", 0.1, 5, ("a", "b", "c"), ("none", "wind", "dead:left", "dead:right"), ("wind.speed",))
NOISE = 0.5


def blank() -> Reader:
    scaling = Normalizer(np.zeros(3), np.ones(3), 5.0)
    weights = initial_recurrent(3, 16, FACTS.size, torch.Generator().manual_seed(0))
    return Reader(FACTS, scaling, Normalizer(np.array([2.0]), np.array([0.5])), np.full(4, 0.25), weights)


def episodes(seed: int, count: int = 160, ticks: int = 20) -> Cases:
    """Wind of a speed is seen in a, with noise; a dead left in b, a dead right in c. All sets in on the way."""
    rng = np.random.default_rng(seed)
    causes, amounts = np.zeros((count, ticks), np.int64), np.full((count, ticks, 1), np.nan, np.float32)
    inputs = rng.normal(0.0, NOISE, (count, ticks, 3))
    for row in range(count):
        cause, onset, speed = row % 4, int(rng.integers(3, 10)), float(rng.uniform(1.0, 3.0))
        if cause:
            causes[row, onset:] = cause
            inputs[row, onset:, cause - 1] += speed if cause == 1 else 2.0
        if cause == 1:
            amounts[row, onset:, 0] = speed
    return Cases(inputs.astype(np.float32), causes, amounts, np.full(count, ticks))


@pytest.fixture(scope="module")
def trained() -> Reader:
    fit = FitSettings(steps=400, batch=64, rate=5e-3, validate_every=100)
    return learning.calibrate(learning.train(blank(), episodes(0), episodes(1), fit, 16, 0), episodes(1))


def test_it_names_what_it_never_saw_and_where(trained: Reader) -> None:
    cases = episodes(2)
    belief = learning.beliefs(trained, learning.readings(trained, cases), trained.facts.calibration)
    assert np.mean(belief[:, -1].argmax(axis=-1) == cases.causes[:, -1]) > 0.95


def test_nine_in_ten_truths_lie_in_their_interval(trained: Reader) -> None:
    cases = episodes(3, count=400)
    found = learning.readings(trained, cases)
    late = cases.causes[:, -1] == 1
    off = np.abs(cases.amounts[late, -1, 0] - found.means[late, -1, 0]) / found.deviations[late, -1, 0]
    assert 0.8 < np.mean(off <= HALF_WIDTH) < 0.98
    assert 0.05 < float(np.median(found.deviations[late, -1, 0])) < 0.5  # five ticks of that noise: 0.22


def test_calibration_widens_intervals_that_are_too_narrow() -> None:
    rng, counts = np.random.default_rng(0), np.ones((200, 10), bool)
    cases = Cases(
        np.zeros((200, 10, 3), np.float32),
        np.ones((200, 10), np.int64),
        rng.normal(0.0, 1.0, (200, 10, 1)).astype(np.float32),
        np.full(200, 10),
    )
    sure = np.log(np.array([0.01, 0.97, 0.01, 0.01]))
    found = Reading(np.tile(sure, (200, 10, 1)), np.zeros((200, 10, 1)), np.full((200, 10, 1), 0.5))
    assert learning.spread(found, cases, counts) == pytest.approx(2.0, rel=0.1)


def test_what_was_fitted_is_what_is_used(trained: Reader) -> None:
    cases = episodes(4, count=8)
    found = learning.readings(trained, cases)
    own = learning.beliefs(trained, found, trained.facts.calibration)
    assert not np.allclose(own, learning.beliefs(trained, found, Calibration(worth=0.01, change=0.5)))
    wide = replace(trained, facts=replace(trained.facts, calibration=replace(trained.facts.calibration, spread=9.0)))
    assert (learning.readings(wide, cases).deviations > found.deviations).all()


def test_one_window_reads_as_many_do(trained: Reader) -> None:
    cases = episodes(5, count=4)
    found, one = learning.readings(trained, cases), trained.read(cases.ticks[1, 3:8].astype(np.float64))
    assert one.log_probabilities == pytest.approx(found.log_probabilities[1, 7], abs=1e-4)
    assert one.means == pytest.approx(found.means[1, 7], abs=1e-4)
