"""Random conditions for training and for tests on conditions that were never trained on.

Training and held-out parameters do not overlap: whole leg combinations are kept back, and of every range a band in its
middle and one at its edge, so the held-out split asks for both interpolation and extrapolation. What is drawn from is
the robot's data, see `sim.robots.anatomy`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from sim.perturbations.body import LegLoss, Motor, Payload
from sim.perturbations.codec import PerturbationError, nearest
from sim.perturbations.kinds import Perturbation
from sim.perturbations.world import Friction, Slope
from sim.robots.anatomy import SPLITS, Anatomy, Split

_MOST_WORN = 3
"""Motors that follow no speeds are worn in numbers from one up to this."""


def sample_condition(rng: np.random.Generator, family: str, split: str, anatomy: Anatomy) -> tuple[Perturbation, ...]:
    """Draw the perturbations of one episode, active from the start.

    Args:
        rng: source of all draws.
        family: one of the robot's families; `mixture` joins two different ones.
        split: `train` or `heldout`.
        anatomy: of the robot.

    Raises:
        PerturbationError: unknown family or split.
    """
    chosen = next((known for known in SPLITS if known == split), None)
    if chosen is None:
        raise PerturbationError("sample_condition.split", f"one of {', '.join(SPLITS)}", split)
    known = anatomy.families
    if family not in known:
        place = f"sample_condition.family of robot {anatomy.name}"
        raise PerturbationError(place, f"one of {', '.join(known)}", family, nearest(family, known))
    if family == "none":
        return ()
    if family != "mixture":
        return (_DRAWS[family](rng, chosen, anatomy),)
    mixed = tuple(anatomy.ranges)
    first, second = (mixed[index] for index in rng.choice(len(mixed), size=2, replace=False))
    return (_DRAWS[first](rng, chosen, anatomy), _DRAWS[second](rng, chosen, anatomy))


def _leg_loss(rng: np.random.Generator, split: Split, anatomy: Anatomy) -> LegLoss:
    """Draw the number of lost legs first, so that single losses are as frequent as triple ones."""
    sets = anatomy.leg_sets.of(split)
    count = int(rng.choice(sorted({len(legs) for legs in sets})))
    sets = tuple(legs for legs in sets if len(legs) == count)
    return LegLoss(sets[int(rng.integers(len(sets)))])


def _payload(rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Payload:
    along, across = anatomy.load.drawn
    x, y = rng.uniform((-along, -across), (along, across))
    return Payload(anatomy.ranges["payload"]["mass"].draw(rng, split), float(x), float(y))


def _slope(rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Slope:
    return Slope(anatomy.ranges["slope"]["angle"].draw(rng, split), float(rng.uniform(-math.pi, math.pi)))


def _friction(rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Friction:
    return Friction(anatomy.ranges["friction"]["mu"].draw(rng, split))


def _motor(rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Motor:
    """Draw a gain and a bias on the speed of each motor, sparing one half of the time; else the shares of a few."""
    bands, motors = anatomy.ranges["motor"], anatomy.motors
    if anatomy.servo != "velocity":
        count = int(rng.integers(1, 1 + min(_MOST_WORN, len(motors))))
        worn = sorted(rng.choice(len(motors), size=count, replace=False))
        return Motor(tuple((motors[index], bands["gain"].draw(rng, split)) for index in worn))
    spared = int(rng.integers(2 * len(motors)))
    gains, biases = {}, {}
    for index, motor in enumerate(motors):
        if index != spared:
            gains[motor] = bands["gain"].draw(rng, split)
            biases[motor] = bands["bias"].draw(rng, split) * float(rng.choice((-1.0, 1.0)))
    return Motor(tuple(gains.items()), tuple(biases.items()))


_DRAWS: Mapping[str, Callable[[np.random.Generator, Split, Anatomy], Perturbation]] = MappingProxyType(
    {"leg_loss": _leg_loss, "payload": _payload, "slope": _slope, "motor": _motor, "friction": _friction}
)
