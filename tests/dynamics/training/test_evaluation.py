from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from dynamics.adapters.fixed import Fixed, FixedSettings
from dynamics.training import evaluation
from tests.dynamics.toys import SPACE, episodes, model


def test_many_steps_are_judged_on_the_models_own_predictions() -> None:
    data = episodes(np.random.default_rng(0), count=4, ticks=40)
    subject = model(np.random.default_rng(1))
    subject = replace(subject, prior=tuple(torch.zeros_like(w) for w in subject.prior))  # always the mean increment
    found = evaluation.online_errors(subject, lambda told: Fixed(FixedSettings(), subject, {}, told), data, 10, 8)
    assert found.one_step.shape == found.ahead.shape == (4, 3)
    state = data.states[1, 18]
    for _ in range(evaluation.AHEAD):
        state = SPACE.integrate(state, subject.increments.mean)
    moved = SPACE.difference(data.states[:, evaluation.AHEAD :], data.states[:, : -evaluation.AHEAD])
    moved[..., 4] = (moved[..., 4] + np.pi) % (2 * np.pi) - np.pi
    unit = moved.reshape(-1, 5).std(axis=0)
    wanted = SPACE.difference(state, data.states[1, 18 + evaluation.AHEAD])
    wanted[4] = (wanted[4] + np.pi) % (2 * np.pi) - np.pi
    known = unit > 1e-6
    np.testing.assert_allclose(found.ahead[1, 1], np.square(wanted[known] / unit[known]).sum() / 5, rtol=1e-4)


def test_an_episode_that_is_over_before_is_not_judged() -> None:
    data, subject = episodes(np.random.default_rng(0), count=2, ticks=30), model(np.random.default_rng(1))
    found = evaluation.online_errors(subject, lambda told: Fixed(FixedSettings(), subject, {}, told), data, 10, 8)
    assert np.isfinite(found.one_step).all()
    np.testing.assert_array_equal(np.isfinite(found.ahead), [[True, False]] * 2)
