"""Random conditions for training and for tests on conditions that were never trained on.

Training and held-out parameters do not overlap: whole leg combinations are kept back, and of every range a band in its
middle and one at its edge, so the held-out split asks for both interpolation and extrapolation.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from sim.perturbations.body import LegLoss, Motor, Payload
from sim.perturbations.codec import PerturbationError, nearest
from sim.perturbations.kinds import Perturbation
from sim.perturbations.world import Friction, Slope
from sim.robots.roach import LEGS

Family = Literal["none", "leg_loss", "payload", "slope", "motor", "friction", "mixture"]
Split = Literal["train", "heldout"]

FAMILIES: tuple[Family, ...] = get_args(Family)
"""Kinds of condition that `sample_condition` draws."""

_MIXED: tuple[Family, ...] = ("leg_loss", "payload", "slope", "motor", "friction")


@dataclass(frozen=True)
class Bands:
    """Disjoint intervals of one parameter for training and for held-out tests."""

    train: tuple[tuple[float, float], ...]
    heldout: tuple[tuple[float, float], ...]

    def draw(self, rng: np.random.Generator, split: Split) -> float:
        """Return a value uniform over the intervals of a split."""
        bands = self.train if split == "train" else self.heldout
        widths = np.array([high - low for low, high in bands])
        low, high = bands[int(rng.choice(len(bands), p=widths / widths.sum()))]
        return float(rng.uniform(low, high))


PAYLOAD_MASS = Bands(train=((0.003, 0.006), (0.008, 0.011)), heldout=((0.006, 0.008), (0.011, 0.013)))
SLOPE_ANGLE = Bands(train=((0.03, 0.10), (0.14, 0.20)), heldout=((0.10, 0.14), (0.20, 0.23)))
MOTOR_GAIN = Bands(train=((0.50, 0.65), (0.75, 1.15)), heldout=((0.65, 0.75), (0.42, 0.50)))
MOTOR_BIAS = Bands(train=((0.0, 2.5), (4.0, 7.0)), heldout=((2.5, 4.0), (7.0, 8.5)))
FRICTION_MU = Bands(train=((0.35, 0.45), (0.55, 0.70)), heldout=((0.45, 0.55), (0.30, 0.35)))


def _leg_sets() -> tuple[tuple[str, ...], ...]:
    """Return every choice of one to three lost legs that leaves each side at least one leg."""
    sets = itertools.chain.from_iterable(itertools.combinations(LEGS, count) for count in (1, 2, 3))
    return tuple(legs for legs in sets if len({leg.split("_")[0] for leg in legs}) == 2 or len(legs) < 3)


LEG_SETS = {
    "train": tuple(legs for index, legs in enumerate(_leg_sets()) if index % 4 != 1),
    "heldout": tuple(legs for index, legs in enumerate(_leg_sets()) if index % 4 == 1),
}
"""Which legs are lost together in each split; `left_middle` alone is held out."""


def sample_condition(rng: np.random.Generator, family: str, split: str = "train") -> tuple[Perturbation, ...]:
    """Draw the perturbations of one episode, active from the start.

    Args:
        rng: source of all draws.
        family: one of FAMILIES; `mixture` joins two different ones.
        split: `train` or `heldout`.

    Raises:
        PerturbationError: unknown family or split.
    """
    if split not in get_args(Split):
        raise PerturbationError("sample_condition.split", f"one of {', '.join(get_args(Split))}", split)
    chosen: Split = "heldout" if split == "heldout" else "train"
    match family:
        case "none":
            return ()
        case "leg_loss":
            return (_leg_loss(rng, chosen),)
        case "payload":
            return (_payload(rng, chosen),)
        case "slope":
            angle, heading = SLOPE_ANGLE.draw(rng, chosen), float(rng.uniform(-math.pi, math.pi))
            return (Slope(angle, heading),)
        case "motor":
            return (_motor(rng, chosen),)
        case "friction":
            return (Friction(FRICTION_MU.draw(rng, chosen)),)
        case "mixture":
            first, second = rng.choice(len(_MIXED), size=2, replace=False)
            return sample_condition(rng, _MIXED[first], split) + sample_condition(rng, _MIXED[second], split)
        case _:
            raise PerturbationError(
                "sample_condition.family", f"one of {', '.join(FAMILIES)}", family, nearest(family, FAMILIES)
            )


def _leg_loss(rng: np.random.Generator, split: Split) -> LegLoss:
    """Draw the number of lost legs first, so that single losses are as frequent as triple ones."""
    sets = LEG_SETS[split]
    count = int(rng.choice(sorted({len(legs) for legs in sets})))
    sets = tuple(legs for legs in sets if len(legs) == count)
    return LegLoss(sets[int(rng.integers(len(sets)))])


def _payload(rng: np.random.Generator, split: Split) -> Payload:
    x, y = rng.uniform((-0.035, -0.02), (0.035, 0.02))
    return Payload(PAYLOAD_MASS.draw(rng, split), float(x), float(y))


def _motor(rng: np.random.Generator, split: Split) -> Motor:
    """Draw a gain per side with a bias, sparing one side half of the time."""
    spared = int(rng.integers(4))
    gains, biases = [1.0, 1.0], [0.0, 0.0]
    for side in range(2):
        if side != spared:
            gains[side] = MOTOR_GAIN.draw(rng, split)
            biases[side] = MOTOR_BIAS.draw(rng, split) * float(rng.choice((-1.0, 1.0)))
    return Motor(gains[0], gains[1], biases[0], biases[1])
