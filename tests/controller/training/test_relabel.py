from __future__ import annotations

import numpy as np
import pytest

from controller.courses.goals import GOALS
from controller.training.fitting import CHANGE_SHARE, emphasise, relabel
from dynamics.training.dataset import Episodes
from tests.dynamics.toys import SPACE, episodes, rewarded

PERIOD = 0.1


def labelled(name: str, count: int = 200, seed: int = 0) -> tuple[Episodes, Episodes]:
    plain = episodes(np.random.default_rng(0), count)
    return plain, relabel(plain, SPACE, GOALS[name], PERIOD, [seed])


@pytest.mark.parametrize("name", sorted(GOALS))
def test_every_step_gets_what_it_earned(name: str) -> None:
    plain, result = labelled(name)
    np.testing.assert_array_equal(result.states[..., :-3], plain.states)
    np.testing.assert_array_equal(result.actions, plain.actions)
    np.testing.assert_array_equal(result.conditions[..., :-1], plain.conditions)
    moved = SPACE.difference(plain.states[:, 1:], plain.states[:, :-1])[..., [0, 2]] / PERIOD
    np.testing.assert_array_equal(result.states[:, 1:, -3:-1], moved)
    np.testing.assert_array_equal(result.states[:, 0, -3:], 0.0)
    for episode, tick in ((0, 1), (3, 7), (11, 39)):
        goal = float(result.conditions[episode, tick, -1])
        earned = GOALS[name].reward(goal, *moved[episode, tick - 1].tolist())
        assert result.states[episode, tick + 1, -1] == pytest.approx(earned)


def test_some_goals_change_on_the_way_and_most_do_not() -> None:
    _, result = labelled("hidden_speed")
    changes = np.count_nonzero(np.diff(result.conditions[..., -1], axis=1), axis=1)
    assert set(changes.tolist()) == {0, 1}
    assert np.mean(changes) == pytest.approx(CHANGE_SHARE, abs=0.1)
    assert len(np.unique(result.conditions[:, 0, -1])) == 200


def test_goals_belong_to_the_seed_and_nothing_is_written_to() -> None:
    plain, first = labelled("hidden_turn")
    before = plain.states.copy()
    np.testing.assert_array_equal(first.states, labelled("hidden_turn")[1].states)
    assert not np.array_equal(first.states, labelled("hidden_turn", seed=1)[1].states)
    np.testing.assert_array_equal(plain.states, before)


def test_an_emphasised_error_of_the_reward_counts_more_and_the_predictions_stay_in_their_unit() -> None:
    subject = rewarded(np.random.default_rng(0))
    louder, signal = emphasise(subject, 4.0), subject.space.signals[0]
    now, then = np.random.default_rng(1).normal(size=(2, 5, subject.space.size))
    before, after = (model.increments.normalize(model.space.difference(then, now)) for model in (subject, louder))
    np.testing.assert_allclose(after[:, signal], 2 * before[:, signal])
    others = np.delete(np.arange(subject.space.size), signal)
    np.testing.assert_array_equal(after[:, others], before[:, others])
    np.testing.assert_allclose((after * louder.increments.std + louder.increments.mean)[:, signal], then[:, signal])
