from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamics.state_space import Channel, StateSpace, from_names
from hardware.channels import measured
from tests.dynamics.toys import REWARDED, SPACE

EPS = 1e-6
each_space = pytest.mark.parametrize("space", [SPACE, REWARDED], ids=["plain", "with a signal"])


def random_states(seed: int, space: StateSpace = SPACE, count: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, space.size))


@each_space
@given(seed=st.integers(0, 1000))
def test_integrate_undoes_difference(space: StateSpace, seed: int) -> None:
    states, others = random_states(seed, space), random_states(seed + 1, space)
    others[:, space.pose[2]] = states[:, space.pose[2]] + np.random.default_rng(seed).uniform(-3.1, 3.1, len(states))
    np.testing.assert_allclose(space.integrate(states, space.difference(others, states)), others, atol=1e-12)


@given(seed=st.integers(0, 1000), before=st.floats(-1e6, 1e6))
def test_a_signal_is_predicted_afresh_and_never_seen(seed: int, before: float) -> None:
    states, increments = random_states(seed, REWARDED), random_states(seed + 1, REWARDED)
    signal = int(REWARDED.signals[0])
    changed = states.copy()
    changed[:, signal] = before
    np.testing.assert_array_equal(REWARDED.encode(changed), REWARDED.encode(states))
    np.testing.assert_array_equal(REWARDED.integrate(changed, increments), REWARDED.integrate(states, increments))
    np.testing.assert_array_equal(REWARDED.integrate(states, increments)[:, signal], increments[:, signal])
    np.testing.assert_array_equal(REWARDED.difference(increments, changed)[:, signal], increments[:, signal])


@given(st.integers(0, 1000), st.floats(-3, 3), st.floats(-5, 5), st.floats(-5, 5))
def test_nothing_depends_on_where_the_map_begins(seed: int, turn: float, x: float, y: float) -> None:
    states, others = random_states(seed), random_states(seed + 1)

    def moved(points: np.ndarray) -> np.ndarray:
        result = points.copy()
        result[:, 0] = np.cos(turn) * points[:, 0] - np.sin(turn) * points[:, 1] + x
        result[:, 1] = np.sin(turn) * points[:, 0] + np.cos(turn) * points[:, 1] + y
        result[:, 2] += turn
        return result

    np.testing.assert_allclose(SPACE.encode(moved(states)), SPACE.encode(states), atol=1e-12)
    np.testing.assert_allclose(
        SPACE.difference(moved(others), moved(states)), SPACE.difference(others, states), atol=1e-9
    )


def test_yaw_increment_takes_the_short_way() -> None:
    before, after = np.zeros(5), np.zeros(5)
    before[2], after[2] = 3.1, -3.1
    assert SPACE.difference(after, before)[2] == pytest.approx(2 * np.pi - 6.2)


def test_a_body_on_its_back_hardly_moves_where_its_roll_passes_half_a_turn() -> None:
    space = StateSpace((*SPACE.channels, Channel("roll", "rad", "circular")))
    before, after = np.zeros(6), np.zeros(6)
    before[4:], after[4:] = 3.1, -3.1
    counted, within = space.difference(after, before)[4:]
    assert counted == pytest.approx(-6.2), "a motor's angle counts its turns"
    assert within == pytest.approx(2 * np.pi - 6.2)
    reached = space.integrate(before, space.difference(after, before))
    np.testing.assert_allclose(space.encode(reached), space.encode(after), atol=1e-12)


def test_roll_and_pitch_of_every_robot_are_told_within_a_turn() -> None:
    kinds = {channel.name: channel.kind for channel in measured(("left",))}
    assert (kinds["roll"], kinds["pitch"], kinds["phase_left"]) == ("circular", "circular", "angle")


def test_inputs_are_not_mutated() -> None:
    states, increments = random_states(4), random_states(5)
    copies = states.copy(), increments.copy()
    SPACE.integrate(states, increments)
    SPACE.difference(increments, states)
    SPACE.encode(states)
    np.testing.assert_array_equal(states, copies[0])
    np.testing.assert_array_equal(increments, copies[1])


def test_layout_errors_name_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="exactly one each of pose_x"):
        from_names([("x", "m", "pose_x"), ("y", "m", "pose_y")])
    with pytest.raises(ValueError, match="distinct names"):
        StateSpace((*SPACE.channels, Channel("speed", "m/s", "vector")))
    with pytest.raises(ValueError, match="speed2: expected a kind of"):
        StateSpace((*SPACE.channels, Channel("speed2", "m/s", "scalar")))  # type: ignore[arg-type]
