"""Every adapter through the same properties."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from dynamics.adapters.base import Adapted, Adapter, AdapterSettings, Status, refit
from dynamics.adapters.context import AttentionSettings, BeliefSettings, LatentSettings, RecurrentSettings
from dynamics.adapters.gradient import GradientSettings
from dynamics.adapters.meta_gradient import MetaGradientSettings
from dynamics.adapters.priors import PriorsSettings
from dynamics.backpropagation import weights as as_weights
from dynamics.descent import Start, descended
from dynamics.descent import seen as read
from dynamics.factory import KINDS, make, objective
from dynamics.meta import Windows
from dynamics.model import encode
from dynamics.network import Weights, squared_error
from dynamics.transitions import Transitions
from tests.dynamics import adapted as every
from tests.dynamics.toys import window

TRAINED_AS_RUN = tuple(
    s for s in every.ADAPTING if s.kind not in {"finetune", "meta_gradient", "disturbance", "least_squares"}
)
"""Adapters whose objective does the same to a window as they do at run time."""


@pytest.fixture(params=every.ALL, ids=every.name)
def adapter(request: pytest.FixtureRequest) -> Adapter:
    return every.adapter(request.param)


def equal(a: Adapted, b: Adapted) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.weights, b.weights, strict=True))


def run(seed: int, length: int = 8) -> Transitions:
    return window(np.random.default_rng(seed), length)


def along(adapter: Adapter, history: Transitions) -> Adapted:
    """Adapt at every tick of a history, as a controller does."""
    current = adapter.initial()
    for now in range(1, len(history) + 1):
        parts = (part[max(0, now - adapter.window) : now] for part in vars(history).values())
        current = adapter.adapt(current, Transitions(*parts))
    return current


def test_weights_fit_the_planning_kernel(adapter: Adapter) -> None:
    for found in (adapter.initial(), adapter.adapt(adapter.initial(), run(1))):
        weights = found.weights
        assert weights[0].shape[:2] == (2, 5)  # 3 features, 2 actions, no condition inputs left
        assert weights[-1].shape == (2, 5)
        assert all(bool(torch.isfinite(w).all()) and not w.requires_grad for w in weights)


@pytest.mark.parametrize("length", [1, 3, 6, 20])
def test_windows_shorter_and_longer_than_m_are_handled(adapter: Adapter, length: int) -> None:
    found = adapter.adapt(adapter.initial(), run(2, length))
    assert all(bool(torch.isfinite(w).all()) for w in found.weights)


def test_nothing_leaks_over_a_reset(adapter: Adapter) -> None:
    fresh = along(adapter, run(3))
    adapter.adapt(along(adapter, run(4)), run(5))
    assert equal(along(adapter, run(3)), fresh)


def test_only_what_says_so_carries_something_on(adapter: Adapter) -> None:
    used = along(adapter, run(4, 20))
    assert equal(adapter.adapt(used, run(3)), adapter.adapt(adapter.initial(), run(3))) or adapter.carries


def test_neither_window_nor_weights_nor_prior_are_mutated(adapter: Adapter) -> None:
    before, current = run(6), along(adapter, run(5))
    copies = before.states.copy(), before.actions.copy(), before.next_states.copy()
    tensors = [*current.weights, *map(torch.from_numpy, current.memory), *adapter.initial().weights]
    clones = [w.clone() for w in tensors]
    adapter.adapt(current, before)
    for array, copy in zip((before.states, before.actions, before.next_states), copies, strict=True):
        np.testing.assert_array_equal(array, copy)
    assert all(torch.equal(a, b) for a, b in zip(tensors, clones, strict=True))
    assert all(
        torch.equal(a, b) for a, b in zip(adapter.initial().weights, clones[-len(current.weights) :], strict=True)
    )


@pytest.mark.parametrize("size", [1e6, 1e15, 1e30])
def test_an_absurd_window_gives_no_warning_and_no_exception_but_finite_weights(adapter: Adapter, size: float) -> None:
    seen = run(6)
    absurd = Transitions(seen.states, seen.actions, size * seen.next_states)
    along(adapter, absurd)
    found = refit(adapter, adapter.initial(), absurd)
    assert all(bool(torch.isfinite(w).all()) for w in found.weights)


def test_what_cannot_be_used_is_the_start_with_a_reason(adapter: Adapter) -> None:
    seen, current = run(6), along(adapter, run(5))
    blind = Transitions(seen.states, seen.actions * np.nan, seen.next_states)
    for history, status in ((None, Status.NOTHING_SEEN), (blind, Status.NOT_FINITE)):
        found = refit(adapter, current, history)
        assert found.status is status
        assert equal(found, adapter.initial())
    assert refit(adapter, current, seen).status in {Status.OK, Status.OVERSHOT}


def test_weights_that_are_not_finite_are_not_used() -> None:
    settings = MetaGradientSettings(window=6)
    subject, parts = every.subject(settings)
    adapter = make(settings, subject, {"rates": tuple(1e30 * rate for rate in parts["rates"])})
    assert not all(bool(torch.isfinite(w).all()) for w in adapter.adapt(adapter.initial(), run(3)).weights)
    found = refit(adapter, adapter.initial(), run(3))
    assert found.status is Status.NOT_FINITE
    assert equal(found, adapter.initial())


def test_same_window_same_weights(adapter: Adapter) -> None:
    assert equal(adapter.adapt(adapter.initial(), run(7)), adapter.adapt(adapter.initial(), run(7)))


@pytest.mark.parametrize("settings", every.ADAPTING, ids=every.name)
def test_the_newest_transition_is_in_the_window(settings: AdapterSettings) -> None:
    learner, history = every.adapter(settings), run(8, 6)
    changed = history.next_states.copy()
    changed[-1, 3] += 1.0
    other = Transitions(history.states, history.actions, changed)
    assert not equal(learner.adapt(learner.initial(), history), learner.adapt(learner.initial(), other))


@pytest.mark.parametrize("settings", every.ADAPTING, ids=every.name)
def test_order_matters_where_the_kind_says_so(settings: AdapterSettings) -> None:
    learner, history = every.adapter(settings), run(8, 6)
    order = np.array([2, 0, 4, 1, 3, 5])  # the newest stays the newest
    mixed = Transitions(history.states[order], history.actions[order], history.next_states[order])
    a, b = learner.adapt(learner.initial(), history), learner.adapt(learner.initial(), mixed)
    same = all(torch.allclose(x, y, atol=1e-5) for x, y in zip(a.weights, b.weights, strict=True))
    reads = settings.kind in {"recurrent", "attention", "belief"} or getattr(settings, "proposes", False)
    assert same == (not reads)


@pytest.mark.parametrize("settings", TRAINED_AS_RUN, ids=every.name)
def test_what_is_trained_is_what_runs(settings: AdapterSettings) -> None:
    model, parts = every.subject(settings)
    learner = make(settings, model, parts)
    history, future = run(9, 6), run(10, 5)
    found = along(learner, history)
    support, query = ([torch.from_numpy(part) for part in encode(model, data)] for data in (history, future))
    told = 0 if model.condition is None else len(model.condition.mean)
    inputs = [torch.cat([part[0], torch.zeros(len(part[0]), told)], dim=-1) for part in (support, query)]
    windows = Windows(inputs[0][None], support[1][None], inputs[1][None], query[1][None])
    trained = objective(settings, model).errors({"prior": model.prior, **parts}, windows).detach()[0]
    torch.testing.assert_close(squared_error(found.weights, *query), trained, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("settings", every.ALL, ids=every.name)
def test_settings_are_frozen_data_with_a_kind(settings: AdapterSettings) -> None:
    assert fields(settings)[0].name == "kind"
    with pytest.raises(AttributeError):
        settings.kind = "other"  # type: ignore[misc]


@pytest.mark.parametrize("settings", every.ADAPTING, ids=every.name)
def test_a_window_of_nothing_is_refused(settings: AdapterSettings) -> None:
    with pytest.raises(ValueError, match="window: expected at least 1, got 0"):
        replace(settings, window=0)


@pytest.mark.parametrize("settings", [s for s in every.ADAPTING if KINDS[s.kind].needs], ids=every.name)
def test_what_an_adapter_needs_is_asked_for(settings: AdapterSettings) -> None:
    model, _ = every.subject(settings)
    with pytest.raises(ValueError, match=f"{settings.kind} adapter: expected .* in the checkpoint, got no"):
        make(settings, model, {})


def test_informed_needs_to_be_told() -> None:
    settings = every.ALL[-1]
    plain, _ = every.subject(every.ALL[0])
    with pytest.raises(ValueError, match="knows its condition"):
        make(settings, plain, {})
    with pytest.raises(ValueError, match="condition: expected shape None"):
        make(settings, plain, {}, lambda: np.zeros(1)).initial()


def test_a_window_that_is_not_full_moves_the_weights_less() -> None:
    model, parts = every.subject(GradientSettings())
    shifts = []
    for length in (6, 1):
        learner = make(GradientSettings(window=length, steps=1), model, parts)
        weights: Weights = learner.adapt(learner.initial(), run(9, 1)).weights
        shifts.append(torch.cat([(w - p).flatten() for w, p in zip(weights, model.prior, strict=True)]))
    torch.testing.assert_close(6 * shifts[0], shifts[1])


def test_samples_of_the_latent_become_ensemble_members() -> None:
    settings = LatentSettings(window=6, hidden=8, latent=3, samples=5)
    learner = every.adapter(settings, members=1)
    weights = learner.adapt(learner.initial(), run(3)).weights
    assert {len(w) for w in weights} == {5}
    assert weights[1].std(dim=0).max() > 0
    assert learner.initial().weights[0].shape[0] == 1


def test_a_belief_names_what_it_believes() -> None:
    learner = every.adapter(BeliefSettings(window=6, hidden=8, channels=("gain",)))
    assert set(learner.adapt(learner.initial(), run(3)).belief) == {"gain"}
    others: list[AdapterSettings] = [
        RecurrentSettings(window=6),
        AttentionSettings(window=6),
        GradientSettings(window=6),
    ]
    assert not any(every.adapter(s).adapt(every.adapter(s).initial(), run(3)).belief for s in others)


@pytest.mark.parametrize("settings", [AttentionSettings(window=6), LatentSettings(window=6, samples=3)], ids=every.name)
def test_a_plain_model_is_the_start_but_not_what_the_window_moves(settings: AdapterSettings) -> None:
    subject, parts = every.subject(settings, members=1)
    plain = tuple(w + 0.1 for w in subject.prior)
    alone, lent = (make(settings, subject, given) for given in (parts, {**parts, "plain": plain}))
    assert len(lent.initial().weights[0]) == len(alone.initial().weights[0])
    assert all(torch.equal(a[:1], b) for a, b in zip(lent.initial().weights, plain, strict=True))
    assert equal(lent.adapt(lent.initial(), run(3)), alone.adapt(alone.initial(), run(3)))


def test_a_window_may_count_in_full_before_it_is_full() -> None:
    subject, parts = every.subject(GradientSettings(rate=0.05))
    early = make(GradientSettings(window=6, steps=1, full_from=3), subject, parts)
    whole = make(GradientSettings(window=3, steps=1), subject, parts)
    assert equal(early.adapt(early.initial(), run(2, 3)), whole.adapt(whole.initial(), run(2, 3)))
    with pytest.raises(ValueError, match="full_from: expected 1 to the window of 6, got 7"):
        GradientSettings(window=6, full_from=7)


@pytest.mark.parametrize("rate", [0.05, 1.0, 20.0, 1e4])
def test_steps_that_overshoot_are_shortened_until_they_explain_the_window(rate: float) -> None:
    subject, parts = every.subject(GradientSettings(rate=rate))
    grbal, seen = make(GradientSettings(window=8, steps=2), subject, parts), run(3, 8)
    found = grbal.adapt(grbal.initial(), seen)
    before, after = (explained(weights, seen) for weights in (grbal.initial(), found))
    assert after <= before
    assert (found.status is Status.OVERSHOT) == equal(found, grbal.initial()) == (rate == 1e4)


@pytest.mark.parametrize("rate", [1.0, 20.0, 1e4])
def test_steps_from_a_starting_point_do_not_overshoot_either(rate: float) -> None:
    """Steps from a remembered solution, for which the rates were not learned, once threw whole runs off."""
    left = []
    for size in (rate, 1e-9):
        settings = PriorsSettings(window=8, rate=size)
        adapter = make(settings, *every.subject(settings))
        left.append(explained(adapter.adapt(adapter.initial(), run(3, 8)), run(3, 8)))
    assert left[0] <= left[1]


def test_a_step_that_overshoots_is_shortened_and_not_given_up() -> None:
    seen = run(3, 8)
    for rate in 0.05 * 2.0 ** np.arange(20):
        subject, parts = every.subject(GradientSettings(rate=rate))
        start = Start.of(subject.prior, parts["rates"])
        whole = Adapted(as_weights(descended(start, read(subject, seen), steps=2), start.widths))
        if explained(whole, seen) > explained(Adapted(subject.prior), seen):
            break
    grbal = make(GradientSettings(window=8, steps=2), subject, parts)
    assert explained(grbal.adapt(grbal.initial(), seen), seen) < explained(grbal.initial(), seen)


def test_more_steps_at_run_time_explain_the_window_better() -> None:
    subject, parts = every.subject(GradientSettings(rate=0.02))
    seen, left = run(3, 8), []
    for steps in (None, 3, 12):
        grbal = make(GradientSettings(window=8, steps=2, online_steps=steps), subject, parts)
        left.append(explained(grbal.adapt(grbal.initial(), seen), seen))
    assert left == sorted(left, reverse=True)
    assert left[-1] < left[0]
    with pytest.raises(ValueError, match="online_steps: expected 2, the steps of training, to 20, got 1"):
        GradientSettings(steps=2, online_steps=1)


def explained(found: Adapted, seen: Transitions) -> float:
    """Return the error of weights on a window of the toy vehicle."""
    shape, _ = every.subject(every.ALL[0])
    return float(squared_error(found.weights, *(torch.from_numpy(part) for part in encode(shape, seen))).sum())
