from __future__ import annotations

from dataclasses import fields, replace

import pytest

from sim.conditions.condition import Condition
from sim.perturbations import describe
from sim.terrain import TERRAINS
from tests.sim.anatomies import ANATOMIES

CHANGED = {
    "terrain": TERRAINS["turf"],
    "friction": 0.3,
    "gravity": 3.7,
    "tilt": (0.1, -0.2),
    "lost_legs": frozenset({"left_middle"}),
    "payload_mass": 0.01,
    "payload_moment": (1e-4, -1e-4),
    "gain": {"left": 0.7, "right": 1.1},
    "bias": {"left": 2.0, "right": -3.0},
    "dead_motors": frozenset({"left"}),
    "stuck_motors": frozenset({"right"}),
    "locked": {"left": 0.3},
    "force": (0.1, 0.2, 0.3),
    "delay": 0.05,
    "noise": 2.0,
    "pose_bias": (0.01, 0.02, 0.1),
}


DRAWN = {
    "leg_mass": ("ant", {"front_left": 2.0}),
    "crippled_legs": ("ant", frozenset({"front_left"})),
    "limp_legs": ("hexapod", frozenset({"rear_left"})),
    "stiff_legs": ("hexapod", frozenset({"rear_left"})),
    "shortened": ("hexapod", {"rear_left": 0.2}),
    "zeros": ("hexapod", {"rear_left_femur": 0.2}),
    "supply": ("hexapod", 1.2),
}
"""What robots alone are told of that it is drawn for."""


@pytest.mark.parametrize("robot", ANATOMIES)
def test_the_intact_robot_is_all_zeros_and_all_legs(robot: str) -> None:
    numbers = describe(Condition(), ANATOMIES[robot])
    assert {name for name, value in numbers.items() if value != 0.0} == {n for n in numbers if n.startswith("present_")}
    assert all(numbers[name] == 1.0 for name in numbers if name.startswith("present_"))


@pytest.mark.parametrize("name", CHANGED)
def test_every_field_shows_in_the_description_at_order_one(name: str) -> None:
    robot = ANATOMIES["roach"]
    before = describe(Condition(), robot)
    changed = describe(replace(Condition(), **{name: CHANGED[name]}), robot)  # type: ignore[arg-type]
    assert 0.2 < max(abs(changed[key] - before[key]) for key in before) < 6.0


def test_every_field_has_a_case_but_the_one_for_kinds_from_outside() -> None:
    assert {item.name for item in fields(Condition)} == {*CHANGED, "factors", *DRAWN}


@pytest.mark.parametrize("name", DRAWN)
def test_robots_that_it_is_drawn_for_are_told_of_it(name: str) -> None:
    robot, value = DRAWN[name]
    drawn, other = ANATOMIES[robot], ANATOMIES["go2"]
    condition = replace(Condition(), **{name: value})  # type: ignore[arg-type]
    before, changed = describe(Condition(), drawn), describe(condition, drawn)
    assert [changed[key] - before[key] for key in before if changed[key] != before[key]] == pytest.approx([1.0])
    assert describe(condition, other) == describe(Condition(), other)


def test_factors_multiply() -> None:
    condition = (
        Condition().multiplied("dof_damping", 2.0).multiplied("dof_damping", 3.0).multiplied("dof_armature", 0.5)
    )
    assert condition.factors == {"dof_damping": 6.0, "dof_armature": 0.5}
    assert (condition.factor("dof_armature"), condition.factor("body_mass")) == (0.5, 1.0)


def test_the_payload_sits_at_its_centre_of_mass() -> None:
    condition = Condition(payload_mass=0.01, payload_moment=(2e-4, -1e-4))
    assert condition.payload_place == pytest.approx((0.02, -0.01))
    assert Condition().payload_place == (0.0, 0.0)


def test_a_friction_of_its_own_wins_over_the_terrain() -> None:
    assert Condition(terrain=TERRAINS["turf"]).foot_friction == TERRAINS["turf"].friction
    assert Condition(terrain=TERRAINS["turf"], friction=0.2).foot_friction == 0.2
