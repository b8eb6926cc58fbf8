from __future__ import annotations

import re
from pathlib import Path

import mujoco
import numpy as np
import pytest

from sim.discovery.discover import discover
from sim.robots import description
from tests.sim.discovery import bodies


def changed(link: str, inertial: str) -> str:
    """Return the usual quadruped with another inertial of one link."""
    return re.sub(rf'(<link name="{link}">)<inertial>.*?</inertial>', rf"\1{inertial}", bodies.urdf(), count=1)


def inertial(mass: float, *moments: float) -> str:
    xx, yy, zz = moments
    inertia = f'<inertia ixx="{xx}" iyy="{yy}" izz="{zz}" ixy="0" ixz="0" iyz="0"/>'
    return f'<inertial><origin xyz="0 0 -0.07"/><mass value="{mass}"/>{inertia}</inertial>'


def read(folder: Path, text: str) -> tuple[mujoco.MjModel, tuple[str, ...]]:
    (folder / "robot.urdf").write_text(text, encoding="utf-8")
    found = description.read(folder / "robot.urdf")
    return found.spec.compile(), found.notes


def test_a_link_without_inertia_has_that_of_a_ball_of_its_mass(tmp_path: Path) -> None:
    model, notes = read(tmp_path, changed("link1_0", inertial(0.15, 0.0, 0.0, 0.0)))
    radius = (0.15 / 1000.0 * 3.0 / 4.0 / np.pi) ** (1.0 / 3.0)
    assert model.body("link1_0").inertia == pytest.approx([0.4 * 0.15 * radius**2] * 3)
    assert model.body("link1_0").mass == pytest.approx(0.15)
    assert [note for note in notes if note.startswith("inertia: none (link1_0)")]


def test_moments_that_no_body_has_become_their_mean(tmp_path: Path) -> None:
    model, notes = read(tmp_path, changed("link1_1", inertial(0.15, 0.001, 0.0001, 0.0004)))
    assert model.body("link1_1").inertia == pytest.approx([0.0005] * 3)
    assert model.body("link1_1").ipos == pytest.approx([0.0, 0.0, -0.07])
    assert [note for note in notes if note.startswith("inertia: one moment larger than the others together (link1_1)")]


@pytest.mark.parametrize("none", ["", inertial(0.0, 0.0, 0.0, 0.0)])
def test_a_link_without_mass_between_two_joints_weighs_a_gram(tmp_path: Path, none: str) -> None:
    model, notes = read(tmp_path, changed("link2_0", none))
    assert model.body("link2_0").mass == pytest.approx(0.001)
    assert [note for note in notes if note.startswith("mass: none between two joints (link2_0): 1 g stands there")]


def test_a_link_whose_mass_is_in_a_part_fixed_to_it_stays_as_it_is(tmp_path: Path) -> None:
    part = f'<link name="motor">{inertial(0.1, 1e-4, 1e-4, 1e-4)}</link>'
    part += '<joint name="f" type="fixed"><parent link="link2_0"/><child link="motor"/></joint></robot>'
    model, notes = read(tmp_path, changed("link2_0", "").replace("</robot>", part))
    assert model.body("link2_0").mass == pytest.approx(0.0)
    assert not [note for note in notes if note.startswith("mass")]


def test_such_a_robot_is_found_and_stands(tmp_path: Path) -> None:
    (tmp_path / "robot.urdf").write_text(changed("link2_0", ""), encoding="utf-8")
    found = discover(tmp_path / "robot.urdf")
    assert len(found.legs) == 4
    assert found.settled.tilt < 0.1


def test_what_can_be_stays_as_it_is(tmp_path: Path) -> None:
    """Also the thinnest of plates, whose largest moment is the others together, and a frame fixed to the trunk."""
    frame = '<link name="imu"/><joint name="f" type="fixed"><parent link="base"/><child link="imu"/></joint></robot>'
    text = changed("link1_1", inertial(0.15, 0.0001, 0.0002, 0.0001 + 0.0002)).replace("</robot>", frame)
    model, notes = read(tmp_path, text)
    assert sorted(model.body("link1_1").inertia) == pytest.approx([0.0001, 0.0002, 0.0003])
    assert model.body("imu").mass == pytest.approx(0.0)
    assert not [note for note in notes if note.startswith(("inertia", "mass"))]


@pytest.mark.parametrize(
    "link, odd, says, mass",
    [
        ("link1_1", inertial(0.15, 0.001, 0.0001, 0.0004), 'balanceinertia="true"', 0.15),
        ("link2_0", inertial(0.0, 0.0, 0.0, 0.0), 'boundmass="0.02" boundinertia="0.0001"', 0.02),
    ],
)
def test_a_file_that_says_how_is_taken_at_its_word(tmp_path: Path, link: str, odd: str, says: str, mass: float) -> None:
    text = changed(link, odd).replace("</robot>", f"<mujoco><compiler {says}/></mujoco></robot>")
    model, notes = read(tmp_path, text)
    assert model.body(link).mass == pytest.approx(mass)
    assert not [note for note in notes if note.startswith(("inertia", "mass"))]
