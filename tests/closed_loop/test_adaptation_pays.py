"""The main job with the models that come along: what changes mid-run, the adapted controller absorbs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controller.build import build, load_model
from controller.config import run_settings
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission
from controller.tick import TickResult
from sim.perturbations import parse

ONSET = 3.0


def drive(adapter: str, perturbation: str, seed: int) -> list[TickResult]:
    """Run the zigzag in lock-step and return every tick."""
    settings = replace(
        run_settings(()),
        course="zigzag",
        adapter=adapter,
        perturbations=(parse(f"{perturbation}@{ONSET}"),),
        seconds=8.0,
        seed=seed,
    )
    mission = Mission.of(settings, fast=True)
    rig = build(mission, load_model(mission, adapter))
    results: list[TickResult] = []

    def note(tick: LoopTick) -> None:
        results.append(tick.result)

    outcome = rig.drive(note)
    assert outcome.fault is None
    return results


def after(results: list[TickResult]) -> list[TickResult]:
    """Drop what came before the perturbation, and the second in which it is found out."""
    return results[round((ONSET + 1.0) * 20) :]


@pytest.mark.parametrize("perturbation", ["leg_loss:leg=left_middle", "motor:left=0.6"])
def test_the_adapted_model_keeps_the_course_where_the_plain_one_pays(perturbation: str) -> None:
    costs = {
        adapter: [np.mean([tick.cost for tick in after(drive(adapter, perturbation, seed))]) for seed in (0, 1)]
        for adapter in ("grbal", "mb")
    }
    assert np.mean(costs["grbal"]) < 0.6 * np.mean(costs["mb"])


def test_adaptation_explains_what_comes_next() -> None:
    ticks = after(drive("grbal", "leg_loss:leg=left_middle", 2))
    prior, adapted = (np.mean([getattr(tick, name) for tick in ticks]) for name in ("error_prior", "error_adapted"))
    assert adapted < 0.6 * prior
    assert {tick.status for tick in ticks} == {"ok"}
    assert np.mean([tick.rejected for tick in ticks]) < 0.2
