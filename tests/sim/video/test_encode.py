from __future__ import annotations

import copy
import importlib
import itertools
from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import pytest

from sim.video.clip import Clip, FloatArray, Note, RenderError, View, places, pose_at
from sim.video.encode import write_video

av = pytest.importorskip("av")

MODEL = """
<mujoco>
  <statistic extent="0.3"/>
  <worldbody>
    <light pos="0 0 2"/>
    <geom name="floor" type="plane" size="0 0 0.05" rgba="0.8 0.8 0.8 1"/>
    <body name="trunk" pos="0 0 0.03">
      <freejoint/>
      <geom type="box" size="0.05 0.03 0.01" rgba="0.1 0.1 0.1 1"/>
      <body name="leg" pos="0 0 0.03">
        <joint type="hinge" axis="0 1 0"/>
        <geom type="sphere" size="0.03" rgba="1 0 0 1"/>
      </body>
    </body>
  </worldbody>
</mujoco>
"""
COURSE = np.array([[0.0, 0.0], [1.0, 0.0]])
SMALL = View(width=160, height=120, fps=10)


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_string(MODEL)


def clip(model: mujoco.MjModel) -> Clip:
    """Two seconds at 5 Hz, straight ahead."""
    times = np.linspace(0.0, 2.0, 11)
    qpos = np.tile([0.0, 0.0, 0.03, 1.0, 0.0, 0.0, 0.0, 0.0], (11, 1))
    qpos[:, 0] = 0.1 * times
    return Clip("run", model, times, qpos)


def pictures(path: Path) -> list[FloatArray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24").astype(np.float64) for frame in container.decode(video=0)]


def filmed(path: Path, clips: list[Clip]) -> list[FloatArray]:
    try:
        frames = write_video(path, clips, COURSE, SMALL)
    except RenderError as error:
        if "OpenGL" not in str(error):
            raise
        pytest.skip(str(error))
    shown = pictures(path)
    assert len(shown) == frames
    return shown


def red(picture: FloatArray) -> int:
    """Pixels of the leg."""
    return int(((picture[..., 0] > 120) & (picture[..., 1] < 60) & (picture[..., 2] < 60)).sum())


def test_video_has_the_length_and_the_size_of_its_runs(model: mujoco.MjModel, tmp_path: Path) -> None:
    shown = filmed(tmp_path / "video.mp4", [clip(model), clip(model)])
    assert len(shown) == 21
    assert shown[0].shape == (120, 320, 3)
    assert shown[0].std() > 5.0


def test_a_lost_leg_vanishes_from_its_onset_to_its_end_and_the_model_is_left_alone(
    model: mujoco.MjModel, tmp_path: Path
) -> None:
    before = copy.copy(model).geom_rgba.copy()
    lost = replace(clip(model), notes=(Note("leg lost", 0.75, 1.45, (("leg", 0.0),)),))
    seen = [red(picture) for picture in filmed(tmp_path / "video.mp4", [lost])]
    assert min(seen[:7] + seen[16:]) > 100
    assert max(seen[9:14]) < 20
    np.testing.assert_array_equal(model.geom_rgba, before)


def test_poses_between_ticks_lie_between_them(model: mujoco.MjModel) -> None:
    half = np.sqrt(0.5)
    qpos = np.array([[0, 0, 0, 1, 0, 0, 0, 0.0], [1, 0, 0, -half, 0, 0, -half, 4.0]])
    pose = pose_at(model, np.array([0.0, 2.0]), qpos, 1.0)
    assert pose[[0, 7]] == pytest.approx([0.5, 2.0])
    assert pose[3:7] == pytest.approx([np.cos(np.pi / 8), 0.0, 0.0, np.sin(np.pi / 8)])  # the short way round
    for time, expected in itertools.product((-1.0, 0.0), (qpos[0],)):
        assert pose_at(model, np.array([0.0, 2.0]), qpos, time) == pytest.approx(expected)
    assert pose_at(model, np.array([0.0, 2.0]), qpos, 9.0)[[0, 7]] == pytest.approx([1.0, 4.0])
    assert qpos[1, 3] == -half


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_poses_are_refused(model: mujoco.MjModel, tmp_path: Path, count: int) -> None:
    whole = clip(model)
    short = replace(whole, times=whole.times[:count], qpos=whole.qpos[:count])
    with pytest.raises(RenderError, match="at least one run with two logged poses"):
        write_video(tmp_path / "video.mp4", [short], COURSE)
    with pytest.raises(RenderError, match="at least one run"):
        write_video(tmp_path / "video.mp4", [], COURSE)


def test_without_opengl_one_message_says_so(
    model: mujoco.MjModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUJOCO_GL", "nothing")
    with pytest.raises(RenderError, match="no video: OpenGL through 'nothing' cannot be opened"):
        write_video(tmp_path / "video.mp4", [clip(model)], COURSE)
    assert not (tmp_path / "video.mp4").exists()


def test_without_pyav_one_message_says_so(
    model: mujoco.MjModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError(f"No module named '{name}'")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(RenderError, match="PyAV is not installed"):
        write_video(tmp_path / "video.mp4", [clip(model)], COURSE)


def test_where_a_trunk_is_on_the_ground_in_space_and_in_a_plane(model: mujoco.MjModel) -> None:
    assert places(model, np.arange(16.0).reshape(2, 8)).tolist() == [[0.0, 1.0], [8.0, 9.0]]
    slides = '<joint type="slide" axis="1 0 0"/><joint type="slide" axis="0 0 1"/><joint axis="0 1 0"/>'
    planar = mujoco.MjModel.from_xml_string(MODEL.replace("<freejoint/>", slides))
    assert places(planar, np.arange(4.0)).tolist() == [0.0, 0.0]
    assert places(planar, np.array([0.3, 0.1, 0.2, 0.0])).tolist() == [0.3, 0.0]


def test_where_sensors_feel_is_not_drawn(tmp_path: Path, model: mujoco.MjModel) -> None:
    felt = MODEL.replace("<joint type", '<site size="0.1" rgba="1 0 0 1"/>\n        <joint type')
    seen = filmed(tmp_path / "felt.mp4", [clip(mujoco.MjModel.from_xml_string(felt))])
    usual = filmed(tmp_path / "usual.mp4", [clip(model)])
    assert red(usual[0]) > 0
    assert red(seen[0]) == red(usual[0])


def test_a_floor_that_ends_is_drawn_without_an_end(model: mujoco.MjModel, tmp_path: Path) -> None:
    """What touches a plane knows no end of it, so a robot that ran 40 m seemed to run on over nothing."""
    small = mujoco.MjModel.from_xml_string(MODEL.replace('size="0 0 0.05"', 'size="0.1 0.1 0.05"'))
    endless, ending = (filmed(tmp_path / f"{each.ngeom}{each is small}.mp4", [clip(each)]) for each in (model, small))
    assert np.abs(ending[-1] - endless[-1]).mean() < 5.0  # 100 where it ends
    assert small.geom_size[0, 0] == 0.1  # the run's own model is as it was
