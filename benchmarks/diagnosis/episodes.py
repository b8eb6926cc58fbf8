"""Episodes in which something happens to a robot on its way, with what it was.

A robot in simulation is driven by random commands; something drawn sets in after a while, and sometimes is over again.
An episode is kept up to a fall: what leads to falls has to be known in time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

import numpy as np

from controller.diagnosis.observer import Gathering
from controller.jobs.executors import pool
from controller.tick import Actions
from controller.training.random_episodes import excitation
from dynamics.diagnosis.learning import Cases
from dynamics.files import whole
from dynamics.transitions import FloatArray
from hardware import embodiment
from hardware.clock import VirtualClock
from hardware.rotation import roll_pitch_yaw
from hardware.signs import CycleSeen, measure
from hardware.simulated.robot import SimRobot
from hardware.spec import RobotSpec
from sim.perturbations import PERTURBATIONS, Perturbation, active, parse
from sim.perturbations.body import LegLoss, Payload
from sim.perturbations.motors import Motor
from sim.perturbations.world import Friction, Slope
from sim.robots.anatomy import Anatomy

NONE = "none"
SINGLE = ("dead_motor", "stuck", "locked")
"""Kinds that befall one motor."""
_FALL = 1.0
"""Tilt at which an episode ends [rad]."""
_STEEPEST, _SLIPPIEST, _GRIPPIEST = 0.27, 0.05, 0.6
"""What is drawn at most: slope [rad], friction [-]."""
_HEAVIEST = 0.85
"""Share of the heaviest payload that is drawn at most."""


@dataclass(frozen=True)
class Taken:
    """One episode: T ticks of inputs (T, F), the cause at the end of each, and how much of it by name."""

    ticks: FloatArray
    causes: tuple[str, ...]
    amounts: tuple[dict[str, float], ...]


def kinds(anatomy: Anatomy) -> tuple[str, ...]:
    """Return what can befall a robot that its diagnosis should know; cranks that turn have no range to be locked in."""
    single = SINGLE if anatomy.cranks is None else SINGLE[:2]
    return (NONE, *anatomy.ranges, *(kind for kind in single if kind not in anatomy.ranges))


def draw(kind: str, rng: np.random.Generator, anatomy: Anatomy) -> Perturbation:
    """Draw something of a kind, over all that training and tests know and beyond it."""
    motor = anatomy.motors[int(rng.integers(len(anatomy.motors)))]
    match kind:
        case "payload":
            along, across = anatomy.load.drawn
            least = min(low for low, _ in anatomy.bands(kind, "mass").train)
            mass = rng.uniform(least, max(_HEAVIEST * anatomy.load.heaviest, 2 * least))
            x, y = rng.uniform((-along, -across), (along, across))
            return Payload(float(mass), float(x), float(y))
        case "slope":
            return Slope(float(rng.uniform(0.05, _STEEPEST)), float(rng.uniform(-math.pi, math.pi)))
        case "friction":
            return Friction(float(np.exp(rng.uniform(math.log(_SLIPPIEST), math.log(_GRIPPIEST)))))
        case "motor" if anatomy.servo != "velocity":
            return Motor(gains=((motor, float(rng.uniform(0.3, 0.85))),))
        case "leg_loss":
            sets = [*anatomy.leg_sets.train, *anatomy.leg_sets.heldout]
            return LegLoss(sets[int(rng.integers(len(sets)))])
        case "locked":
            return parse(f"{kind}:name={motor},range={rng.uniform(0.05, 0.4):.3f}")
        case _ if kind in SINGLE:
            return parse(f"{kind}:name={motor}")
        case _:
            return PERTURBATIONS[kind].draw(rng, "train" if rng.random() < 0.6 else "heldout", anatomy)


def timed(item: Perturbation, seconds: float, rng: np.random.Generator) -> Perturbation:
    """Let it be there from the start, set in on the way, or set in and be over again."""
    if rng.random() < 0.1:
        return item
    onset = float(rng.uniform(0.15, 0.6)) * seconds
    end = onset + float(rng.uniform(0.25, 0.5)) * seconds if rng.random() < 0.2 else math.inf
    return replace(item, onset=onset, end=end)


def commands(spec: RobotSpec, ticks: int, rng: np.random.Generator) -> FloatArray:
    """Return actions (T, A): held levels over the whole range, or those of a robot on its way."""
    if rng.random() < 0.4:
        return excitation(spec, ticks, rng)
    actions, names = Actions.of(spec), [action.name for action in spec.actions]
    drift = np.zeros((ticks, len(names)))
    for tick in range(1, ticks):
        drift[tick] = 0.93 * drift[tick - 1] + rng.normal(0.0, 0.12, len(names))
    level = np.broadcast_to(actions.rest, drift.shape).copy()
    ahead = [names.index("forward")] if "forward" in names else range(len(names))
    goal = actions.high * rng.uniform(0.35, 1.0)
    level[:, ahead] = goal[ahead]
    noise = rng.normal(0.0, rng.uniform(0.0, 0.15), drift.shape)
    return np.clip(level + actions.range * (rng.uniform(0.1, 0.6) * drift + noise), actions.low, actions.high)


def take(
    kind: str, seed: np.random.SeedSequence, spec: RobotSpec, seconds: float, rate_hz: float, cycle_hz: float
) -> Taken:
    """Drive one episode with commands to the motors at a rate [Hz], up to its end or a fall."""
    rng = np.random.default_rng(seed)
    happens = [] if kind == NONE else [timed(draw(kind, rng, spec.anatomy), seconds, rng)]
    actions, clock = commands(spec, round(seconds * rate_hz), rng), VirtualClock()
    robot, drive = SimRobot(spec, clock, rng, perturbations=happens), embodiment.embody(spec)
    robot.connect()
    robot.activate()
    start, cycles = clock.now(), round(cycle_hz / rate_hz)
    gathering, state = Gathering(spec), drive.annotate(robot.read())
    gathering.take(embodiment.observe(spec, state), None, None)
    rows, causes, amounts = [], [], []
    for tick, action in enumerate(actions):
        seen = []
        for cycle in range(1, cycles + 1):
            command = drive.command(action, state, clock.now(), clock.now() + 10.0 / rate_hz)
            seen.append(CycleSeen(state, robot.write(command)))
            clock.sleep_until(start + (tick + cycle / cycles) / rate_hz)
            state = drive.annotate(robot.read())
        row = gathering.take(embodiment.observe(spec, state), action, measure(spec, seen, state))
        roll, pitch, yaw = roll_pitch_yaw(state.quaternion)
        if max(abs(roll), abs(pitch)) > _FALL or row is None:
            break
        acting = active(happens, clock.now() - start - 0.5 / rate_hz)
        rows.append(row)
        causes.append(cause(acting[0]) if acting else NONE)
        amounts.append(amounts_of(robot, acting, yaw))
    robot.close()
    return Taken(np.array(rows), tuple(causes), tuple(amounts))


def cause(item: Perturbation) -> str:
    """Return what a perturbation is called in a diagnosis: its kind, and the part behind a colon."""
    return f"{item.name}:{item.part}" if item.part else item.name


def amounts_of(robot: SimRobot, acting: Sequence[Perturbation], yaw: float) -> dict[str, float]:
    """Return how much there is of what acts, by perturbation and amount."""
    condition, anatomy = robot.physics.condition, robot.spec.anatomy
    return {
        f"{item.name}.{name}": value
        for item in acting
        for name, value in type(item).amounts(condition, anatomy, yaw).items()
    }


def gather(
    spec: RobotSpec, indices: range, seconds: float, cycle_hz: float, seed: int, workers: int
) -> Iterator[Taken]:
    """Drive the episodes of these numbers, kind by kind in turn, and return them in order; empty ones are left out."""
    known = kinds(spec.anatomy)
    drawn = [known[index % len(known)] for index in indices]
    seeds = [np.random.SeedSequence([seed, index]) for index in indices]
    with pool(workers) as executor:
        same = (repeat(item, len(indices)) for item in (spec, seconds, spec.control_hz, cycle_hz))
        yield from (one for one in executor.map(take, drawn, seeds, *same, chunksize=4) if one.causes)


def as_cases(taken: Sequence[Taken], causes: Sequence[str], amounts: Sequence[str]) -> Cases:
    """Return episodes as arrays, those that ended early filled up with what does not count."""
    lengths = np.array([len(one.causes) for one in taken])
    longest, size = int(lengths.max()), taken[0].ticks.shape[1]
    found = Cases(
        ticks=np.zeros((len(taken), longest, size), np.float32),
        causes=np.zeros((len(taken), longest), np.int64),
        amounts=np.full((len(taken), longest, len(amounts)), np.nan, np.float32),
        lengths=lengths,
    )
    for row, (one, length) in enumerate(zip(taken, lengths, strict=True)):
        found.ticks[row, :length] = one.ticks
        found.causes[row, :length] = [causes.index(name) for name in one.causes]
        found.amounts[row, :length] = [[told.get(name, math.nan) for name in amounts] for told in one.amounts]
    return found


def save(taken: Sequence[Taken], path: Path) -> None:
    """Write episodes to one .npz file; it appears whole or not at all."""
    lengths = np.array([len(one.causes) for one in taken])
    ticks = np.concatenate([one.ticks for one in taken]).astype(np.float32)
    causes = np.array([cause for one in taken for cause in one.causes])
    amounts = np.array([json.dumps(told) for one in taken for told in one.amounts])
    with whole(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, lengths=lengths, ticks=ticks, causes=causes, amounts=amounts)


def load(path: Path) -> list[Taken]:
    """Read episodes written by `save`."""
    with np.load(path, allow_pickle=False) as file:
        ends = np.cumsum(file["lengths"])[:-1]
        ticks, causes, amounts = (np.split(file[name], ends) for name in ("ticks", "causes", "amounts"))
    return [
        Taken(rows, tuple(map(str, names)), tuple(json.loads(text) for text in texts))
        for rows, names, texts in zip(ticks, causes, amounts, strict=True)
    ]
