"""What happens to robots in training: always a little of everything, and hard things the more the better they walk."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from sim.conditions.condition import Condition
from sim.robots.anatomy import Anatomy
from sim.terrain import Terrain

HEAVIEST, REACH = 8.5, (0.13, 0.11)
"""Payload [kg] and how far from the middle [m]."""
SLIPPERY, STICKY, USUAL = 0.15, 1.2, 0.6
"""Friction of the feet at the hardest level, at most, and at least at the easiest [-]."""
STEEPEST = math.radians(17.0)
GRIP = 0.3
"""By how much friction is above what a slope asks for, at least: who slides down for good learns nothing."""
WEAKEST = 0.4
"""Share of its torque that a weak motor gives at the hardest level [-]."""
LATE = 0.02
"""Largest delay of commands [s]."""
GAIN_ERROR = 0.1
"""Of every motor [-]."""
KNOCK = 20.0
"""Largest push at the hardest level [N s]."""
JOINTS, HARDNESS = 3, (0.6, 0.2, 0.2)
"""Of a leg, and how often each is the dead one: without a hip, not even standing is easy."""
ASKEW, INTACT, TWICE = 0.5, 0.35, 0.15
"""Shares of draws with a slope, and on top without anything else that is hard; of the rest, with two such things."""


@dataclass(frozen=True)
class Draw:
    """What a robot is put under."""

    condition: Condition
    hard: bool = False
    """Whether more than a little has happened."""


def draw(rng: np.random.Generator, level: float, anatomy: Anatomy, terrain: Terrain) -> Draw:
    """Draw what happens to one robot at a level of hardness in [0, 1]."""
    gain = {motor: 1.0 + GAIN_ERROR * rng.uniform(-1.0, 1.0) for motor in anatomy.motors}
    low = USUAL + (SLIPPERY - USUAL) * level
    found = Draw(
        Condition(terrain, friction=rng.uniform(low, STICKY), gain=gain, delay=LATE * rng.random() * max(0.3, level))
    )
    found = _loaded(found, rng, 0.25, anatomy)
    if level > 0.0 and rng.random() < ASKEW:
        found = replace(_tilted(found, rng, level), hard=True)
    if level > 0.0 and rng.random() > INTACT:
        kinds = [_loaded, _worn, _slippery]
        kinds += [_dead, _dead] if level > 0.25 else []
        kinds += [_stuck] if level > 0.35 else []
        kinds += [_legless] if level > 0.5 else []
        for index in rng.permutation(len(kinds))[: 2 if rng.random() < TWICE else 1]:
            found = replace(kinds[index](found, rng, level, anatomy), hard=True)
    slope = found.condition.slope
    grip = max(found.condition.foot_friction, math.tan(slope) + GRIP if slope > 0.0 else 0.0)
    return replace(found, condition=replace(found.condition, friction=grip))


def _loaded(found: Draw, rng: np.random.Generator, level: float, anatomy: Anatomy) -> Draw:
    mass = HEAVIEST * level * rng.random()
    x, y = (mass * reach * rng.uniform(-1.0, 1.0) for reach in REACH)
    return replace(found, condition=replace(found.condition, payload_mass=mass, payload_moment=(x, y)))


def _tilted(found: Draw, rng: np.random.Generator, level: float) -> Draw:
    angle, heading = STEEPEST * level * math.sqrt(rng.random()), rng.uniform(-math.pi, math.pi)
    tilt = (angle * math.cos(heading), angle * math.sin(heading))
    return replace(found, condition=replace(found.condition, tilt=tilt))


def _worn(found: Draw, rng: np.random.Generator, level: float, anatomy: Anatomy) -> Draw:
    gain = dict(found.condition.gain)
    for motor in rng.choice(len(anatomy.motors), size=int(rng.integers(1, 4)), replace=False):
        gain[anatomy.motors[motor]] = 1.0 - (1.0 - WEAKEST) * level * rng.random()
    return replace(found, condition=replace(found.condition, gain=gain))


def _slippery(found: Draw, rng: np.random.Generator, level: float, anatomy: Anatomy) -> Draw:
    low = USUAL + (SLIPPERY - USUAL) * level
    return replace(found, condition=replace(found.condition, friction=rng.uniform(low, low + 0.1)))


def _dead(found: Draw, rng: np.random.Generator, level: float, anatomy: Anatomy) -> Draw:
    joint = int(rng.choice(JOINTS, p=HARDNESS)) + JOINTS * int(rng.integers(len(anatomy.motors) // JOINTS))
    motor = anatomy.motors[joint]
    return replace(found, condition=replace(found.condition, dead_motors=frozenset({motor})))


def _stuck(found: Draw, rng: np.random.Generator, level: float, anatomy: Anatomy) -> Draw:
    motor = anatomy.motors[int(rng.integers(len(anatomy.motors)))]
    if rng.random() < 0.5:
        return replace(found, condition=replace(found.condition, locked={motor: 0.3 * rng.random()}))
    return replace(found, condition=replace(found.condition, stuck_motors=frozenset({motor})))


def _legless(found: Draw, rng: np.random.Generator, level: float, anatomy: Anatomy) -> Draw:
    leg = anatomy.legs[int(rng.integers(len(anatomy.legs)))]
    return replace(found, condition=replace(found.condition, lost_legs=frozenset({leg})))


def told(found: Draw, anatomy: Anatomy) -> list[float]:
    """Return what only the critic is told, in the order of `TOLD`."""
    condition = found.condition
    x, y = condition.payload_moment
    friction, delay = condition.foot_friction, condition.delay / LATE
    idle = [float(motor in condition.dead_motors | condition.stuck_motors) for motor in anatomy.motors]
    gain = [condition.gain.get(motor, 1.0) for motor in anatomy.motors]
    held = [float(motor in condition.stuck_motors or motor in condition.locked) for motor in anatomy.motors]
    lost = [float(leg in condition.lost_legs) for leg in anatomy.legs]
    return [condition.payload_mass / 4.0, friction, delay, 5.0 * x, 5.0 * y, *idle, *gain, *held, *lost]
