"""Random conditions for training and for tests on conditions that were never trained on.

Training and held-out parameters do not overlap: whole leg combinations are kept back, and of every range a band in its
middle and one at its edge, so the held-out split asks for both interpolation and extrapolation.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np

from sim.perturbations.body import LegLoss, Motor, Payload
from sim.perturbations.codec import PerturbationError, nearest
from sim.perturbations.kinds import Perturbation
from sim.perturbations.world import Friction, Slope
from sim.robots import go2, roach

Family = Literal["none", "leg_loss", "payload", "slope", "motor", "friction", "mixture"]
Split = Literal["train", "heldout"]

FAMILIES: tuple[Family, ...] = get_args(Family)
"""Kinds of condition that `sample_condition` draws, for one robot or another."""


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


@dataclass(frozen=True)
class Ranges:
    """What conditions of one robot are drawn from."""

    families: tuple[Family, ...]
    payload_mass: Bands
    """[kg]"""
    payload_place: tuple[float, float]
    """How far from the middle of the back, forward and sideways [m]."""
    slope_angle: Bands
    """[rad]"""
    friction_mu: Bands
    motor: Callable[[np.random.Generator, Split], Motor]
    leg_sets: Mapping[Split, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    """Which legs are lost together in each split."""

    @property
    def mixed(self) -> tuple[Family, ...]:
        """Families that a mixture joins."""
        return tuple(family for family in self.families if family not in ("none", "mixture"))


def sample_condition(
    rng: np.random.Generator, family: str, split: str = "train", robot: str = "roach"
) -> tuple[Perturbation, ...]:
    """Draw the perturbations of one episode, active from the start.

    Args:
        rng: source of all draws.
        family: one of the robot's families; `mixture` joins two different ones.
        split: `train` or `heldout`.
        robot: name of the robot.

    Raises:
        PerturbationError: unknown family, split or robot.
    """
    if split not in get_args(Split):
        raise PerturbationError("sample_condition.split", f"one of {', '.join(get_args(Split))}", split)
    chosen: Split = "heldout" if split == "heldout" else "train"
    ranges = _ranges(robot)
    match family if family in ranges.families else None:
        case "none":
            return ()
        case "leg_loss":
            return (_leg_loss(rng, chosen, ranges),)
        case "payload":
            return (_payload(rng, chosen, ranges),)
        case "slope":
            angle, heading = ranges.slope_angle.draw(rng, chosen), float(rng.uniform(-math.pi, math.pi))
            return (Slope(angle, heading),)
        case "motor":
            return (ranges.motor(rng, chosen),)
        case "friction":
            return (Friction(ranges.friction_mu.draw(rng, chosen)),)
        case "mixture":
            mixed = ranges.mixed
            first, second = (mixed[index] for index in rng.choice(len(mixed), size=2, replace=False))
            return sample_condition(rng, first, split, robot) + sample_condition(rng, second, split, robot)
        case _:
            known = ranges.families
            raise PerturbationError(
                "sample_condition.family", f"one of {', '.join(known)}", family, nearest(family, known)
            )


def families(robot: str) -> tuple[Family, ...]:
    """Return the families of conditions that a robot is trained on.

    Raises:
        PerturbationError: unknown robot.
    """
    return _ranges(robot).families


def _ranges(robot: str) -> Ranges:
    if robot not in RANGES:
        raise PerturbationError("sample_condition.robot", f"one of {', '.join(RANGES)}", robot, nearest(robot, RANGES))
    return RANGES[robot]


def _leg_loss(rng: np.random.Generator, split: Split, ranges: Ranges) -> LegLoss:
    """Draw the number of lost legs first, so that single losses are as frequent as triple ones."""
    sets = ranges.leg_sets[split]
    count = int(rng.choice(sorted({len(legs) for legs in sets})))
    sets = tuple(legs for legs in sets if len(legs) == count)
    return LegLoss(sets[int(rng.integers(len(sets)))])


def _payload(rng: np.random.Generator, split: Split, ranges: Ranges) -> Payload:
    along, across = ranges.payload_place
    x, y = rng.uniform((-along, -across), (along, across))
    return Payload(ranges.payload_mass.draw(rng, split), float(x), float(y))


MOTOR_GAIN = Bands(train=((0.50, 0.65), (0.75, 1.15)), heldout=((0.65, 0.75), (0.42, 0.50)))
MOTOR_BIAS = Bands(train=((0.0, 2.5), (4.0, 7.0)), heldout=((2.5, 4.0), (7.0, 8.5)))
JOINT_SHARE = Bands(train=((0.45, 0.60), (0.70, 0.95)), heldout=((0.60, 0.70), (0.38, 0.45)))


def _sides(rng: np.random.Generator, split: Split) -> Motor:
    """Draw a gain per side with a bias, sparing one side half of the time."""
    spared = int(rng.integers(4))
    gains, biases = [1.0, 1.0], [0.0, 0.0]
    for side in range(2):
        if side != spared:
            gains[side] = MOTOR_GAIN.draw(rng, split)
            biases[side] = MOTOR_BIAS.draw(rng, split) * float(rng.choice((-1.0, 1.0)))
    return Motor(gains[0], gains[1], biases[0], biases[1])


def _joints(rng: np.random.Generator, split: Split) -> Motor:
    """Draw one to three joints that give a share of their torque."""
    chosen = sorted(rng.choice(len(go2.MOTORS), size=int(rng.integers(1, 4)), replace=False))
    return Motor(joints=tuple((go2.MOTORS[index], JOINT_SHARE.draw(rng, split)) for index in chosen))


def _leg_sets() -> tuple[tuple[str, ...], ...]:
    """Return every choice of one to three of a crawler's legs that leaves each side at least one leg."""
    sets = itertools.chain.from_iterable(itertools.combinations(roach.LEGS, count) for count in (1, 2, 3))
    return tuple(legs for legs in sets if len({leg.split("_")[0] for leg in legs}) == 2 or len(legs) < 3)


LEG_SETS: Mapping[Split, tuple[tuple[str, ...], ...]] = {
    "train": tuple(legs for index, legs in enumerate(_leg_sets()) if index % 4 != 1),
    "heldout": tuple(legs for index, legs in enumerate(_leg_sets()) if index % 4 == 1),
}
"""Of the crawler; `left_middle` alone is held out."""

RANGES: Mapping[str, Ranges] = MappingProxyType(
    {
        "roach": Ranges(
            families=FAMILIES,
            payload_mass=Bands(train=((0.003, 0.006), (0.008, 0.011)), heldout=((0.006, 0.008), (0.011, 0.013))),
            payload_place=(0.035, 0.02),
            slope_angle=Bands(train=((0.03, 0.10), (0.14, 0.20)), heldout=((0.10, 0.14), (0.20, 0.23))),
            friction_mu=Bands(train=((0.35, 0.45), (0.55, 0.70)), heldout=((0.45, 0.55), (0.30, 0.35))),
            motor=_sides,
            leg_sets=LEG_SETS,
        ),
        "go2": Ranges(
            families=FAMILIES,
            payload_mass=Bands(train=((1.0, 3.0), (4.5, 6.5)), heldout=((3.0, 4.5), (6.5, 8.0))),
            payload_place=(0.15, 0.10),
            slope_angle=Bands(train=((0.03, 0.07), (0.10, 0.14)), heldout=((0.07, 0.10), (0.14, 0.17))),
            friction_mu=Bands(train=((0.35, 0.45), (0.55, 0.70)), heldout=((0.45, 0.55), (0.30, 0.35))),
            motor=_joints,
            leg_sets={
                "train": (("front_left",), ("front_right",), ("rear_right",)),
                "heldout": (("rear_left",),),
            },
        ),
    }
)
"""By robot."""
