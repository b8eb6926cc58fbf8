"""The crawler as an arena: a learned model, the simulated robot as the plant, the project's controller in between.

Everything but the search is what `limber run --fast` does: sensors, one tick of delay, guard. The model is told what is
wrong with the robot, so that planners are compared and not how well each one's motion suits adaptation.

The published planner makes up for the delay itself: the first action of its candidates is the one being executed, so
its plan starts with the tick that has begun, and the controller's own prediction over the delay is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from controller.build import build, load_model
from controller.config import RunSettings, run_settings
from controller.controller import Controller
from controller.courses.paths import COURSES
from controller.loop.plan_loop import LoopTick
from controller.loop.realtime import run_lockstep
from controller.mission import Mission
from controller.settings.layers import Layer
from dynamics import factory
from dynamics.model import Model
from dynamics.network import Weights
from planners.plan import PlanFunction
from sim.perturbations import parse

SECONDS = 6.0
_SHORT = 3.0
"""Length of a drive, and of one for tuning [s]."""


@dataclass(frozen=True)
class CrawlArena:
    """A crawler that follows a course.

    Attributes:
        name: what the tables call it.
        perturbation: what is wrong with it from the start on, or None.
        models: folder of checkpoints; None takes those that come with the project.
        adapter: recipe of the model.
        course: what it should follow.
        horizon: actions that a plan looks ahead H.
        budget_ms: CPU time of a plan in the comparison at equal time [ms].
    """

    name: str
    perturbation: str | None
    models: Path | None
    adapter: str = "informed"
    course: str = "zigzag"
    horizon: int = 12
    budget_ms: float = 5.0
    num_actions: int = 2
    delayed: bool = True

    def network(self) -> tuple[Model, Weights]:
        """Return the model and the weights that plans are made with."""
        settings = self.settings(0, _SHORT)
        mission = Mission.of(settings, fast=True)
        checkpoint = load_model(mission, settings.adapter)
        robot = build(mission, checkpoint).robot
        made = factory.make(checkpoint.adapter, checkpoint.model, checkpoint.parts, robot.true_condition)
        return checkpoint.model, made.initial().weights

    def drive(self, plan: PlanFunction, seed: int, *, short: bool = False, answers_late: bool = False) -> float:
        """Return the course's cost per executed tick."""
        settings = self.settings(seed, _SHORT if short else SECONDS)
        if answers_late:
            settings = replace(settings, control=replace(settings.control, delay_ticks=0))
        mission = Mission.of(settings, fast=True)
        checkpoint = load_model(mission, settings.adapter)
        rig = build(mission, checkpoint)
        controller = Controller(
            checkpoint.model,
            factory.make(checkpoint.adapter, checkpoint.model, checkpoint.parts, rig.robot.true_condition),
            plan,
            COURSES[settings.course],
            settings.control,
            mission.actions,
            rng=np.random.default_rng(seed),
        )
        costs: list[float] = []

        def note(tick: LoopTick) -> None:
            costs.append(tick.result.cost)

        run_lockstep(controller, rig.servo, rig.clock, rig.loop, note)
        return float(np.mean(costs))

    def settings(self, seed: int, seconds: float) -> RunSettings:
        """Return the settings of one drive."""
        settings = run_settings([Layer("study", {"control": {"horizon": self.horizon}})])
        return replace(
            settings,
            course=self.course,
            adapter=self.adapter,
            checkpoint=None if self.models is None else str(self.models / f"roach-{self.adapter}.safetensors"),
            perturbations=() if self.perturbation is None else (parse(self.perturbation),),
            seconds=seconds,
            seed=seed,
        )


def intact(models: Path | None) -> CrawlArena:
    """The crawler as it was built."""
    return CrawlArena("crawler", None, models)


def lame(models: Path | None) -> CrawlArena:
    """The crawler without its left middle leg."""
    return CrawlArena("crawler, leg lost", "leg_loss:leg=left_middle", models)
