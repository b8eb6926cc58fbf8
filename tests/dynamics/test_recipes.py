from __future__ import annotations

import numpy as np
import pytest
import torch

from dynamics import dataset, evaluation
from dynamics.adapters.finetune import FinetuneSettings
from dynamics.adapters.gradient import GradientSettings
from dynamics.fit import FitSettings
from dynamics.recipes import Job, NetworkSettings, train_gradient, train_plain, untrained
from tests.dynamics.toys import ACTIONS, SPACE, episodes

ADAPTER = GradientSettings(window=10, steps=1, rate=0.1)
NETWORK = NetworkSettings((24, 24))


@pytest.fixture(scope="module")
def errors() -> dict[str, np.ndarray]:
    """Train every recipe on vehicles with a hidden gain, and judge it on gains that were not seen."""
    torch.set_num_threads(1)
    data = [episodes(np.random.default_rng(seed), count) for seed, count in ((0, 120), (1, 20), (2, 40))]
    job = Job(data[0], data[1], seed=0)
    plain_fit = FitSettings(steps=1500, batch=128, rate=3e-3, validate_every=250)
    meta_fit = FitSettings(steps=1200, batch=24, rate=3e-3, validate_every=200)
    models = {told: untrained(SPACE, ACTIONS, data[0], NETWORK, 0, told=told) for told in (False, True)}
    plain, informed = (train_plain(models[told], job, plain_fit) for told in (False, True))
    meta, rates = train_gradient(models[False], job, ADAPTER, 5, meta_fit)
    seen, told = dataset.encode(plain, data[2]), dataset.encode(informed, data[2])
    return {
        "mb": evaluation.plain_errors(plain, seen, 10, 5),
        "mb_de": evaluation.finetuned_errors(plain, FinetuneSettings(window=10, rate=0.05), seen, 10, 5),
        "grbal": evaluation.adapted_errors(meta, rates, ADAPTER, seen, 5),
        "prior": evaluation.plain_errors(meta, seen, 10, 5),
        "informed": evaluation.plain_errors(informed, told, 10, 5),
    }


def test_recipes_rank_as_their_information_does(errors: dict[str, np.ndarray]) -> None:
    means = {name: float(rows.mean()) for name, rows in errors.items()}
    assert means["informed"] < means["grbal"] < means["mb"]
    assert means["grbal"] < 0.5 * means["prior"]


def test_meta_training_closes_most_of_the_gap(errors: dict[str, np.ndarray]) -> None:
    gap = evaluation.gap_closed(errors["mb"], errors["grbal"], errors["informed"], np.random.default_rng(0), 200)
    assert gap.mean > 0.5
    assert gap.low < gap.mean < gap.high


def test_errors_of_all_recipes_are_of_the_same_queries(errors: dict[str, np.ndarray]) -> None:
    assert {rows.shape for rows in errors.values()} == {(40, 6)}


def test_interval_covers_the_mean_and_shrinks_with_data() -> None:
    rng = np.random.default_rng(0)
    few, many = (evaluation.interval(rng.normal(1, 1, (count, 3)), rng, 300) for count in (10, 1000))
    assert few.low < few.mean < few.high
    assert many.high - many.low < few.high - few.low
