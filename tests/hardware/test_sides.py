from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from controller.settings.robots import spec
from hardware import mirror, sides
from hardware.sides import Image

MOTORS, LEGS = ("a", "b", "waist"), ("front", "back")
SAID = {"a": "-b", "waist": "-waist", "front": "back"}


def test_each_pair_is_said_once_and_read_both_ways() -> None:
    found = sides.pairs(MOTORS, LEGS, SAID, ())
    assert found == {
        "a": Image("b", -1.0),
        "b": Image("a", -1.0),
        "waist": Image("waist", -1.0),
        "front": Image("back", 1.0),
        "back": Image("front", 1.0),
    }
    assert sides.written(found) == SAID
    assert sides.pairs(MOTORS, LEGS, SAID | {"b": "-a"}, ()) == found


def test_names_say_it_where_nothing_else_does() -> None:
    found = sides.pairs(
        ("left_hip", "left_knee", "right_hip", "right_knee", "neck_left"), (), {}, ("left_hip", "right_hip")
    )
    assert found["left_hip"] == Image("right_hip", -1.0)
    assert found["right_knee"] == Image("left_knee", 1.0)
    assert "neck_left" not in found


@pytest.mark.parametrize(
    "change, line",
    [
        ({"c": "a"}, "images: expected one of a, b, waist, front, back, got 'c'"),
        ({"a": "-bb"}, "images.a: expected one of a, b, waist, got 'bb'"),
        ({"a": "-front"}, "images.a: expected one of a, b, waist, got 'front'"),
        ({"front": "-back"}, "images.front: expected a leg, which does not turn, got -back"),
        ({"b": "a"}, "images.b: expected one image, -a, got a"),
        ({"b": "-waist"}, "images.b: expected one image, -a, got -waist"),
    ],
)
def test_an_image_that_cannot_be_is_one_line(change: dict[str, str], line: str) -> None:
    with pytest.raises(ValueError, match=line):
        sides.pairs(MOTORS, LEGS, SAID | change, ())


def test_all_or_none_have_an_image() -> None:
    with pytest.raises(ValueError, match=r"images.front: expected an image, as of all motors and legs .*, got none"):
        sides.pairs(MOTORS, LEGS, {"a": "b", "waist": "waist"}, ())


def test_images_are_of_a_symmetric_robot_and_of_all_its_parts() -> None:
    ant = spec("ant")
    with pytest.raises(ValueError, match="images: expected none on a robot that is not symmetric, got some"):
        replace(ant, symmetric=False)
    with pytest.raises(ValueError, match="images.front_right: expected an image, .* got none"):
        replace(ant, images={name: image for name, image in ant.images.items() if name != "front_right"})


def test_what_speaks_of_a_motor_or_a_leg_goes_to_the_other_side() -> None:
    ant, dog = spec("ant"), spec("go2")
    assert mirror.image(ant, "phase_hip_1") == "phase_hip_4"
    assert mirror.image(ant, "ankle_2_error") == "ankle_3_error"
    assert mirror.image(ant, "crippled_front_left") == "crippled_back_right"
    assert mirror.image(ant, "dead_motor:hip_3") == "dead_motor:hip_2"
    assert mirror.image(ant, "ship_1") == "ship_1"
    assert mirror.image(dog, "leg_loss:rear_left") == "leg_loss:rear_right"


def test_of_two_names_that_end_alike_the_longer_one_is_meant() -> None:
    pairs = {"hip": Image("hip", -1.0), "a_hip": Image("b_hip", 1.0), "b_hip": Image("a_hip", 1.0)}
    robot = SimpleNamespace(pairs=pairs)
    assert mirror.image(robot, "phase_a_hip") == "phase_b_hip"  # type: ignore[arg-type]
    assert mirror.image(robot, "phase_hip") == "phase_hip"  # type: ignore[arg-type]


def test_torques_of_motors_that_turn_the_other_way_change_their_sign() -> None:
    ant = spec("ant")
    names = [action.name for action in ant.actions]
    torques = np.arange(8.0) + 1.0
    image = dict(zip(names, mirror.of_actions(ant)(torques), strict=True))
    given = dict(zip(names, torques, strict=True))
    assert image["hip_1"] == -given["hip_4"]
    assert image["ankle_3"] == given["ankle_2"]
