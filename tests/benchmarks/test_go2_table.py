from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.go2_table import cells
from benchmarks.go2_table.cells import Cell, measure
from benchmarks.go2_table.cells import figures as boiled
from benchmarks.go2_table.entrants import Entrant, tuned
from benchmarks.go2_table.figures import Runs, difference, figures, ratio, recovery
from benchmarks.go2_table.loops import LoopGains, plan
from benchmarks.go2_table.promises import promises
from benchmarks.go2_table.report import write_report
from benchmarks.go2_table.rows import COURSES, ROWS, SECONDS, onset, rows_of
from benchmarks.go2_table.tuning import cost, drawn
from controller.courses.paths import COURSES as PATHS
from controller.courses.paths import START
from controller.settings import robots
from planners.problem import Problem
from sim.conditions.condition import Condition
from sim.perturbations import active, check, parse

SPEC = robots.spec("go2")
PERIOD = 0.08


def test_every_row_can_happen_to_the_robot_and_is_over_or_lasts_to_the_end() -> None:
    for row in ROWS.values():
        found = [parse(text) for text in row.perturbations(8.0)]
        check(found, SPEC.anatomy)
        assert all(8.0 <= item.onset < SECONDS for item in found), row.name
    load = [parse(text) for text in ROWS["0-8-0 kg"].perturbations(8.0)]
    assert [2.0 * len(active(load, time)) for time in (7.0, 8.0, 13.0, 17.0, 23.0)] == [0.0, 2.0, 8.0, 6.0, 0.0]


def test_the_rows_are_those_that_were_promised() -> None:
    assert len(ROWS) == 36
    assert sum(row.promised == "stands" for row in ROWS.values()) == 12
    assert sum(row.promised == "limps" for row in ROWS.values()) == 12
    assert {course: len(rows_of(course)) for course in COURSES} == {"straight": 36, "zigzag": 36, "figure8": 6}


def test_slopes_are_walked_onto_degree_by_degree() -> None:
    steps = [parse(text) for text in ROWS["15 degrees across"].perturbations(8.0)]
    condition, whole = Condition(), parse("slope:deg=15,heading_deg=90").change(Condition())
    for step in steps:
        condition = step.change(condition)
    np.testing.assert_allclose(condition.tilt, whole.tilt, atol=1e-9)
    np.testing.assert_allclose([step.onset for step in steps], 8.0 + 0.08 * np.arange(15), atol=1e-9)


def test_a_loop_keeps_its_gains_where_another_policy_walks_and_integrates_by_itself_alone() -> None:
    usual, other = tuned("go2-walker", "PI"), tuned("go2-walker+/some/my.yaml", "PI")
    assert usual.own == other.own != "{}"
    assert usual.settings({}).control.integral == 0.0 < tuned("go2-walker", "snail").settings({}).control.integral


def test_on_curves_a_change_sets_in_anywhere_in_a_bend_and_at_the_same_time_for_everybody() -> None:
    times = [onset("zigzag", seed) for seed in range(200)]
    assert times == [onset("figure8", seed) for seed in range(200)]
    assert 8.0 <= min(times) < 8.3 < 11.7 < max(times) <= 12.0
    assert onset("straight", 5) == 8.0


def drifting(gains: LoopGains, name: str, drift: float, seconds: float = 14.0) -> np.ndarray:
    """Let a point with a heading be driven along a course while it drifts aside; return its distances (T,) [m]."""
    course, low, high = PATHS[name].sized(SPEC.course), np.array([-0.3, -0.3, -1.0]), np.array([0.7, 0.3, 1.0])
    state, progress, before, distances = np.zeros(3), START, None, []
    for _ in range(round(seconds / PERIOD)):
        progress = course.locate(state[:2], progress)
        distances.append(progress.distance)
        cost = course.cost(progress, PERIOD, (0, 1, 2))
        problem = Problem(state, 0.0, PERIOD, 4, None, cost, low, high)  # type: ignore[arg-type]
        before = plan(problem, gains, np.zeros(3), before)
        forward, lateral, turn = before.action(0.0)
        heading = state[2] + 0.5 * turn * PERIOD
        step = np.array([[np.cos(heading), -np.sin(heading)], [np.sin(heading), np.cos(heading)]])
        state = state + np.append(step @ (forward, lateral + drift), turn) * PERIOD
    return np.array(distances)


def test_an_integrator_takes_away_what_is_constant() -> None:
    late = slice(round(8.0 / PERIOD), None)
    proportional, integral = (drifting(LoopGains(integral=gain), "straight", 0.1)[late].mean() for gain in (0.0, 2.0))
    assert proportional > 0.015
    assert integral < 0.003


def test_curvature_is_fed_forward_and_bends_are_taken_slowly() -> None:
    ahead, late = (drifting(LoopGains(preview=preview), "zigzag", 0.0, 8.0).mean() for preview in (0.1, -0.4))
    assert ahead < 0.006 < 0.6 * late
    fast, slow = (plan(_bend(), LoopGains(grip=grip), np.zeros(3), None).actions[0, 0] for grip in (9.0, 0.2))
    assert (fast, slow) == pytest.approx((0.7, math.sqrt(0.2 * 0.75)), rel=0.05)


def _bend() -> Problem:
    course = PATHS["figure8"].sized(SPEC.course)
    cost = course.cost(replace(START, s=1.5), PERIOD, (0, 1, 2))
    state = np.append(course.points[course.arclength.searchsorted(1.5)], 0.0)
    return Problem(state, 0.0, PERIOD, 4, None, cost, -np.ones(3), np.ones(3))  # type: ignore[arg-type]


def test_an_error_is_back_when_it_stays_back() -> None:
    time = np.arange(0.0, 20.0, PERIOD)
    distance = np.where((time > 8.5) & (time < 10.0), 50.0, 5.0)
    assert recovery(result(0.01, distance_mm=distance)) == pytest.approx(2.0, abs=0.3)
    distance[(time > 11.0) & (time < 11.6)] = 50.0
    assert recovery(result(0.01, distance_mm=distance)) == pytest.approx(3.6, abs=0.3)
    assert recovery(result(0.01, distance_mm=np.where(time > 8.5, 50.0, 5.0))) == math.inf
    swaying = 20.0 * np.abs(np.sin(time))
    assert recovery(result(0.01, distance_mm=swaying)) == 0.0
    assert recovery(result(0.01, distance_mm=np.where(time > 8.5, 2.0 * swaying, swaying))) > 0.0


def test_figures_begin_two_seconds_after_the_onset() -> None:
    time = np.arange(0.0, 24.0, PERIOD)
    distance, s = np.where(time < 8.0, 0.004, np.where(time < 10.0, 0.5, 0.02)), 0.5 * time
    found = boiled(time, distance, s, np.full(len(time), 100.0), 8.0)
    assert found["before_m"] == pytest.approx(0.004)
    assert found["error_m"] == pytest.approx(0.02)
    assert (found["speed"], found["energy"]) == pytest.approx((0.5, 200.0))
    assert boiled(time[:60], distance[:60], s[:60], s[:60], 8.0)["error_m"] is None


def result(error: float | None, **others: Any) -> dict[str, Any]:
    usual = {"fell": error is None, "stopped": None, "error_m": error, "speed": 0.6, "energy": 300.0}
    return {**usual, "tick_ms": [8.0, 20.0], "period_s": PERIOD, "onset_s": 8.0} | {
        "distance_mm": [5.0] * 300,
        **others,
    }


def some(errors: dict[str, float | None], places: list[tuple[str, str]], seeds: int = 4) -> Runs:
    found = {}
    for course, row in places:
        for seed in range(seeds):
            for name, error in errors.items():
                value = None if error is None else error + 0.0001 * seed
                found[Cell(Entrant("go2", name), "measured", course, row, seed, "0")] = result(value)
    return Runs(found)


PLACES = [(course, row.name) for course in ("straight", "zigzag") for row in rows_of(course)]


def test_differences_are_those_of_the_same_seeds_and_only_of_who_stood() -> None:
    runs = some({"PI": 0.02, "mb": 0.012}, PLACES[:1], seeds=5)
    one, other = runs.of("mb", PLACES[0]), runs.of("PI", PLACES[0])
    found = difference(one, other)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((-0.008, -0.008, -0.008))
    assert difference({**one, 0: result(None), 1: result(None), 2: result(None)}, other) is None
    told = ratio(runs, "mb", "PI", PLACES[:1])
    assert told is not None
    assert told.value == pytest.approx(0.6, abs=0.01)
    assert figures([result(None), result(0.01)]).fell == 1


def verdicts(errors: dict[str, float | None]) -> dict[str, bool | None]:
    return {p.what: p.kept for p in promises(some(errors, PLACES), "snail")}


def test_promises_hold_of_a_good_default_and_are_broken_by_a_bad_one() -> None:
    loops: dict[str, float | None] = {"P": 0.03, "PI": 0.011, "mb": 0.011, "mb_offset": 0.011}
    good, bad = verdicts({**loops, "snail": 0.005}), verdicts({**loops, "snail": 0.02})
    assert all(good.values()), good
    broken = {what for what, kept in bad.items() if not kept}
    assert {"snail: curves, error over that of PI", "snail: straight, error over that of PI"} <= broken
    assert "snail against mb on curves" in broken
    fallen = verdicts({**loops, "snail": None})
    assert not fallen["snail: falls, against the best loop"]
    assert not fallen["snail: falls where it has to stand"]
    few = promises(some({**loops, "snail": 0.005}, PLACES, seeds=2), "snail")
    assert {promise.kept for promise in few} == {None}
    assert verdicts({"mb": 0.01})["snail: falls where it has to stand"] is None


def test_a_report_has_every_course_and_verdict(tmp_path: Path) -> None:
    runs = some({"PI": 0.011, "mb": 0.01, "snail": 0.005}, PLACES[:3] + PLACES[36:39])
    page, text, _ = write_report({"measured": runs, "estimated": runs}, "go2", "snail", tmp_path)
    assert "8 kg" in page.read_text()
    assert "-6 [-6, -6]" in text.read_text()
    assert "snail: falls on estimated states" in text.read_text()


def test_a_report_of_runs_that_nobody_walked_on_in_is_drawn_all_the_same(tmp_path: Path) -> None:
    pages = write_report({"measured": some({"PI": None, "snail": None}, PLACES[:2])}, "go2", "snail", tmp_path)
    assert all(page.is_file() for page in pages)


def test_search_draws_the_same_settings_again_and_the_usual_ones_first() -> None:
    for name in ("PI", "P", "mb"):
        one, two = drawn("go2", name, 5), drawn("go2", name, 5)
        assert one == two
        assert one[0] == Entrant("go2", name)
        assert len({entrant.own for entrant in one}) == 5
    assert drawn("go2", "mb", 3)[1].settings({"course": "zigzag"}).planner.kind == "hybrid"
    assert cost([result(0.02), result(None)]) > cost([result(0.03), result(0.03)])


@pytest.mark.parametrize("name", ["PI", "mb"])
def test_a_run_is_that_of_the_usual_loop(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in {"SECONDS": 3.6, "BEGIN": 0.2, "onset": lambda course, seed: 0.6}.items():
        monkeypatch.setattr(cells, key, value)
    entrant = tuned("go2", name)
    cell = Cell(entrant, "measured", "straight", "none", 0, entrant.build)
    found = measure(cell)
    assert found["fell"] is False
    assert found["error_m"] < 0.03
    assert found["speed"] > 0.5
    assert 100.0 < found["energy"] < 1000.0
    other = replace(cell, entrant=replace(entrant, robot="go2-walker+/some/my.yaml"))
    assert [Path(one.slug).name for one in (cell, other)] == [cell.slug, other.slug]
    assert replace(entrant, own='{"grip": 1.0}').build != entrant.build
