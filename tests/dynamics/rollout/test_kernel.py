"""The kernel against the plain network in double precision, scalings not folded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from dynamics.model import Model, Normalizer
from dynamics.network import Weights, forward, initial_weights
from dynamics.rollout.kernel import Kernel
from dynamics.state_space import ChannelKind, from_names
from dynamics.transitions import FloatArray
from tests.dynamics.toys import ACTIONS, model, rewarded

Subject = Callable[..., Model]

each_subject = pytest.mark.parametrize("draw", [model, rewarded], ids=["plain", "with a signal"])


def plainly(subject: Model, weights: Weights, state: FloatArray, actions: FloatArray) -> FloatArray:
    """Roll out one sequence (H, A) step by step: (E, H + 1, S)."""
    exact = tuple(w.double() for w in weights)
    paths = []
    for member in range(len(exact[0])):
        states: list[FloatArray] = [state]
        for action in actions:
            inputs = subject.inputs.normalize(np.concatenate([subject.space.encode(states[-1]), action]))
            network = tuple(w[member] for w in exact)
            output: FloatArray = forward(network, torch.as_tensor(inputs)[None])[0].numpy()
            increment = output * subject.increments.std + subject.increments.mean
            states.append(subject.space.integrate(states[-1], increment))
        paths.append(states)
    return np.array(paths)


@each_subject
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("count", [1, 7])
def test_a_rollout_is_the_network_step_by_step(draw: Subject, members: int, count: int) -> None:
    rng = np.random.default_rng(0)
    subject = draw(rng, members=members)
    state, actions = rng.normal(size=subject.space.size), rng.uniform(-1, 1, (count, 9, 2))
    rolled = Kernel(subject, subject.prior).rollout(state, actions)
    assert rolled.shape == (members, count, 10, subject.space.size)
    assert rolled.dtype == np.float32
    for n in range(count):
        expected = plainly(subject, subject.prior, state, actions[n])
        np.testing.assert_allclose(rolled[:, n], expected, rtol=2e-4, atol=2e-5)


def test_a_prediction_is_the_mean_of_the_members() -> None:
    rng = np.random.default_rng(1)
    subject = model(rng, members=3)
    state, action = rng.normal(size=5), rng.uniform(-1, 1, 2)
    expected = plainly(subject, subject.prior, state, action[None])[:, 1].mean(axis=0)
    np.testing.assert_allclose(Kernel(subject, subject.prior).predict(state, action), expected, rtol=2e-4, atol=2e-5)


@each_subject
def test_derivatives_are_finite_differences_of_the_network(draw: Subject) -> None:
    rng = np.random.default_rng(2)
    subject = draw(rng, members=2)
    size = subject.space.size
    points = np.concatenate([rng.normal(size=(4, size)), rng.uniform(-1, 1, (4, 2))], axis=1)
    result = Kernel(subject, subject.prior).linearize(points[:, :size], points[:, size:])
    derivatives = np.concatenate([result.by_state, result.by_action], axis=-1)
    assert derivatives.shape == (2, 4, size, size + 2)
    eps = 1e-5
    for t, point in enumerate(points):
        after = plainly(subject, subject.prior, point[:size], point[None, size:])[:, 1]
        np.testing.assert_allclose(result.next_states[:, t], after, rtol=2e-4, atol=2e-5)
        for column, basis in enumerate(np.eye(size + 2) * eps):
            above, below = (
                plainly(subject, subject.prior, p[:size], p[None, size:])[:, 1] for p in (point + basis, point - basis)
            )
            np.testing.assert_allclose(derivatives[:, t, :, column], (above - below) / (2 * eps), atol=2e-4)


def test_a_rollout_is_not_overwritten_by_the_next() -> None:
    rng = np.random.default_rng(3)
    subject = model(rng)
    kernel = Kernel(subject, subject.prior)
    first = kernel.rollout(np.zeros(5), rng.uniform(-1, 1, (6, 3, 2)))
    copy = first.copy()
    kernel.rollout(np.ones(5), rng.uniform(-1, 1, (6, 3, 2)))
    np.testing.assert_array_equal(first, copy)


def test_batches_of_any_size_may_follow_each_other() -> None:
    rng = np.random.default_rng(7)
    subject = model(rng, members=2)
    kernel, state = Kernel(subject, subject.prior), rng.normal(size=5)
    for count, horizon in ((9, 4), (2, 7), (12, 1), (3, 4)):
        actions = rng.uniform(-1, 1, (count, horizon, 2))
        fresh = Kernel(subject, subject.prior).rollout(state, actions)
        np.testing.assert_array_equal(kernel.rollout(state, actions), fresh)


def test_loading_weights_exchanges_them_and_leaves_them_alone() -> None:
    rng = np.random.default_rng(4)
    subject = model(rng)
    other = tuple(w + 0.1 for w in subject.prior)
    kept = tuple(w.clone() for w in other)
    kernel = Kernel(subject, subject.prior)
    state, actions = rng.normal(size=5), rng.uniform(-1, 1, (6, 4, 2))
    before = kernel.rollout(state, actions).copy()
    kernel.load(other)
    rolled = kernel.rollout(state, actions)
    np.testing.assert_allclose(rolled[:, 0], plainly(subject, other, state, actions[0]), rtol=2e-4, atol=2e-5)
    assert all(torch.equal(now, then) for now, then in zip(other, kept, strict=True))
    kernel.load(subject.prior)
    np.testing.assert_array_equal(kernel.rollout(state, actions), before)


def test_rollout_and_derivatives_see_clipped_inputs() -> None:
    rng = np.random.default_rng(5)
    subject = model(rng)
    kernel = Kernel(subject, subject.prior)
    states, actions = np.array([[0.0, 0.0, 0.0, 1e3, 0.4]]), np.zeros((1, 2))
    further = states + np.eye(5)[3]
    step = kernel.predict(further[0], actions[0]) - kernel.predict(states[0], actions[0])
    np.testing.assert_allclose(step, [0.0, 0.0, 0.0, 1.0, 0.0], atol=1e-3)
    np.testing.assert_allclose(kernel.linearize(states, actions).by_state[0, 0, :, 3], step, atol=1e-3)


def test_an_action_beyond_what_was_seen_in_training_counts_as_the_last_that_was() -> None:
    subject = model(np.random.default_rng(8))
    kernel = Kernel(subject, subject.prior)
    state, sign = np.zeros(5), np.array([[[1.0, -1.0]] * 3])
    far, further = (kernel.rollout(state, amount * sign) for amount in (1e4, 2e4))
    np.testing.assert_array_equal(far, further)
    assert not np.array_equal(far, kernel.rollout(state, 0.1 * sign))


def test_a_diverging_network_gives_non_finite_states_and_no_error() -> None:
    subject = model(np.random.default_rng(6))
    kernel = Kernel(subject, tuple(w * 1e30 for w in subject.prior))
    assert not np.isfinite(kernel.rollout(np.zeros(5), np.ones((6, 5, 2)))).all()


def test_channels_may_come_in_any_order() -> None:
    """Roll-outs and derivatives take the network apart in different ways and must meet."""
    rng = np.random.default_rng(8)
    names: list[tuple[str, str, ChannelKind]] = [
        ("phase", "rad", "angle"),
        ("yaw", "rad", "pose_yaw"),
        ("speed", "m/s", "vector"),
        ("y", "m", "pose_y"),
        ("tail", "rad", "circular"),
        ("x", "m", "pose_x"),
        ("reward", "1", "signal"),
        ("rate", "rad/s", "vector"),
    ]
    inputs = Normalizer(rng.normal(size=8), rng.uniform(0.5, 2, 8), 3.0)
    increments = Normalizer(0.1 * rng.normal(size=8), rng.uniform(0.05, 0.2, 8))
    prior = initial_weights((8, 16, 12, 8), 2, torch.Generator().manual_seed(0))
    kernel = Kernel(Model(from_names(names), ACTIONS, inputs, increments, None, prior), prior)
    actions = rng.normal(size=(6, 5, 2))
    rolled = kernel.rollout(rng.normal(size=8), actions)
    for h in range(5):
        for n in range(6):
            points = rolled[:, n, h].astype(np.float64)
            after = kernel.linearize(points, np.tile(actions[n, h], (2, 1))).next_states
            np.testing.assert_allclose(rolled[:, n, h + 1], after[[0, 1], [0, 1]], rtol=1e-4, atol=1e-5)
