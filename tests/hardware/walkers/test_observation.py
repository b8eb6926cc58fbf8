from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hardware.contract import Contract, Observation, Term
from hardware.walkers.observation import Observer, Seen
from tests.hardware.walkers.policies import GYM
from tests.hardware.walkers.walking import POSE, gym, state

HALF = math.sqrt(0.5)
LEFT = np.array([HALF, 0.0, 0.0, HALF])
"""A quarter turn to the left."""
ROLLED = np.array([HALF, HALF, 0.0, 0.0])
"""Lying on its right side."""


def seen(number: float = 0.0) -> Seen:
    """What a robot that lies on its right side and slides along the world's y axis sees; all angles are one number."""
    numbers = np.arange(12.0)
    where = state(
        quaternion=ROLLED, gyro=np.array([0.1, 0.2, 0.3]), velocity=np.array([0.5, 1.5, 0.0]), position=np.full(3, 0.3)
    )
    actions = [numbers + 10.0 * age for age in range(10)]
    return Seen(where, np.array(POSE) + number, 0.1 * numbers, np.array([0.4, -0.2, 0.8]), actions)


def observer(contract: Contract, *terms: Term, **how: object) -> Observer:
    observation = Observation(terms, **how) if terms else contract.observation  # type: ignore[arg-type]
    return Observer(replace(contract, observation=observation), np.array(POSE), 4)


CONTRACT = gym(Path("none.onnx"))


def test_the_45_numbers_of_legged_gym_are_as_reckoned_by_hand() -> None:
    look = observer(CONTRACT)
    found = look.observe(seen(0.2))
    expected = [0.025, 0.05, 0.075, 0.0, -1.0, 0.0, 0.8, -0.4, 0.2]
    expected += [0.2] * 12 + [0.005 * n for n in range(12)] + [*map(float, range(12))]
    assert look.size == 45
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert look.parts == ("gyro 3, gravity 3, command 3, joint_position 12, joint_velocity 12, last_action 12")


def test_the_48_numbers_begin_with_the_velocity_in_the_body() -> None:
    """What slides along the world's y axis slides along the z axis of a body on its right side, downwards."""
    look = observer(gym(Path("none.onnx"), names=("linear_velocity", *GYM)))
    assert look.size == 48
    np.testing.assert_allclose(look.observe(seen())[:3], [0.5, 0.0, -1.5], atol=1e-12)


def test_isaac_labs_terms_have_other_names_and_another_order() -> None:
    names = [
        "base_lin_vel",
        "base_ang_vel",
        "projected_gravity",
        "velocity_commands",
        "joint_pos",
        "joint_vel",
        "actions",
    ]
    contract = replace(CONTRACT, command=replace(CONTRACT.command, scale=(1.0,)))
    found = observer(contract, *map(Term, names)).observe(seen(0.2))
    expected = [0.5, 0.0, -1.5, 0.1, 0.2, 0.3, 0.0, -1.0, 0.0, 0.4, -0.2, 0.8]
    expected += [0.2] * 12 + [0.1 * n for n in range(12)] + [*map(float, range(12))]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_terms_are_clipped_before_they_are_scaled_and_bounded_after() -> None:
    look = observer(CONTRACT, Term("joint_vel", (20.0,), clip=(-1.0, 0.5)), Term("constant", values=(300.0, -7.0)))
    np.testing.assert_allclose(look.observe(seen()), [0.0, 2.0, 4.0, 6.0, 8.0] + [10.0] * 7 + [100.0, -7.0])


@pytest.mark.parametrize(
    "newest_first, grouped, start, expected",
    [
        (False, "frame", "first", [1, 1, 1, 1, 2, 2]),
        (True, "frame", "first", [2, 2, 1, 1, 1, 1]),
        (False, "term", "first", [1, 1, 2, 1, 1, 2]),
        (True, "term", "zeros", [2, 1, 0, 2, 1, 0]),
    ],
)
def test_history_comes_in_every_order(newest_first: bool, grouped: str, start: str, expected: list[float]) -> None:
    terms = (Term("command", (0.5,), of=("forward",)), Term("command", (1.0,), of=("turn",)))
    look = observer(CONTRACT, *terms, history=3, newest_first=newest_first, grouped=grouped, start=start)
    look.observe(replace(seen(), command=np.array([1.0, 0.0, 4.0])))
    np.testing.assert_allclose(look.observe(replace(seen(), command=np.array([2.0, 0.0, 8.0]))), expected)


def test_terms_may_have_histories_of_their_own() -> None:
    look = observer(CONTRACT, Term("gravity"), Term("gyro", history=4), grouped="term")
    assert (look.size, look.parts) == (15, "gravity 3, gyro 3 x 4")


def test_a_clock_runs_at_its_own_rate_or_as_told() -> None:
    told = replace(CONTRACT.command, names=("forward", "turn", "frequency"), low=(-1, -1, 0), high=(1, 1, 5))
    contract = replace(CONTRACT, command=told)
    terms = (Term("clock", frequency=12.5, phases=(0.0, 0.5)), Term("clock", frequency="frequency"))
    look = observer(contract, *terms)
    now = replace(seen(), command=np.array([0.0, 0.0, 6.25]))
    np.testing.assert_allclose(look.observe(now), [0, 0, 1, -1, 0, 1], atol=1e-12)
    np.testing.assert_allclose(look.observe(now), [1, -1, 0, 0, HALF, HALF], atol=1e-12)
    look.reset()
    np.testing.assert_allclose(look.observe(now), [0, 0, 1, -1, 0, 1], atol=1e-12)


def test_a_policy_that_wants_a_heading_is_told_how_far_it_is_off() -> None:
    look = observer(CONTRACT, Term("heading_error"))
    straight = replace(seen(), state=state())
    assert look.observe(replace(straight, command=np.array([0.0, 0.0, 1.0]))) == pytest.approx([0.0])
    assert look.observe(straight) == pytest.approx([0.02])
    assert look.observe(replace(straight, state=state(quaternion=LEFT))) == pytest.approx([0.036 - math.pi / 2])


def test_older_actions_raw_angles_height_and_attitude_can_be_seen() -> None:
    terms = (Term("last_action", age=2), Term("dof_pos", absolute=True), Term("height"), Term("attitude"))
    found = observer(CONTRACT, *terms).observe(seen())
    expected = [*range(10, 22), *POSE, 0.3, math.pi / 2, 0.0]
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_what_is_not_known_is_named() -> None:
    look = observer(CONTRACT, Term("gyro"), Term("base_lin_vel"))
    with pytest.raises(ValueError, match="base_lin_vel is not finite"):
        look.observe(replace(seen(), state=state(velocity=np.full(3, math.nan))))


def test_scales_fit_their_term() -> None:
    with pytest.raises(ValueError, match=r"terms\[0\]\.scale: term gyro: expected 1 or 3 numbers, got 2"):
        observer(CONTRACT, Term("gyro", (1.0, 2.0)))
