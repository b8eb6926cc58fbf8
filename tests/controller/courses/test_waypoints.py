from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from controller.cli import main
from controller.courses.paths import Progress
from controller.courses.waypoints import SPACING, load, tightest
from dynamics.transitions import FloatArray
from hardware.spec import CourseSize

CRAWLER = CourseSize(scale=1.0, ahead=0.6, behind=0.1, tick=0.15)
LARGE = CourseSize(scale=3.0, ahead=0.6, behind=0.1, tick=0.15)


def written(folder: Path, points: FloatArray | str) -> Path:
    file = folder / "way.csv"
    text = points if isinstance(points, str) else "\n".join(f"{x},{y}" for x, y in points)
    file.write_text(text)
    return file


def circle(radius: float, count: int, noise: float = 0.0) -> FloatArray:
    angle = np.linspace(0.0, 2 * math.pi, count)
    points = radius * np.stack([np.sin(angle), 1 - np.cos(angle)], axis=-1)
    points[1:-1] += np.random.default_rng(0).normal(scale=noise, size=(count - 2, 2)) if noise else 0.0
    return points


@pytest.mark.parametrize("noise", [0.0, 0.004])
def test_a_closed_way_is_a_closed_course_whatever_its_noise(noise: float, tmp_path: Path) -> None:
    course = load(written(tmp_path, circle(0.8, 200, noise)), CRAWLER)
    assert course.closed
    assert course.length == pytest.approx(2 * math.pi * 0.8, rel=0.02)
    np.testing.assert_allclose(np.hypot(course.points[:, 0], course.points[:, 1] - 0.8), 0.8, atol=0.02)
    assert tightest(course) > (0.75 if noise == 0.0 else 0.3)
    assert course.end == math.inf
    lap = [Progress(0.0, 0.0, 0.0, 0.0)]
    for k in range(2 * len(course.points)):
        lap.append(course.locate(course.points[k % len(course.points)], lap[-1]))
    assert lap[-1].s == pytest.approx(2 * course.length, rel=0.01)
    assert max(each.distance for each in lap) < 1e-3


def test_corners_become_bends_and_metres_stay_metres(tmp_path: Path) -> None:
    corner = written(tmp_path, "x;y\n# two legs\n5;5\n6;5\n6;6\n")
    for size in (CRAWLER, LARGE):
        course = load(corner, size)
        assert course.length == pytest.approx(2.0, abs=0.2)
        np.testing.assert_allclose(course.points[[0, -1]], [[0, 0], [1, 1]], atol=1e-9)
        assert course.headings[[0, -1]] == pytest.approx([0.0, math.pi / 2], abs=1e-3)
        assert 0.08 * size.scale < tightest(course) < 0.4 * size.scale
        spaced = np.hypot(*np.diff(course.points, axis=0).T)
        np.testing.assert_allclose(spaced, SPACING * size.scale, rtol=0.1)
        assert course.weights.perp == pytest.approx(50.0 / size.scale)


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("", r"way.csv: expected at least two different way-points x, y, got 0"),
        ("x,y\n1,1\n1,1\n", r"way.csv: expected at least two different way-points x, y, got 1"),
        ("0,0\n1,nan\n", r"way.csv:2: y: expected a finite number, got 'nan'"),
        ("0,0\n1\n", r"way.csv:2: expected 2 numbers, x, y, got 1"),
        ("0,0\n0.01,0\n", r"way.csv: expected a path of 0.1 to 1000 m, got 0.01 m"),
        ("0,0\n1e300,0\n", r"way.csv: expected a path of 0.1 to 1000 m, got 1e\+300 m"),
        ("0,0\n1,0\n0,0\n", r"0.\d+ m along, near x 0.\d+, y 0.00: expected bends of 0.08 m or wider, got"),
        ("0,0\n-1,0\n", r"expected a beginning before the robot, which looks along \+x, got 180 deg off"),
    ],
)
def test_what_is_no_way_is_said_in_one_line(text: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=complaint):
        load(written(tmp_path, text), CRAWLER)


def test_a_course_of_ones_own_is_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "0,0\n1,0\n0,0\n")
    for course, complaint in (
        ("path", "expected the file of its way-points"),
        ("path:gone.csv", "gone.csv: expected a file that can be read"),
        ("path:way.csv", "course: way.csv: "),
    ):
        assert main(["run", "--fast", "--course", course, "--out", "run"]) == 2
        error = capsys.readouterr().err
        assert complaint in error
        assert error.count("\n") == 1
        assert not (tmp_path / "run").exists()
