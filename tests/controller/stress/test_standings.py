from __future__ import annotations

import math
from dataclasses import replace

import pytest

from controller.stress.acceptance import promises
from controller.stress.settings import INFORMED, ORACLE, PLAIN, StressCondition, StressSettings
from controller.stress.standings import Measured, groups, median_recovery, standings
from tests.controller.suites import INTACT, LEFT_OUT, LEG, TURF, measured, result, suite

GAPS = {"intact": 0.1, "leg-midway": 1.0, "turf": 0.0, "without-leg": 1.0}


def some(share: float = 0.8) -> Measured:
    return measured(suite(PLAIN, "grbal", INFORMED), {"grbal": share}, GAPS)


def altered(found: Measured, condition: object, adapter: str, **changes: object) -> Measured:
    """The same results, but one adapter's runs in one condition changed."""
    return Measured(
        found.settings,
        {
            trial: run | changes if (trial.condition, trial.adapter) == (condition, adapter) else run
            for trial, run in found.results.items()
        },
    )


def test_an_adapter_stands_where_its_costs_put_it() -> None:
    found = standings(some())
    score = found.row("leg-midway", "grbal").score
    assert score is not None
    assert score.value == pytest.approx(0.8)
    assert found.suites["within + onset"]["grbal"].value == pytest.approx(0.8)
    for group in found.suites.values():
        assert (group[PLAIN].value, group[INFORMED].value) == (0.0, 1.0)
    saved = found.row("leg-midway", "grbal").saved
    assert saved is not None
    assert saved.low > 0.7


def test_a_condition_without_a_significant_gap_has_no_score() -> None:
    found = standings(some())
    assert found.row("turf", "grbal").score is None
    assert found.roomy((INTACT, LEG, TURF)) == (INTACT, LEG)
    assert "across" not in found.suites
    assert found.suites["all"] == found.suites["within + onset"]


def test_without_the_anchors_there_are_costs_but_no_scores() -> None:
    alone = standings(measured(suite("grbal"), {"grbal": 0.5}, GAPS))
    assert (alone.suites, alone.room) == ({}, {})
    assert all(row.score is None and row.saved is None and math.isfinite(row.cost) for row in alone.rows)
    beside_plain = standings(measured(suite(PLAIN, "grbal"), {"grbal": 0.5}, GAPS))
    assert beside_plain.row("leg-midway", "grbal").saved is not None
    assert beside_plain.suites == {}


def test_whoever_else_takes_part_changes_no_figure() -> None:
    few = standings(some())
    many = standings(measured(suite(PLAIN, "mb_de", "grbal", INFORMED), {"grbal": 0.8, "mb_de": 0.1}, GAPS))
    assert few.row("leg-midway", "grbal") == many.row("leg-midway", "grbal")
    assert few.suites["all"]["grbal"] == many.suites["all"]["grbal"]


def test_the_oracle_is_compared_at_the_seeds_at_which_it_ran() -> None:
    found = standings(measured(suite(PLAIN, INFORMED, ORACLE), {ORACLE: 1.2}, GAPS))
    row = found.row("leg-midway", ORACLE)
    assert row.seeds == 2
    assert row.score is not None
    assert row.score.value == pytest.approx(1.2, rel=0.05)  # in units of the gap at all seeds


def test_runs_that_failed_are_counted_and_did_not_recover() -> None:
    failing = altered(some(), LEG, "grbal", failed="tilt", recovery_s=None)
    row = standings(failing).row("leg-midway", "grbal")
    assert (row.failures, row.recovery_s) == (8, math.inf)
    assert standings(some()).row("leg-midway", "grbal").recovery_s == pytest.approx(0.8)
    assert standings(some()).row("intact", "grbal").recovery_s is None


def test_half_of_the_runs_must_recover() -> None:
    recovered, lost = result(1.0), result(1.0, recovery=None)
    assert median_recovery([recovered, recovered, lost]) == pytest.approx(0.8)
    assert median_recovery([recovered, lost]) == math.inf
    assert median_recovery([result(1.0, onset=None)]) is None


def test_groups_are_protocols_and_sums_of_them() -> None:
    assert list(groups(suite())) == ["within", "onset", "across", "within + onset", "all"]
    assert groups(suite(conditions=(TURF,))) == {"across": (TURF,), "all": (TURF,)}


def verdicts(found: Measured) -> list[bool | None]:
    return [promise.kept for promise in promises(standings(found))]


def test_promises_hold_or_do_not() -> None:
    assert verdicts(some(0.8)) == [True, None, True, True]
    assert verdicts(some(0.6))[0] is False
    assert verdicts(altered(some(), LEG, "grbal", recovery_s=2.0))[3] is False
    assert verdicts(altered(some(), TURF, "grbal", cost=35.0))[2] is False
    assert promises(standings(altered(some(), TURF, "grbal", cost=35.0)))[2].figure == "turf"


def test_families_left_out_must_gain_on_most() -> None:
    settings = suite(conditions=(LEFT_OUT, replace(LEFT_OUT, name="other")))
    gaps = {"without-leg": 1.0, "other": 1.0}
    better = measured(settings, {"grbal": 0.5}, gaps)
    assert verdicts(better)[1] is True
    half = altered(better, settings.conditions[1], "grbal", cost=2.0)
    assert promises(standings(half))[1].figure == "1 of 2: without-leg"
    assert verdicts(half)[1] is False


def test_too_few_seeds_are_not_judged() -> None:
    few = measured(suite(PLAIN, "grbal", INFORMED, seeds=5), {"grbal": 0.8}, GAPS)
    assert verdicts(few) == [None] * 4
    assert promises(standings(few))[0].figure.startswith("80%")


def test_a_suite_without_the_default_adapter_promises_nothing() -> None:
    assert promises(standings(measured(suite(PLAIN, INFORMED), {}, GAPS))) == []


def test_what_is_drawn_is_that_of_the_robot_of_the_suite() -> None:
    """A hexapod's servos may have wrong zeros; the crawler knows no such family."""
    onset = StressCondition("zeros-midway", "onset", family="zero", onset=4.0)
    legs = StressCondition("legs-midway", "onset", family="leg_loss", onset=4.0)
    adapters = (PLAIN, "grbal", INFORMED)
    settings = StressSettings((onset, legs), adapters, robot="hexapod", seeds=8, adapter="grbal")
    found = measured(settings, {"grbal": 0.8}, {"zeros-midway": 1.0, "legs-midway": 1.0})
    assert promises(standings(found))[3].figure == "0.80 s"
