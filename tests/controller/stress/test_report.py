from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from controller.reports.plots import style
from controller.stress.plots import heat_map, profiles, recovery_curves
from controller.stress.report import headline, summary, write_report
from controller.stress.settings import INFORMED, ORACLE, PLAIN, Trial
from controller.stress.standings import Standings, standings
from controller.stress.tables import (
    NO_ROOM,
    NO_SCORE,
    condition_rows,
    detail_rows,
    estimate,
    markdown,
    suite_rows,
    tables,
)
from tests.controller.suites import INTACT, LEG, TURF, measured, suite

GAPS = {"intact": 0.1, "leg-midway": 1.0, "turf": 0.0}


@pytest.fixture(scope="module")
def found() -> Standings:
    return standings(measured(suite(PLAIN, "grbal", INFORMED, ORACLE), {"grbal": 0.8, ORACLE: 1.1}, GAPS))


def test_tables_say_where_there_is_nothing_to_gain(found: Standings) -> None:
    rows = {row[0]: row for row in condition_rows(found)}
    assert rows["condition"][3:] == (PLAIN, "grbal", INFORMED, ORACLE)
    assert set(rows["turf"][3:]) == {NO_ROOM}
    assert rows["leg-midway"][3:6] == ("0", rows["leg-midway"][4], "1")
    assert rows["leg-midway"][4].startswith("0.80 [0.80, 0.80]")
    suites = suite_rows(found)
    assert suites[0] == ("", "within (1/1)", "onset (1/1)", "across (0/1)", "within + onset (2/2)", "all (2/3)")
    assert suites[2][3] == NO_ROOM
    assert len(detail_rows(found)) == 1 + 3 * 4
    assert [len(table.columns) for table in tables(found)] == [7, 6, 4]


def test_without_both_anchors_it_is_said_what_was_saved(tmp_path: Path) -> None:
    newcomers = standings(measured(suite(PLAIN, "grbal"), {"grbal": 0.8}, GAPS))
    head, _, leg, _ = condition_rows(newcomers)
    assert head == ("condition", "protocol", PLAIN, "grbal")
    assert leg[2] == "0, 0 of 8 failed"
    assert leg[3].startswith("+0.80 [+0.80, +0.8")
    assert leg[3].endswith("], 0 of 8 failed")
    assert {text for row in suite_rows(newcomers)[1:] for text in row[1:]} == {NO_SCORE}
    assert "Cost a step saved over mb" in str(next(iter(tables(newcomers))).title)
    assert "Cost a step saved over mb" in write_report(tmp_path, newcomers, {})["report"].read_text()


def test_a_table_for_a_readme() -> None:
    assert markdown([("", "a"), ("x", "1")]) == "|  | a |\n|---|---|\n| x | 1 |\n"
    assert estimate(None) == "–"


def test_everything_is_written_and_the_page_needs_nothing_else(found: Standings, tmp_path: Path) -> None:
    trial = Trial(LEG, "grbal", 3)
    files = write_report(tmp_path, found, {trial: tmp_path / "worst" / trial.slug / "report.html"})
    assert all(file.is_file() for file in files.values())
    assert set(files) >= {"report", "summary", "scores", "trials", "table", "suite", "heat_map", "profiles"}
    page = files["report"].read_text()
    assert "grbal closes 80% of the gap" in page
    assert '<a href="worst/leg-midway--grbal--3/report.html">grbal, leg-midway, seed 3</a>' in page
    assert page.count("data:image/png;base64,") == 3
    assert not re.search(r"(src|href)=\"https?:", page)
    assert "$" not in re.sub(r"base64,[^\"]*", "", page)


def test_spreadsheets_hold_every_row_and_every_run(found: Standings, tmp_path: Path) -> None:
    files = write_report(tmp_path, found, {})
    with files["scores"].open() as file:
        scores = list(csv.DictReader(file))
    assert len(scores) == 12
    assert {row["score"] for row in scores if row["condition"] == "turf"} == {""}
    with files["trials"].open() as file:
        runs = list(csv.DictReader(file))
    assert len(runs) == len(found.measured.results) == 3 * 8 * 3 + 3 * 2
    assert runs[-1]["happened"] == "leg_loss:leg=left_middle@4"


def test_the_summary_is_plain_json(found: Standings, tmp_path: Path) -> None:
    figures = summary(found)
    text = json.dumps(figures, allow_nan=False)
    assert json.loads(text) == figures
    assert figures["no_head_room"] == ["turf"]
    assert figures["gap_closed"]["all"]["grbal"]["value"] == pytest.approx(0.8)
    assert figures["runs"] == 78
    assert {promise["kept"] for promise in figures["promises"]} == {True, None}
    row = next(row for row in figures["rows"] if row["adapter"] == "grbal")
    assert row["error_adapted"] is None
    assert json.loads(write_report(tmp_path, found, {})["summary"].read_text()) == figures


def test_pictures_that_would_be_empty_are_left_out() -> None:
    alone = standings(measured(suite("grbal", conditions=(INTACT,)), {}, GAPS))
    assert heat_map(alone) is None
    assert profiles(alone) is None
    assert recovery_curves(alone) is None
    assert headline(alone) == "8 runs under stress"


def test_pictures_show_who_took_part(found: Standings) -> None:
    with style():
        heat, curves, shares = heat_map(found), recovery_curves(found), profiles(found)
    assert heat is not None
    adapter, oracle = np.array([text.get_text() for text in heat.axes[0].texts]).reshape(2, 3)
    assert adapter.tolist() == ["0.80", "0.80", "–"]
    assert oracle[:2].astype(float) == pytest.approx(1.1, abs=0.1)  # two seeds, in units of the gap at all
    assert oracle[2] == "–"
    assert curves is not None
    assert [axes.get_title(loc="left") for axes in curves.axes] == ["leg-midway", "turf"]
    assert shares is not None
    legend = shares.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["grbal", INFORMED, ORACLE]


def test_an_adapter_looks_the_same_in_every_suite() -> None:
    def colours(*adapters: str) -> dict[str, object]:
        shares, gaps = dict.fromkeys(adapters, 0.5), {INTACT.name: 0.3, LEG.name: 0.3, TURF.name: 0.3}
        figure = profiles(standings(measured(suite(*adapters), shares, gaps)))
        assert figure is not None
        return {str(line.get_label()): line.get_color() for line in figure.axes[0].get_lines()}

    few, many = colours(PLAIN, "snail", INFORMED), colours("grbal", "belief", INFORMED, PLAIN, "snail")
    assert few["snail"] == many["snail"]
    assert few[INFORMED] == many[INFORMED]


def test_runs_that_broke_off_leave_gaps_in_the_curves() -> None:
    base = measured(suite(PLAIN, "grbal", conditions=(LEG, TURF)), {}, GAPS)
    cut = {trial: run | {"distance_mm": [1.0] * 90 + [None]} for trial, run in base.results.items()}
    figure = recovery_curves(standings(type(base)(base.settings, cut)))
    assert figure is not None
    assert np.max(np.asarray(figure.axes[0].lines[0].get_xdata(), np.float64)) < 1.0
