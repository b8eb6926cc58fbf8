"""What is said and drawn of a run that is steered, that is on a path, and that has neither."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("viser", reason="the extra view is not installed")

from controller.courses.lead import Pose
from controller.telemetry.run_log import Log, RunHeader
from controller.view import words
from controller.view.frame import Frame
from controller.view.plots import _score, _scored
from controller.view.stage import _arrow
from hardware.steering import STILL, Velocity
from tests.controller.logs import make_goal_log, make_log


def steered(told: Velocity) -> Log:
    log = make_log()
    records = [replace(r, distance=math.nan, wanted=told, command=told) for r in log.records]
    return Log(replace(log.header, course="velocity:way.csv", path=()), tuple(records))


@pytest.mark.parametrize(
    "log, title, last",
    [
        (make_log(), "Path error [mm]", [7.0]),
        (steered(Velocity(0.20, 0.0, 0.0)), "Velocity error, over half a second", [0.05, 0.0]),
        (make_goal_log(), "Cost of a step", [-0.9]),
    ],
)
def test_how_well_a_run_does_is_drawn_in_its_own_terms(log: Log, title: str, last: list[float]) -> None:
    told, names = _score(log.header)
    assert told == title
    curves = _scored(log, log.header)
    assert [curve[-1] for curve in curves] == pytest.approx(last)
    assert len(names) == len(curves)


def test_a_run_beside_another_is_drawn_in_terms_of_the_first() -> None:
    assert len(_scored(make_goal_log(), make_log().header)) == 1
    assert len(_scored(make_log(), steered(STILL).header)) == 2


def said(log: Log) -> str:
    header: RunHeader = log.header
    return words.state(Frame(log.records[-1], [], header.adapter, header.course, 1.0), header, 4.0)


def test_what_a_robot_is_told_is_said() -> None:
    assert "told 0.20 m/s, -0.50 rad/s" in said(steered(Velocity(0.2, 0.0, -0.5)))
    assert "told 0.20 m/s, 0.10 to the left, 0.00 rad/s" in said(steered(Velocity(0.2, 0.1, 0.0)))
    assert "told to stand" in said(steered(STILL))
    assert "7 mm off" in said(make_log())


def test_an_arrow_leads_to_where_a_second_would() -> None:
    at = Pose(1.0, 2.0, math.pi / 2)
    assert len(_arrow(at, STILL, 0.1)) == 0
    way = _arrow(at, Velocity(0.3, 0.0, 0.0), 0.1)
    *_, end, left, tip, right = way
    assert end == pytest.approx([1.0, 2.3])
    assert tip == pytest.approx(end)
    assert left[0] > 1.0 > right[0]
    assert left[1] == pytest.approx(right[1])
    assert left[1] < 2.3
    turned = _arrow(at, Velocity(0.3, 0.0, math.pi / 2), 0.1)[-2]
    assert turned == pytest.approx([1.0 - 0.3 / (math.pi / 2), 2.0 + 0.3 / (math.pi / 2)], abs=0.005)
    assert np.isfinite(way).all()
