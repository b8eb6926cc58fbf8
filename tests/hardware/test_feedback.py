"""Following a plan between plans: corrected within bounds, by what is smooth, and by nothing that is not a number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hardware.feedback import SMOOTHING, Feedback, Follower, Guide, corrected, deviation
from hardware.robot import FloatArray
from tests.hardware.loopback import make_spec

SPEC = make_spec()
SIZE, WIDTH = len(SPEC.channels), len(SPEC.actions)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
PLANNED = np.array([20.0, 30.0])


def guide(channel: str, gain: float = 1.0, predicted: FloatArray | None = None) -> Guide:
    """Return what lets both actions follow one channel."""
    gains = np.zeros((WIDTH, SIZE))
    gains[:, [c.name for c in SPEC.channels].index(channel)] = gain
    return Guide(np.zeros(SIZE) if predicted is None else predicted, gains)


def state(**values: float) -> FloatArray:
    return np.array([values.get(channel.name, 0.0) for channel in SPEC.channels])


def test_an_action_follows_what_the_state_is_off_its_prediction() -> None:
    found = Follower(SPEC).follow(PLANNED, guide("vx", 10.0), state(vx=0.5), 1.0, 0.05)
    np.testing.assert_allclose(found, PLANNED + 5.0)


@pytest.mark.parametrize("channel", ["yaw", "roll", "phase_left"])
def test_full_turns_are_no_deviation(channel: str) -> None:
    found = Follower(SPEC).follow(PLANNED, guide(channel, 10.0), state(**{channel: 0.1 - 4 * np.pi}), 1.0, 0.05)
    np.testing.assert_allclose(found, PLANNED + 1.0)


@given(
    gain=arrays(np.float64, (WIDTH, SIZE), elements=NUMBERS),
    off=arrays(np.float64, SIZE, elements=NUMBERS),
    action=arrays(np.float64, WIDTH, elements=st.floats(12.0, 56.0)),
)
def test_whatever_is_followed_the_action_stays_within_bounds(
    gain: FloatArray, off: FloatArray, action: FloatArray
) -> None:
    found = corrected(action, gain, off, np.full(WIDTH, 12.0), np.full(WIDTH, 56.0))
    assert np.all((found >= 12.0) & (found <= 56.0))


@given(seen=arrays(np.float64, SIZE, elements=NUMBERS), index=st.integers(0, SIZE - 1))
def test_a_state_that_is_not_finite_changes_nothing_and_is_not_remembered(seen: FloatArray, index: int) -> None:
    follower = Follower(SPEC)
    seen[index] = math.nan
    np.testing.assert_array_equal(follower.follow(PLANNED, guide("vx"), seen, 1.0, 0.05), PLANNED)
    np.testing.assert_allclose(follower.follow(PLANNED, guide("vx"), state(vx=2.0), 1.01, 0.05), PLANNED + 2.0)


def test_a_jump_is_taken_up_little_by_little_and_a_steady_deviation_as_a_whole() -> None:
    follower, step = Follower(SPEC), 0.05
    moved = [
        float((follower.follow(PLANNED, guide("vx"), state(vx=float(k > 0)), 0.01 * k, step) - PLANNED)[0])
        for k in range(40)
    ]
    expected = 1.0 - np.exp(-0.01 * np.arange(40) / (SMOOTHING * step))
    np.testing.assert_allclose(moved, expected, atol=1e-12)


def test_after_a_reset_the_first_deviation_counts_as_a_whole() -> None:
    follower = Follower(SPEC)
    follower.follow(PLANNED, guide("vx"), state(), 1.0, 0.05)
    follower.reset()
    np.testing.assert_allclose(follower.follow(PLANNED, guide("vx"), state(vx=1.0), 1.001, 0.05), PLANNED + 1.0)


def test_deviations_leave_what_they_are_made_of_alone() -> None:
    seen, predicted = state(yaw=7.0), state(yaw=1.0)
    deviation(seen, predicted, np.array([2]))
    assert (seen.tolist(), predicted.tolist()) == (state(yaw=7.0).tolist(), state(yaw=1.0).tolist())


def test_predictions_are_met_at_both_ends_of_a_knot_and_halfway() -> None:
    states = np.arange(4.0 * SIZE).reshape(2, 2, SIZE)
    gains = np.arange(2.0 * WIDTH * SIZE).reshape(2, WIDTH, SIZE)
    followed = Feedback(states, gains, first=1)
    assert followed.guide(0.999) is None
    assert followed.guide(3.0) is None
    for knots, wanted, row in ((1.0, states[0, 0], 0), (1.5, states[0].mean(axis=0), 0), (2.0, states[1, 0], 1)):
        found = followed.guide(knots)
        assert found is not None
        np.testing.assert_allclose(found.predicted, wanted)
        np.testing.assert_array_equal(found.gain, gains[row])


@pytest.mark.parametrize("shape, first", [((2, 2, 5), 0), ((3, 2, 4), 0), ((2, 2, 4), -1)])
def test_what_does_not_belong_together_is_refused(shape: tuple[int, int, int], first: int) -> None:
    with pytest.raises(ValueError, match="Feedback"):
        Feedback(np.zeros(shape), np.zeros((2, 3, 4)), first)
