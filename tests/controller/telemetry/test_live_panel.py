from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from controller.telemetry.live_panel import Panel, sparkline
from controller.telemetry.run_log import Log
from tests.controller.logs import LEG_LOSS, make_goal_log, make_log


def shown(*, terminal: bool, refresh: float = 0.0, log: Log | None = None) -> str:
    log, screen = log or make_log(), io.StringIO()
    console = Console(file=screen, force_terminal=terminal, width=110, legacy_windows=False)
    with Panel(log.header, 4.0, console, refresh=refresh, plain_every=refresh) as panel:
        for record in log.records:
            panel.show(record)
    return screen.getvalue()


def test_a_terminal_sees_what_matters() -> None:
    screen = shown(terminal=True)
    for text in ("grbal", "0.25 m/s", "7 mm", "0.300 -> 0.100", "12.0 of 100 ms", "ok", LEG_LOSS):
        assert text in screen


def test_without_a_terminal_there_are_plain_lines() -> None:
    screen = shown(terminal=False)
    assert "\x1b" not in screen
    assert len(screen.splitlines()) == 40 + 1
    assert screen.splitlines()[-1].startswith("grbal   3.9 of 4 s: 0.25 m/s, 7 mm off, model error 0.300 -> 0.100")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_hidden_goal_shows_its_reward_in_place_of_a_path_error(terminal: bool) -> None:
    screen = shown(terminal=terminal, log=make_goal_log())
    assert "reward 0.90" in screen
    assert "nan" not in screen


def test_drawing_is_rate_limited_and_the_end_is_always_shown() -> None:
    lines = shown(terminal=False, refresh=3600.0).splitlines()
    assert [line.split(":")[0] for line in lines] == ["grbal   0.0 of 4 s", "grbal   3.9 of 4 s"]


def test_a_run_without_ticks_shows_nothing() -> None:
    screen = io.StringIO()
    with Panel(make_log().header, 4.0, Console(file=screen)):
        pass
    assert screen.getvalue() == ""


@pytest.mark.parametrize(
    "values, row",
    [([], ""), ([0.0, 1.0, 2.0], " ▄█"), ([0.0, 0.0], "  "), ([math.nan, 1.0], " █"), ([math.inf, 2.0], " █")],
)
def test_sparkline(values: list[float], row: str) -> None:
    assert sparkline(values) == row
