"""Every adapter through the same properties."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dynamics.adapters.base import Adapter
from dynamics.adapters.factory import AdapterSettings, make
from dynamics.adapters.finetune import FinetuneSettings
from dynamics.adapters.fixed import FixedSettings
from dynamics.adapters.gradient import GradientSettings
from dynamics.adapters.informed import InformedSettings
from dynamics.model import encode
from dynamics.network import Weights, squared_error
from dynamics.transitions import Transitions
from tests.dynamics.toys import model, window

ALL: tuple[AdapterSettings, ...] = (
    FixedSettings(),
    FinetuneSettings(window=6, rate=0.05),
    GradientSettings(window=6, steps=2),
    InformedSettings(),
)


@pytest.fixture(params=ALL, ids=lambda settings: settings.kind)
def adapter(request: pytest.FixtureRequest) -> Adapter:
    subject = model(np.random.default_rng(0), told=isinstance(request.param, InformedSettings), members=2)
    rates = tuple(torch.full_like(w, 0.1) for w in subject.prior)
    return make(request.param, subject, rates, lambda: np.array([0.7]))


def equal(a: Weights, b: Weights) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def run(seed: int, length: int = 8) -> Transitions:
    return window(np.random.default_rng(seed), length)


def test_weights_fit_the_planning_kernel(adapter: Adapter) -> None:
    for weights in (adapter.initial(), adapter.adapt(adapter.initial(), run(1))):
        assert weights[0].shape[:2] == (
            2,
            5,
        )  # 3 features, 2 actions, no condition inputs left
        assert weights[-1].shape == (2, 5)
        assert all(bool(torch.isfinite(w).all()) and not w.requires_grad for w in weights)


@pytest.mark.parametrize("length", [1, 3, 6, 20])
def test_windows_shorter_and_longer_than_m_are_handled(adapter: Adapter, length: int) -> None:
    assert all(bool(torch.isfinite(w).all()) for w in adapter.adapt(adapter.initial(), run(2, length)))


def test_nothing_leaks_over_a_reset(adapter: Adapter) -> None:
    fresh = adapter.adapt(adapter.initial(), run(3))
    adapter.adapt(adapter.adapt(adapter.initial(), run(4)), run(5))
    assert equal(adapter.adapt(adapter.initial(), run(3)), fresh)


def test_neither_window_nor_weights_nor_prior_are_mutated(adapter: Adapter) -> None:
    before, current = run(6), adapter.initial()
    copies = before.states.copy(), before.actions.copy(), before.next_states.copy()
    weights = tuple(w.clone() for w in current)
    adapter.adapt(current, before)
    for array, copy in zip((before.states, before.actions, before.next_states), copies, strict=True):
        np.testing.assert_array_equal(array, copy)
    assert equal(current, weights)
    assert equal(adapter.initial(), weights)


def test_same_window_same_weights(adapter: Adapter) -> None:
    assert equal(adapter.adapt(adapter.initial(), run(7)), adapter.adapt(adapter.initial(), run(7)))


@pytest.mark.parametrize("settings", [ALL[1], ALL[2]], ids=lambda settings: settings.kind)
def test_the_newest_transition_is_in_the_window(settings: AdapterSettings) -> None:
    subject = model(np.random.default_rng(0))
    learner = make(settings, subject, tuple(torch.full_like(w, 0.1) for w in subject.prior), None)
    history = run(8, 6)
    changed = history.next_states.copy()
    changed[-1, 3] += 1.0
    other = Transitions(history.states, history.actions, changed)
    assert not equal(learner.adapt(learner.initial(), history), learner.adapt(learner.initial(), other))


def test_gradient_starts_afresh_and_finetune_carries_on() -> None:
    subject = model(np.random.default_rng(0))
    rates = tuple(torch.full_like(w, 0.1) for w in subject.prior)
    grbal, tuned = make(ALL[2], subject, rates, None), make(ALL[1], subject, None, None)
    moved = tuple(w + 0.1 for w in subject.prior)
    assert equal(grbal.adapt(moved, run(9)), grbal.adapt(subject.prior, run(9)))
    assert not equal(tuned.adapt(moved, run(9)), tuned.adapt(subject.prior, run(9)))


def test_what_an_adapter_needs_is_asked_for() -> None:
    subject = model(np.random.default_rng(0))
    with pytest.raises(ValueError, match="expected step sizes"):
        make(ALL[2], subject, None, None)
    with pytest.raises(ValueError, match="knows its condition"):
        make(ALL[3], subject, None, None)
    with pytest.raises(ValueError, match="condition: expected shape None"):
        make(ALL[3], subject, None, lambda: np.zeros(1)).initial()


def test_a_window_that_is_not_full_moves_the_weights_less() -> None:
    subject = model(np.random.default_rng(0))
    rates = tuple(torch.full_like(w, 0.1) for w in subject.prior)
    grbal = make(GradientSettings(window=6, steps=1), subject, rates, None)
    whole = make(GradientSettings(window=1, steps=1), subject, rates, None)
    shifts = [
        torch.cat(
            [(w - p).flatten() for w, p in zip(learner.adapt(subject.prior, run(9, 1)), subject.prior, strict=True)]
        )
        for learner in (grbal, whole)
    ]
    torch.testing.assert_close(6 * shifts[0], shifts[1])


def test_a_window_may_count_in_full_before_it_is_full() -> None:
    subject = model(np.random.default_rng(0))
    rates = tuple(torch.full_like(w, 0.05) for w in subject.prior)
    early = make(GradientSettings(window=6, steps=1, full_from=3), subject, rates, None)
    whole = make(GradientSettings(window=3, steps=1), subject, rates, None)
    assert equal(early.adapt(early.initial(), run(2, 3)), whole.adapt(whole.initial(), run(2, 3)))
    with pytest.raises(ValueError, match="full_from: expected 1 to the window of 6, got 7"):
        GradientSettings(window=6, full_from=7)


@pytest.mark.parametrize("rate", [0.05, 1.0, 20.0, 1e4])
def test_steps_that_overshoot_are_shortened_until_they_explain_the_window(rate: float) -> None:
    subject = model(np.random.default_rng(0))
    rates = tuple(torch.full_like(w, rate) for w in subject.prior)
    grbal = make(GradientSettings(window=8, steps=2), subject, rates, None)
    seen = run(3, 8)
    before, after = (
        float(squared_error(weights, *encode(subject, seen)).sum())
        for weights in (subject.prior, grbal.adapt(grbal.initial(), seen))
    )
    assert after <= before


def test_more_steps_at_run_time_explain_the_window_better() -> None:
    subject, seen, left = model(np.random.default_rng(0)), run(3, 8), []
    rates = tuple(torch.full_like(w, 0.02) for w in subject.prior)
    for steps in (None, 3, 12):
        grbal = make(GradientSettings(window=8, steps=2, online_steps=steps), subject, rates, None)
        left.append(float(squared_error(grbal.adapt(grbal.initial(), seen), *encode(subject, seen)).sum()))
    assert left == sorted(left, reverse=True)
    assert left[-1] < left[0]
    with pytest.raises(ValueError, match="online_steps: expected 2, the steps of training, to 20, got 1"):
        GradientSettings(steps=2, online_steps=1)
