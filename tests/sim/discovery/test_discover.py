from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.discovery.discover import Found, _model, _stands, discover
from sim.discovery.limbs import Frame
from sim.discovery.outline import outline
from sim.discovery.settling import settle
from tests.sim.discovery import bodies


def found(folder: Path, text: str, name: str = "robot.xml") -> Found:
    (folder / name).write_text(text, encoding="utf-8")
    return discover(folder / name)


@pytest.mark.parametrize(
    "legs, names",
    [
        (4, ["front_left", "front_right", "rear_left", "rear_right"]),
        (6, ["left_front", "left_middle", "left_rear", "right_front", "right_middle", "right_rear"]),
        (8, [f"{side}_{row}" for side in ("left", "right") for row in (1, 2, 3, 4)]),
    ],
)
def test_any_number_of_legs_is_found_and_stands(tmp_path: Path, legs: int, names: list[str]) -> None:
    robot = found(tmp_path, bodies.mjcf(bodies.around(legs)))
    assert [leg.name for leg in robot.legs] == names
    assert [motor.name for motor in robot.motors] == [motor for leg in robot.legs for motor in leg.motors]
    assert len(robot.motors) == 3 * legs
    assert robot.mass == pytest.approx(2.0 + 0.3 * legs)
    assert robot.settled.tilt < 0.1
    assert robot.hips > 0.4 * robot.reach
    assert {motor.torque for motor in robot.motors} == {8.0}
    assert all(leg.tip[2] < -0.05 for leg in robot.legs)


def test_a_urdf_file_without_motors_or_root_gets_both(tmp_path: Path) -> None:
    robot = found(tmp_path, bodies.urdf(), "robot.urdf")
    assert (robot.trunk, robot.root) == ("base", "free")
    assert [leg.name for leg in robot.legs] == ["front_left", "front_right", "rear_left", "rear_right"]
    assert {motor.torque for motor in robot.motors} == {12.0}
    assert any("gets a position servo" in note for note in robot.notes)


def turned(text: str, root: str, name: str, rpy: str) -> str:
    """Return a robot below a link of its own, which is fixed to it and turned."""
    ends = f'<parent link="{name}"/><child link="{root}"/><origin rpy="{rpy}"/>'
    joint = f'<joint name="{name}_joint" type="fixed">{ends}</joint>'
    return text.replace("</robot>", f'<link name="{name}"/>{joint}</robot>')


def test_one_whose_axes_are_others_stands_once_a_link_above_turns_it(tmp_path: Path) -> None:
    sideways = turned(bodies.urdf(), "base", "odd", "-1.570796 0 0")  # y up
    robot = found(tmp_path, turned(sideways, "odd", "even", "1.570796 0 0"), "robot.urdf")
    assert (robot.trunk, [leg.name for leg in robot.legs]) == (
        "even",
        ["front_left", "front_right", "rear_left", "rear_right"],
    )
    upright = found(tmp_path, bodies.urdf(), "robot.urdf")
    assert robot.settled.height == pytest.approx(upright.settled.height, abs=0.02)
    with pytest.raises(ValueError, match="z up .* leans by 1.50 rad; where its axes are others, write a link above"):
        _stands("lying", replace(robot.settled, tilt=1.5))


def test_a_file_that_was_edited_is_read_again(tmp_path: Path) -> None:
    light, heavy = bodies.urdf(), bodies.urdf().replace('mass value="3"', 'mass value="4"')
    masses = [found(tmp_path, text, "robot.urdf").mass for text in (light, heavy)]
    assert masses == pytest.approx([4.8, 5.8])


def test_a_robot_settles_with_the_rotors_that_it_gets(tmp_path: Path) -> None:
    robot = found(tmp_path, bodies.urdf(), "robot.urdf")
    said = outline(robot.file)
    frame = Frame(_model(robot.file, said), said)
    heavy = replace(robot.servos, armature=5.0)
    swift, slow = (settle(frame, robot.stand + 0.1, held, said.trunk) for held in (robot.servos, heavy))
    assert np.abs(slow.angles - swift.angles).max() > 1e-3


def test_where_a_mesh_is_missing_a_box_touches_the_ground(tmp_path: Path) -> None:
    robot = found(tmp_path, bodies.urdf(mesh="package://nowhere/calf.stl"), "robot.urdf")
    assert len(robot.legs) == 4
    assert any(note.startswith("meshes: 1 not found") for note in robot.notes)


def test_names_become_plain_and_stay_apart(tmp_path: Path) -> None:
    robot = found(tmp_path, bodies.mjcf(bodies.around(4), names="Bein {leg}/ü {part}"))
    names = [motor.name for motor in robot.motors]
    assert all(name.isidentifier() for name in names)
    assert len(set(names)) == 12
    assert "Bein_0_ü_0" in names


def test_key_frames_are_tried(tmp_path: Path) -> None:
    pose = " ".join(["0 0.3 0.2"] * 4)
    text = bodies.mjcf(bodies.around(4), extra=f'<keyframe><key name="home" qpos="0 0 0.4 1 0 0 0 {pose}"/></keyframe>')
    (tmp_path / "robot.xml").write_text(text, encoding="utf-8")
    from sim.discovery.outline import outline

    name, angles = outline(tmp_path / "robot.xml").poses[0]
    assert name == "key frame home"
    assert angles == pytest.approx([0.0, 0.3, 0.2] * 4)


def test_the_feet_are_where_the_samples_say(tmp_path: Path) -> None:
    robot = found(tmp_path, bodies.mjcf(bodies.around(6)))
    for leg in robot.legs:
        reach = [np.linalg.norm(tip - leg.anchors[0]) for _, tip in leg.samples]
        assert 0.0 < max(reach) <= 1.05 * robot.reach


@pytest.mark.parametrize(
    "text, message",
    [
        ("<mujoco/>", "file: expected one with a robot's bodies"),
        ("<mujoco><worldbody><body/></worldbody>", "XML"),
        ("<sdf/>", "Unrecognized XML model type"),
        (
            '<mujoco><worldbody><body><freejoint/><geom size=".1"/></body></worldbody></mujoco>',
            "motors: expected a joint below the trunk that can be driven, got none",
        ),
        (
            '<mujoco><worldbody><body name="b"><joint/><geom size=".1"/></body></worldbody></mujoco>',
            "root: body b: expected a free joint, slides along x and z, then a hinge around y, or no joint",
        ),
        (
            '<mujoco><worldbody><body><freejoint/><geom size=".1"/><body pos="0 0 1"><joint/>'
            '<geom size=".1" contype="0" conaffinity="0"/></body></body></worldbody></mujoco>',
            "legs: expected a chain of driven joints that ends in something that can touch the ground, got none",
        ),
    ],
)
def test_what_is_no_robot_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "robot.xml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="^[^\n]*$") as caught:
        discover(tmp_path / "robot.xml")
    assert message in str(caught.value)
