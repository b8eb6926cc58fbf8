from __future__ import annotations

import numpy as np
import pytest

from dynamics.transitions import History
from tests.dynamics.toys import window


def test_window_holds_the_newest_transition_last_and_the_oldest_dropped() -> None:
    run = window(np.random.default_rng(0), length=10)
    history = History(capacity=4)
    assert history.window is None
    for state, action, after in zip(run.states, run.actions, run.next_states, strict=True):
        history = history.append(state, action, after)
    assert history.window is not None
    np.testing.assert_array_equal(history.window.states, run.states[-4:])
    np.testing.assert_array_equal(history.window.next_states[-1], run.next_states[-1])


def test_append_returns_a_new_history_and_copies() -> None:
    before = History(capacity=3)
    state = np.zeros(2)
    after = before.append(state, np.zeros(1), np.ones(2))
    state[:] = 9
    assert len(before) == 0
    assert after.window is not None
    assert after.window.states[0, 0] == 0


def test_last_takes_the_newest_and_refuses_none() -> None:
    run = window(np.random.default_rng(1), length=6)
    assert len(run.last(2)) == 2
    assert len(run.last(99)) == 6
    np.testing.assert_array_equal(run.last(2).actions, run.actions[-2:])
    with pytest.raises(ValueError, match="expected at least 1, got 0"):
        run.last(0)
