"""Episodes of a robot on its way along a course, as its own settings drive it: what a diagnosis will be asked about.

Random commands show more of a robot in less time; but who plans gives other commands than chance, steadier ones, and
a diagnosis that never met them is too sure of itself.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import repeat

import numpy as np

from benchmarks.diagnosis.episodes import NONE, Taken, amounts_of, cause, draw, kinds, timed
from controller.build import build, load_model
from controller.config import run_settings
from controller.diagnosis.observer import Gathering
from controller.jobs.executors import pool
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission
from controller.settings import robots
from controller.settings.layers import Layer
from hardware import signs
from hardware.robot import FloatArray
from sim.perturbations import active

COURSES = ("straight", "left", "right", "circle", "zigzag", "figure8")


def take(kind: str, seed: np.random.SeedSequence, robot: str, seconds: float) -> Taken:
    """Walk one episode in lock-step, up to its end or a fall."""
    rng, spec = np.random.default_rng(seed), robots.spec(robot)
    happens = () if kind == NONE else (timed(draw(kind, rng, spec.anatomy), seconds, rng),)
    own = {"robot": robot, "course": COURSES[int(rng.integers(len(COURSES)))], "seconds": seconds}
    settings = run_settings([Layer("benchmark", own)])
    settings = replace(settings, perturbations=happens, seed=int(rng.integers(2**31)))
    mission = Mission.of(settings, fast=True)
    rig, gathering = build(mission, load_model(mission, settings.adapter)), Gathering(spec)
    yaw = rig.header.channels.index("yaw")
    rows: list[FloatArray] = []
    causes: list[str] = []
    amounts: list[dict[str, float]] = []

    def note(tick: LoopTick) -> None:
        boundary, seen = tick.boundary, tick.observation
        told = signs.measure(spec, boundary.cycles, boundary.state) if boundary and boundary.cycles else None
        row = gathering.take(seen.state, seen.applied, told)
        if row is not None:
            acting = active(settings.perturbations, tick.time)
            rows.append(row)
            causes.append(cause(acting[0]) if acting else NONE)
            amounts.append(amounts_of(rig.robot, acting, float(seen.state[yaw])))

    rig.drive(note)
    return Taken(np.array(rows), tuple(causes), tuple(amounts))


def gather(robot: str, indices: range, seconds: float, seed: int, workers: int) -> list[Taken]:
    """Walk the episodes of these numbers, kind by kind in turn; those that ended at once are left out."""
    known = kinds(robots.spec(robot).anatomy)
    drawn = [known[index % len(known)] for index in indices]
    seeds = [np.random.SeedSequence([seed, index, 1]) for index in indices]
    same = (repeat(item, len(indices)) for item in (robot, seconds))
    with pool(workers) as executor:
        return [one for one in executor.map(take, drawn, seeds, *same) if one.causes]
