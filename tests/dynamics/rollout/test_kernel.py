from __future__ import annotations

import numpy as np
import pytest
import torch

from dynamics.model import Model, encode_inputs
from dynamics.network import forward
from dynamics.rollout.kernel import Kernel
from dynamics.transitions import FloatArray
from tests.dynamics.toys import SPACE, model


def by_torch(subject: Model, state: FloatArray, actions: FloatArray) -> FloatArray:
    """Roll out one sequence (H, A) with torch in double precision, scalings not folded."""
    weights = tuple(w.double() for w in subject.prior)
    paths = []
    for member in range(subject.prior[0].shape[0]):
        states: list[FloatArray] = [state]
        for action in actions:
            inputs = torch.as_tensor(encode_inputs(subject, states[-1], action))[None]
            output: FloatArray = forward(tuple(w[member] for w in weights), inputs)[0].numpy()
            states.append(SPACE.integrate(states[-1], subject.increments.denormalize(output)))
        paths.append(states)
    return np.array(paths)


@pytest.mark.parametrize("members", [1, 3])
def test_rollout_equals_torch_step_by_step(members: int) -> None:
    rng = np.random.default_rng(0)
    subject = model(rng, members=members)
    state, actions = rng.normal(size=5), rng.uniform(-1, 1, (7, 9, 2))
    rolled = Kernel(subject, subject.prior).rollout(state, actions)
    assert rolled.shape == (members, 7, 10, 5)
    for n in range(7):
        np.testing.assert_allclose(rolled[:, n], by_torch(subject, state, actions[n]), rtol=2e-4, atol=2e-5)


def test_linearize_matches_finite_differences() -> None:
    rng = np.random.default_rng(1)
    subject = model(rng, members=2)
    states, actions = rng.normal(size=(4, 5)), rng.uniform(-1, 1, (4, 2))
    result = Kernel(subject, subject.prior).linearize(states, actions)
    eps = 1e-5
    for t in range(4):
        np.testing.assert_allclose(
            result.next_states[:, t], by_torch(subject, states[t], actions[t : t + 1])[:, 1], rtol=2e-4, atol=2e-5
        )
        for s, basis in enumerate(np.eye(5) * eps):
            ahead = by_torch(subject, states[t] + basis, actions[t : t + 1])[:, 1]
            behind = by_torch(subject, states[t] - basis, actions[t : t + 1])[:, 1]
            np.testing.assert_allclose(result.by_state[:, t, :, s], (ahead - behind) / (2 * eps), atol=2e-4)
        for a, basis in enumerate(np.eye(2) * eps):
            ahead = by_torch(subject, states[t], actions[t : t + 1] + basis)[:, 1]
            behind = by_torch(subject, states[t], actions[t : t + 1] - basis)[:, 1]
            np.testing.assert_allclose(result.by_action[:, t, :, a], (ahead - behind) / (2 * eps), atol=2e-4)


def test_a_rollout_is_not_overwritten_by_the_next() -> None:
    rng = np.random.default_rng(2)
    subject = model(rng)
    kernel = Kernel(subject, subject.prior)
    first = kernel.rollout(np.zeros(5), rng.uniform(-1, 1, (4, 3, 2)))
    copy = first.copy()
    kernel.rollout(np.ones(5), rng.uniform(-1, 1, (4, 3, 2)))
    np.testing.assert_array_equal(first, copy)


def test_load_changes_the_prediction_and_back_restores_it() -> None:
    rng = np.random.default_rng(3)
    subject = model(rng)
    kernel = Kernel(subject, subject.prior)
    state, action = rng.normal(size=5), rng.normal(size=2)
    before = kernel.predict(state, action)
    kernel.load(tuple(w + 0.1 for w in subject.prior))
    assert not np.allclose(kernel.predict(state, action), before)
    kernel.load(subject.prior)
    np.testing.assert_array_equal(kernel.predict(state, action), before)


def test_rollout_and_jacobians_see_clipped_inputs() -> None:
    rng = np.random.default_rng(5)
    subject = model(rng)
    kernel = Kernel(subject, subject.prior)
    states, actions = np.array([[0.0, 0.0, 0.0, 1e3, 0.4]]), np.zeros((1, 2))
    further = states + np.eye(5)[3]
    step = kernel.predict(further[0], actions[0]) - kernel.predict(states[0], actions[0])
    np.testing.assert_allclose(step, [0.0, 0.0, 0.0, 1.0, 0.0], atol=1e-3)
    np.testing.assert_allclose(kernel.linearize(states, actions).by_state[0, 0, :, 3], step, atol=1e-3)


def test_a_diverging_network_gives_non_finite_states_and_no_error() -> None:
    rng = np.random.default_rng(4)
    subject = model(rng)
    kernel = Kernel(subject, tuple(w * 1e30 for w in subject.prior))
    assert not np.isfinite(kernel.rollout(np.zeros(5), np.ones((2, 5, 2)))).all()
