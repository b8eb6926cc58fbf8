"""Random conditions for training and for tests on conditions that were never trained on.

Training and held-out parameters do not overlap: whole leg combinations are kept back, and of every range a band in its
middle and one at its edge, so the held-out split asks for both interpolation and extrapolation. What is drawn from is
the robot's data, see `sim.robots.anatomy`.
"""

from __future__ import annotations

import numpy as np

from sim.perturbations.base import Perturbation
from sim.perturbations.codec import check_one
from sim.perturbations.kinds import PERTURBATIONS
from sim.robots.anatomy import Anatomy
from sim.robots.ranges import SPLITS, Split


def sample_condition(rng: np.random.Generator, family: str, split: str, anatomy: Anatomy) -> tuple[Perturbation, ...]:
    """Draw the perturbations of one episode, active from the start.

    `family` is one of the robot's, of which `mixture` joins two others; `split` is `train` or `heldout`. Raises
    PerturbationError for any other.
    """
    check_one("sample_condition.split", split, SPLITS)
    check_one("sample_condition.family", family, anatomy.families, f" on robot {anatomy.name}")
    chosen: Split = "train" if split == "train" else "heldout"
    drawn = () if family == "none" else (family,)
    if family == "mixture":
        mixed = tuple(anatomy.ranges)
        drawn = tuple(mixed[index] for index in rng.choice(len(mixed), size=2, replace=False))
    return tuple(PERTURBATIONS[name].draw(rng, chosen, anatomy) for name in drawn)


def check_ranges(anatomy: Anatomy) -> None:
    """Raise ValueError unless every family of a robot is known, and has the parameters that it is drawn from."""
    drawable = {name: kind.parameters for name, kind in PERTURBATIONS.items() if kind.parameters is not None}
    for family, bands in anatomy.ranges.items():
        check_one(f"anatomy.ranges.{family}", family, drawable)
        for parameter in bands:
            check_one(f"anatomy.ranges.{family}.{parameter}", parameter, drawable[family])
        sample_condition(np.random.default_rng(0), family, "train", anatomy)  # finds what is missing
