"""Hidden goals with the models that come along: who adapts finds out what is wanted, who does not never does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controller.build import build, load_model
from controller.config import run_settings
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission

SECONDS = 4.0


def rewards(adapter: str, course: str) -> list[float]:
    """Pursue a hidden goal in lock-step; return what every step after the first second was worth."""
    settings = replace(run_settings(()), course=course, adapter=adapter, seconds=SECONDS)
    mission = Mission.of(settings, fast=True)
    rig = build(mission, load_model(mission, adapter))
    earned: list[float] = []

    def note(tick: LoopTick) -> None:
        earned.append(-tick.result.cost)

    assert rig.drive(note).fault is None
    return earned[20:]


def mean(adapter: str, courses: list[str]) -> float:
    return float(np.mean([rewards(adapter, course) for course in courses]))


@pytest.mark.parametrize("side", [-1, 1])
def test_who_adapts_turns_to_the_side_that_pays(side: int) -> None:
    assert mean("grbal", [f"hidden_turn:side={side}"]) > 0.6


def test_who_does_not_adapt_cannot_turn_to_both_sides() -> None:
    assert mean("mb", ["hidden_turn:side=-1", "hidden_turn:side=1"]) < 0.1


def test_who_adapts_comes_nearer_to_a_wanted_speed_on_either_side() -> None:
    for speed in (0.09, 0.23):
        course = f"hidden_speed:speed={speed}"
        assert mean("grbal", [course]) > mean("mb", [course]) + 0.1
