"""The encoder's proposal refined by steps: derivatives through both, and what either does alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dynamics import checkpoint, factory
from dynamics.adapters.base import Status
from dynamics.adapters.proposal import ProposalSettings
from dynamics.checkpoint import Checkpoint
from dynamics.meta import Windows
from dynamics.model import Model
from dynamics.network import Parts
from tests.dynamics import adapted as every
from tests.dynamics.toys import double, window

BOTH = ProposalSettings(window=6, steps=2, hidden=8, latent=3, rate=0.02)


def subject() -> tuple[Model, Parts]:
    model, parts = every.subject(BOTH)
    twice = {name: tuple(w.double() for w in weights) for name, weights in parts.items()}
    return double(model), {"prior": double(model).prior, **twice}


def windows(model: Model) -> Windows:
    generator = torch.Generator().manual_seed(2)
    shapes = [(6, model.num_inputs), (6, model.space.size), (4, model.num_inputs), (4, model.space.size)]
    return Windows(*(torch.randn(3, *shape, generator=generator).double() for shape in shapes))


@pytest.mark.parametrize("rollout", [1, 3])
@pytest.mark.parametrize("seed", range(8))  # the encoder alone, the steps alone, and both: as the draw has it
def test_gradient_equals_finite_differences(seed: int, rollout: int) -> None:
    model, parts = subject()
    objective, data = factory.objective(replace(BOTH, rollout=rollout), model), windows(model)

    def loss(given: Parts) -> torch.Tensor:
        return objective.loss(given, data, torch.Generator().manual_seed(seed))

    leaves = {name: tuple(w.clone().requires_grad_() for w in weights) for name, weights in parts.items()}
    loss(leaves).backward()  # type: ignore[no-untyped-call]
    pick = np.random.default_rng(seed)
    for name, weights in leaves.items():
        for index, leaf in enumerate(weights):
            place, values = int(pick.integers(leaf.numel())), []
            for sign in (1, -1):
                moved = [w.clone() for w in parts[name]]
                moved[index].view(-1)[place] += sign * 1e-6
                values.append(float(loss({**parts, name: tuple(moved)})))
            slope = 0.0 if leaf.grad is None else float(leaf.grad.view(-1)[place])
            assert slope == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-4, abs=1e-8)


def test_the_outer_gradient_reaches_the_encoder_through_the_steps() -> None:
    model, parts = subject()
    slopes = []
    for steps in (0, 2):
        encoder = tuple(w.clone().requires_grad_() for w in parts["encoder"])
        objective = factory.objective(replace(BOTH, steps=steps), model)
        given = {**parts, "encoder": encoder}
        generator = torch.Generator().manual_seed(next(s for s in range(99) if 0.3 < _drawn(s) < 0.8))
        objective.loss(given, windows(model), generator).backward()  # type: ignore[no-untyped-call]
        slopes.append(encoder[0].grad)
    assert slopes[0] is not None
    assert slopes[1] is not None
    assert not torch.allclose(slopes[0], slopes[1])


def _drawn(seed: int) -> float:
    return float(torch.rand((), generator=torch.Generator().manual_seed(seed)))


def test_steps_start_from_the_prior_where_the_proposal_explains_the_window_worse() -> None:
    model, parts = every.subject(BOTH)
    wild = {**parts, "entry": tuple(100 * w for w in parts["entry"])}
    seen = window(np.random.default_rng(3), 6)
    found, alone = (
        factory.make(settings, model, wild).adapt(factory.make(settings, model, wild).initial(), seen)
        for settings in (BOTH, replace(BOTH, proposes=False))
    )
    assert all(torch.equal(a, b) for a, b in zip(found.weights, alone.weights, strict=True))


def test_steps_that_only_overshoot_leave_the_proposal() -> None:
    model, parts = every.subject(BOTH)
    wild = {**parts, "rates": tuple(1e6 * w for w in parts["rates"])}
    seen = window(np.random.default_rng(8), 6)
    found, still = (
        factory.make(settings, model, wild).adapt(factory.make(settings, model, wild).initial(), seen)
        for settings in (BOTH, replace(BOTH, steps=0))
    )
    assert found.status is Status.OK
    assert all(torch.equal(a, b) for a, b in zip(found.weights, still.weights, strict=True))


def test_a_checkpoint_brings_back_the_same_adapter(tmp_path: Path) -> None:
    model, parts = every.subject(BOTH)
    checkpoint.save(Checkpoint("toy", "snail_grbal", 0.1, model, BOTH, parts, {}), tmp_path / "a.safetensors")
    loaded = checkpoint.load(tmp_path / "a.safetensors")
    assert loaded.adapter == BOTH
    seen = window(np.random.default_rng(3), 6)
    made = [factory.make(BOTH, model, parts), factory.make(loaded.adapter, loaded.model, loaded.parts)]
    found = [adapter.adapt(adapter.initial(), seen).weights for adapter in made]
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
