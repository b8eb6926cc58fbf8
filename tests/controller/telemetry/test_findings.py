from __future__ import annotations

from dataclasses import replace

import pytest

from controller.telemetry.findings import Run, detail, headline, loop_table, millimetres, phase_table
from controller.telemetry.run_log import Log
from hardware.guard.checks import Trip
from hardware.limits import Severity
from tests.controller.logs import LEG_LOSS, make_goal_log, make_log, make_loop


def run(adapter: str = "grbal", off: float = 0.007, *, fell: bool = False) -> Run:
    log = make_log(adapter, off)
    fault = Trip("tilt", Severity.HARD, "tilt 80 deg") if fell else None
    return Run(log, replace(make_loop(log), fault=fault))


def test_headline_says_what_happened_with_figures_of_the_runs() -> None:
    assert headline([run(), run("mb", 0.022)]) == (
        "After leg loss (leg left middle) at 2.0 s, roach ran 7.0 mm off the straight course on average with grbal, "
        "22 mm with mb (3.1 times as far)."
    )


def test_headline_does_not_hide_that_the_other_run_was_better() -> None:
    assert headline([run(off=0.02), run("mb", 0.01)]).endswith("with grbal, 10 mm with mb (0.5 times as far).")


def test_headline_says_who_fell() -> None:
    assert headline([run(), run("mb", fell=True)]).endswith("on average with grbal, and fell with mb.")
    assert headline([run(fell=True)]).endswith("roach fell with grbal.")


def test_a_hidden_goal_is_found_or_not() -> None:
    runs = [Run(log, make_loop(log)) for log in (make_goal_log(), make_goal_log("mb", found_at=9.0))]
    assert headline(runs) == (
        "After leg loss (leg left middle) at 2.0 s, roach found its goal after 13 ticks (mean reward 0.692) "
        "with grbal, and did not find its goal (mean reward 0) with mb."
    )
    table = {row[0]: row[1:] for row in loop_table(runs)}
    assert table["hidden goal"] == ("hidden_turn:side=-1", "hidden_turn:side=-1")
    assert table["found after"] == ("13 ticks", "–")
    assert "hidden goal" not in {row[0] for row in loop_table([run()])}


def test_headline_without_an_onset() -> None:
    log = make_log()
    calm = Log(log.header, tuple(replace(record, perturbations=()) for record in log.records))
    assert headline([Run(calm, make_loop(calm))]) == "Roach ran 4.0 mm off the straight course on average with grbal."
    always = Log(log.header, tuple(replace(record, perturbations=(LEG_LOSS,)) for record in log.records))
    assert headline([Run(always, make_loop(always))]).startswith("Under leg loss (leg left middle), roach ran 4.0 mm")


def test_headline_when_a_perturbation_ends() -> None:
    log = make_log()
    ended = tuple(replace(r, perturbations=() if r.perturbations else (LEG_LOSS,)) for r in log.records)
    assert headline([Run(Log(log.header, ended), make_loop(log))]).startswith("After a perturbation ended at 2.0 s,")


def test_detail_tells_whether_adaptation_helped() -> None:
    text = detail([run(), run("mb")])
    assert text.startswith("Cost per step since then: 0.7 with grbal, 0.7 with mb.")
    assert "Adaptation cut the model error of grbal from 0.3 to 0.1." in text
    assert "The model error of mb was 0.2." in text
    assert "1 of 40 were late" in text
    worse = make_log()
    worse = Log(worse.header, tuple(replace(record, error_adapted=0.9) for record in worse.records))
    assert "raised the model error of grbal from 0.3 to 0.9" in detail([Run(worse, make_loop(worse))])


def test_tables() -> None:
    before, after = phase_table([run()])[1:]
    assert before == ("grbal, before", "1.0 mm", "0.1", "0.3", "0.1")
    assert after == ("grbal, after", "7.0 mm", "0.7", "0.3", "0.1")
    facts = {row[0]: row[1:] for row in loop_table([run(), run("mb", fell=True)])}
    assert facts["ended"] == ("as planned", "fell")
    assert facts["late ticks"] == ("1 of 40", "1 of 40")
    assert facts["planner"] == ("ok 40", "ok 40")


@pytest.mark.parametrize("metres, text", [(None, "–"), (0.0071, "7.1 mm"), (0.022, "22 mm"), (1.5, "1500 mm")])
def test_millimetres(metres: float | None, text: str) -> None:
    assert millimetres(metres) == text
