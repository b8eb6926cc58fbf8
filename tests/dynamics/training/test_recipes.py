from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from dynamics import factory
from dynamics.adapters.base import Adapter, AdapterSettings
from dynamics.adapters.bias_input import BiasInputSettings
from dynamics.adapters.context import AttentionSettings, BeliefSettings, LatentSettings, RecurrentSettings
from dynamics.adapters.finetune import FinetuneSettings
from dynamics.adapters.fixed import FixedSettings, InformedSettings
from dynamics.adapters.gradient import GradientSettings
from dynamics.adapters.last_layer import LastLayerSettings
from dynamics.adapters.priors import PriorsSettings
from dynamics.adapters.proposal import ProposalSettings
from dynamics.model import Model
from dynamics.network import Parts
from dynamics.training import evaluation
from dynamics.training.fit import FitSettings
from dynamics.training.recipes import Job, NetworkSettings, train, untrained
from dynamics.transitions import FloatArray
from tests.dynamics.toys import ACTIONS, SPACE, episodes

PLAIN = FitSettings(steps=1500, batch=128, rate=3e-3, validate_every=250)
META = FitSettings(steps=1200, batch=24, rate=3e-3, validate_every=200)
SHORT = FitSettings(steps=250, batch=24, rate=5e-3, validate_every=50)
RECIPES: dict[str, tuple[AdapterSettings, FitSettings]] = {
    "mb": (FixedSettings(), PLAIN),
    "mb_rollout": (FixedSettings(rollout=5), PLAIN),
    "informed": (InformedSettings(), PLAIN),
    "informed_rollout": (InformedSettings(rollout=5), PLAIN),
    "grbal": (GradientSettings(window=10, steps=1), META),
    "grbal_bias": (GradientSettings(window=10, steps=1, scope="bias", rate=0.3), SHORT),
    "grbal_last_layer": (GradientSettings(window=10, steps=1, scope="last_layer", rate=0.3), SHORT),
    "grbal_first_order": (GradientSettings(window=10, steps=1, second_order=False), SHORT),
    "grbal_rollout": (GradientSettings(window=10, steps=1, rollout=3), SHORT),
    "mr_maml": (GradientSettings(window=10, steps=1, regularisation=1e-6), SHORT),
    "bias_input": (BiasInputSettings(window=10, steps=2), SHORT),
    "priors": (PriorsSettings(window=10, steps=1, starts=2), SHORT),
    "rebal": (RecurrentSettings(window=10, hidden=16, latent=3), SHORT),
    "snail_rollout": (AttentionSettings(window=10, hidden=16, latent=3, rollout=5), SHORT),
    "snail": (AttentionSettings(window=10, hidden=16, latent=3), SHORT),
    "snail_grbal": (ProposalSettings(window=10, steps=1, hidden=16, latent=3), SHORT),
    "pearl": (LatentSettings(window=10, hidden=16, latent=3), SHORT),
    "belief": (BeliefSettings(window=10, hidden=16), SHORT),
    "alpaca": (LastLayerSettings(window=10), SHORT),
}
ADAPTIVE = tuple(name for name in RECIPES if not name.startswith(("mb", "informed")))


@pytest.fixture(scope="module")
def errors() -> dict[str, np.ndarray]:
    """Train every recipe on vehicles with a hidden gain, and judge it on gains that were not seen."""
    torch.set_num_threads(1)
    data = [episodes(np.random.default_rng(seed), count) for seed, count in ((0, 120), (1, 20), (2, 40))]
    job = Job(data[0], data[1], seed=0)
    found = {}
    for name, (settings, fit) in RECIPES.items():
        start = untrained(SPACE, ACTIONS, data[0], NetworkSettings((24, 24)), 0, told=factory.KINDS[settings.kind].told)
        model, parts = train(
            start, job, factory.objective(settings, start), 1 if name in {"mb", "informed"} else 5, fit
        )
        kinds: dict[str, AdapterSettings] = {name: settings}
        if name == "mb":
            kinds["mb_de"] = FinetuneSettings(window=10, rate=0.05)
        for kind, adapter in kinds.items():
            found[kind] = evaluation.online_errors(model, _maker(adapter, model, parts), data[2], 10, 5).one_step
        if name == "grbal":
            make = _maker(settings, model, parts)
            found["grbal_prior"] = evaluation.online_errors(model, make, data[2], 10, 5, adapted=False).one_step
    return found


def _maker(settings: AdapterSettings, model: Model, parts: Parts) -> evaluation.MakeAdapter:
    def make(condition: Callable[[], FloatArray]) -> Adapter:
        return factory.make(settings, model, parts, condition)

    return make


def test_recipes_rank_as_their_information_does(errors: dict[str, np.ndarray]) -> None:
    means = {name: float(rows.mean()) for name, rows in errors.items()}
    assert means["informed"] < means["grbal"] < means["mb"]
    assert means["grbal"] < 0.5 * means["grbal_prior"]


@pytest.mark.parametrize("name", ADAPTIVE)
def test_every_way_to_adapt_beats_the_plain_model(name: str, errors: dict[str, np.ndarray]) -> None:
    assert errors[name].mean() < 0.8 * errors["mb"].mean()


def test_meta_training_closes_most_of_the_gap(errors: dict[str, np.ndarray]) -> None:
    plain, adapted, informed = (errors[name].mean() for name in ("mb", "grbal", "informed"))
    assert plain - adapted > 0.5 * (plain - informed)


def test_errors_of_all_recipes_are_of_the_same_queries(errors: dict[str, np.ndarray]) -> None:
    assert {rows.shape for rows in errors.values()} == {(40, 6)}
