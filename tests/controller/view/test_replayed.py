"""Where in a log a page is: it plays, pauses, goes on, stops at the end and begins again."""

from __future__ import annotations

import pytest

pytest.importorskip("viser", reason="the extra view is not installed")

from controller.telemetry.run_log import Log
from controller.view.orders import Pace, Pages, Seek
from controller.view.replayed import Player
from tests.controller.logs import make_log


def playing(*logs: Log) -> Player:
    player = Player(logs)
    player.obey(Pages(1))
    return player


def times(player: Player, seconds: float) -> list[tuple[float, float | None]]:
    """Let time pass; return times and speeds of what comes up."""
    return [(round(frame.record.time, 1), frame.speed) for frame in player.pass_by(seconds)]


def test_a_pause_is_shown_and_goes_on() -> None:
    player = Player([make_log()])
    assert times(player, 3.0) == [(0.0, 0.0)]  # nobody looks
    player.obey(Pages(1))
    assert times(player, 0.25) == [(0.1, 1.0), (0.2, 1.0)]
    player.obey(Pages(2))
    player.obey(Pace(0.0))
    assert times(player, 0.5) == [(0.2, 0.0)]
    assert times(player, 0.5) == []
    player.obey(Pace(2.0))
    assert times(player, 0.1) == [(0.3, 2.0), (0.4, 2.0)]
    player.obey(Pace(0.5))
    assert times(player, 0.01) == [(0.4, 0.5)]


def test_it_stops_at_the_end_and_goes_on_from_the_beginning() -> None:
    player = playing(make_log(seconds=0.5))
    assert times(player, 9.0)[-1] == (0.4, 0.0)
    assert times(player, 1.0) == []
    player.obey(Pace(1.0))
    assert times(player, 0.1) == [(0.0, 1.0), (0.1, 1.0)]


def test_a_time_is_shown_with_what_was_before_it() -> None:
    player = playing(make_log(seconds=40.0))
    player.obey(Pace(0.0))
    player.obey(Seek(30.0))
    assert times(player, 1.0)[::120] == [(18.1, 0.0)]
    player.obey(Seek(-5.0))
    assert times(player, 1.0) == [(0.0, 0.0)]


def test_the_shorter_of_two_waits_for_the_other() -> None:
    player = playing(make_log(seconds=0.3), make_log(seconds=0.6))
    frames = player.pass_by(9.0)
    assert [max(f.record.time for f in frames if f.run == run) for run in (0, 1)] == pytest.approx([0.2, 0.5])
    assert player.end == pytest.approx(0.5)
