from __future__ import annotations

from pathlib import Path

import pytest

from sim.discovery.discover import Found, discover
from tests.sim.discovery import bodies

DOG = bodies.urdf()


def found(folder: Path, text: str) -> Found:
    file = folder / ("robot.xml" if "<mujoco" in text else "robot.urdf")
    file.write_text(text, encoding="utf-8")
    return discover(file)


def test_hips_that_roll_turn_the_other_way_and_knees_do_not(tmp_path: Path) -> None:
    images = found(tmp_path, DOG).images
    assert images["j0_0"] == ("j1_0", -1.0)
    assert images["j3_2"] == ("j2_2", 1.0)
    assert images["rear_left"] == ("rear_right", 1.0)
    assert len(images) == 12 + 4


def test_an_axis_that_its_file_turns_round_is_seen(tmp_path: Path) -> None:
    """Some files have the hips of both sides turn outwards."""
    hips = DOG.replace('"j1_0" type="revolute"', '"j1_0" type="turned"').replace(
        '"j3_0" type="revolute"', '"j3_0" type="turned"'
    )
    before, *parts = hips.split('type="turned"')
    text = before + "".join('type="revolute"' + part.replace('xyz="1 0 0"', 'xyz="-1 0 0"', 1) for part in parts)
    assert found(tmp_path, text).images["j0_0"] == ("j1_0", 1.0)


@pytest.mark.parametrize("legs", [2, 5, 6, 8])
def test_legs_all_around_are_found_on_both_sides(tmp_path: Path, legs: int) -> None:
    images = found(tmp_path, bodies.mjcf(bodies.around(legs))).images
    assert len(images) == 3 * legs + legs
    assert {images[images[name][0]][0] == name for name in images} == {True}


LINK = 'name="link{}"><inertial><origin xyz="0 {} -0.07"/><mass value="{}"'


@pytest.mark.parametrize(
    "was, now, why",
    [
        (LINK.format("1_1", 0, 0.15), LINK.format("1_1", 0, 0.25), "differ in mass"),
        (LINK.format("3_2", 0, 0.15), LINK.format("3_2", 0.05, 0.15), "moves is not where its image is"),
        ('xyz="0.14 -0.08 0"', 'xyz="0.1 -0.08 0"', "has no image on the other side"),
        ('"base"><inertial>', '"base"><inertial><origin xyz="0 0.03 0"/>', "centre of mass is 0.019 m aside"),
    ],
    ids=["mass", "link", "place", "centre"],
)
def test_one_that_is_uneven_says_why(tmp_path: Path, was: str, now: str, why: str) -> None:
    assert was in DOG
    robot = found(tmp_path, DOG.replace(was, now))
    assert robot.images == {}
    assert [note for note in robot.notes if note.startswith("symmetric: no, ") and why in note], robot.notes


@pytest.mark.parametrize("end, why", [('upper="1"', "range"), ('upper="2" effort="20"', "torque")])
def test_motors_that_differ_are_no_images(tmp_path: Path, end: str, why: str) -> None:
    before, after = DOG.split('name="j2_1"')
    was = 'upper="2" effort="12"' if why == "torque" else 'upper="2"'
    robot = found(tmp_path, f'{before}name="j2_1"{after.replace(was, end, 1)}')
    assert not robot.images
    assert [note for note in robot.notes if note.endswith(f"j2_1 and j3_1 differ in {why}")], robot.notes


@pytest.mark.parametrize("body", ["walker2d", "half_cheetah"])
def test_a_robot_in_a_plane_has_no_sides(body: str) -> None:
    """Each leg of one would be its own image."""
    gymnasium = pytest.importorskip("gymnasium")
    robot = discover(Path(gymnasium.__file__).parent / f"envs/mujoco/assets/{body}.xml")
    assert not robot.images
    assert not [note for note in robot.notes if note.startswith("symmetric")]


def test_motors_of_which_no_torque_is_known_may_be_images(tmp_path: Path) -> None:
    assert found(tmp_path, DOG.replace('effort="12"', 'effort="0"')).images
