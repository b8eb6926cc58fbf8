"""The controller of a logged run once more: every tick from where it began then, and what it decides today.

A tick begins from the logged observation, plan and random numbers, whatever was found for the ticks before it; only
history and adapted weights are built up again. Its planner is told the time that it was told then, so that its deadline
cuts it short at the same place. On the same machine the same version gives the same plans to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from controller.build import controller, load_model
from controller.config import RunSettings
from controller.mission import Mission
from controller.runs import trace
from controller.runs.trace import Errors, RunTrace, TickTrace
from controller.settings.layers import ConfigError, Layer, resolve
from dynamics.checkpoint import CheckpointError
from dynamics.files import fingerprint
from hardware.servo_log.reader import ServoLog, reading
from planners import factory as planners
from planners.plan import Plan, PlanFunction, PlanStatus
from planners.problem import Problem

TOLERANCE = 1e-9
"""Largest difference that counts as none."""


class NotRerun(ValueError):
    """The controller of a log cannot be run again; the message says why."""


@dataclass(frozen=True)
class Differences:
    """How far numbers of some ticks are from those logged."""

    ticks: int
    differing: int
    largest: float
    median: float
    first: float | None
    """Host clock of the first tick that differs [s]."""


@dataclass(frozen=True)
class Rerun:
    """What came of it; of a plan its first action counts, differences of it are shares of an action's range."""

    ticks: int
    actions: Differences
    cut_short: int
    """Searches among them that their deadline ended."""
    errors: Differences
    """Normalised one-step errors of the model, un-adapted or adapted, whichever differs more."""
    errors_logged: Errors
    """Their means over the run: un-adapted, adapted; None without any."""
    errors_rerun: Errors
    lost: int
    """Ticks that the log lacks."""
    loose: Differences
    """Actions behind the first of those, where history and weights are not what they were."""
    remarks: tuple[str, ...]
    """What is not as it was then."""

    @property
    def differs(self) -> bool:
        """Whether something came out otherwise that could have come out the same."""
        return bool(self.actions.differing or self.errors.differing)


@dataclass(frozen=True)
class _Compared:
    """One tick."""

    tick: TickTrace
    action: float
    """Difference of the first action."""
    errors: Errors
    whole: bool
    """The log has every tick before it."""


class _Search:
    """Searches from where a logged search began, and answers what was answered then, so that the next tick does too."""

    def __init__(self, planner: PlanFunction) -> None:
        self._planner = planner
        self.tick: TickTrace | None = None
        self.found: Plan | None = None

    def __call__(self, problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
        """Search; implements `PlanFunction`."""
        assert self.tick is not None
        chance = self.tick.chance
        rng.bit_generator.state = chance.random
        told = iter(chance.readings)
        last = chance.readings[-1] if chance.readings else 0.0  # where today's planner asks more often
        problem = replace(problem, deadline=chance.deadline, clock=lambda: next(told, last), size=chance.size)
        self.found = self._planner(problem, previous, rng)
        return self.tick.plan


def rerun(log: ServoLog, model: Path | None = None) -> Rerun:
    """Run the controller of a log again.

    A model that did not come with Limber is given by its file: none is opened because a log names it. Raises NotRerun
    where the log does not hold what is needed, or the model is gone; LogError where the log is damaged.
    """
    run, ticks = trace.read(log)
    if run is None or not ticks:
        raise NotRerun("the log does not hold what its ticks began from; limber deploy writes it from this version on")
    settings = _settings(run, log.robot, model)
    search = _Search(planners.make(settings.planner))
    try:
        mission = Mission.of(settings, fast=True)
        brain = controller(mission, load_model(mission, settings.adapter), search=search)
        remarks = _remarks(run, settings)
    except (CheckpointError, ConfigError) as error:
        raise NotRerun(str(error)) from error
    delay = settings.control.delay_ticks / settings.control.rate_hz
    compared: list[_Compared] = []
    lost, expected = 0, 0
    for tick in ticks:
        lost, expected = lost + tick.number - expected, tick.number + 1
        search.tick = tick
        with reading(f"tick {tick.number}"):
            result = brain.tick(tick.seen)
            found, at = search.found, tick.seen.time + delay
            assert found is not None
            away = float((np.abs(found.action(at) - tick.plan.action(at)) / mission.actions.range).max())
        compared.append(_Compared(tick, away, (result.error_prior, result.error_adapted), not lost))
    return _judge(compared, lost, remarks)


def _settings(run: RunTrace, robot: str, model: Path | None) -> RunSettings:
    given = {"robot": robot} if Path(robot).is_absolute() else {}
    if (whose := given.get("robot", run.settings.get("robot"))) != robot:
        raise NotRerun(f"settings in the log: expected robot {robot}, whose log it is, got {whose}")
    if model is None and (named := run.settings.get("checkpoint")) is not None:
        raise NotRerun(f"expected the file of its model, which did not come with Limber (--checkpoint), got {named!r}")
    given |= {} if model is None else {"checkpoint": str(model)}
    try:
        settings = resolve(RunSettings, [Layer("settings in the log", {**run.settings, **given})])
    except ConfigError as error:
        raise NotRerun(str(error)) from error
    if settings.adapter == "informed" or settings.model != "learned":
        what = settings.model if settings.model != "learned" else settings.adapter
        raise NotRerun(
            f"expected a model that learns from what a log holds, got {what}, which knows the simulated robot"
        )
    return settings


def _remarks(run: RunTrace, settings: RunSettings) -> tuple[str, ...]:
    """Say what is not as it was, and may explain a difference."""
    path = settings.model_file(settings.adapter)
    another = () if fingerprint(path) == run.checkpoint else (f"{path.name} is another model than then",)
    pairs = [(name, run.versions.get(name, "none"), version(name)) for name in ("limber", "numpy", "torch")]
    return (*another, *(f"{name} {then} then, {now} now" for name, then, now in pairs if then != now))


def _judge(compared: Sequence[_Compared], lost: int, remarks: tuple[str, ...]) -> Rerun:
    whole, loose = [c for c in compared if c.whole], [c for c in compared if not c.whole]
    return Rerun(
        ticks=len(compared),
        actions=_differences(whole, [c.action for c in whole]),
        cut_short=sum(c.tick.plan.status is PlanStatus.OUT_OF_TIME for c in whole),
        errors=_differences(whole, [max(map(_distance, c.tick.errors, c.errors)) for c in whole]),
        errors_logged=_means([c.tick.errors for c in compared]),
        errors_rerun=_means([c.errors for c in compared]),
        lost=lost,
        loose=_differences(loose, [c.action for c in loose]),
        remarks=remarks,
    )


def _differences(compared: Sequence[_Compared], away: Sequence[float]) -> Differences:
    """Sum up how far some ticks are away."""
    late = [c.tick.seen.time for c, distance in zip(compared, away, strict=True) if not distance <= TOLERANCE]
    largest, median = (float(sum_up(away or [0.0])) for sum_up in (max, np.median))
    return Differences(len(away), len(late), largest, median, late[0] if late else None)


def _distance(then: float | None, now: float | None) -> float:
    if then is None or now is None or not math.isfinite(now):
        return 0.0 if then is None and (now is None or not math.isfinite(now)) else math.inf
    return abs(then - now)


def _means(errors: Sequence[Errors]) -> Errors:
    known = np.array([pair for pair in errors if None not in pair], dtype=np.float64)
    if not len(known):
        return None, None
    prior, adapted = known.mean(axis=0).tolist()
    return prior, adapted
