"""Episodes with left and right exchanged: a symmetric robot meets every fault on either side."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.episodes import Taken
from controller.diagnosis.observer import Gathering
from hardware import mirror
from hardware.spec import RobotSpec

_SIDEWAYS = ("payload.y", "slope.left")
"""Amounts that change their sign."""


def mirrored(spec: RobotSpec, taken: Taken) -> Taken:
    """Return what the robot in the mirror would have met. Raises ValueError where left and right have other parts."""
    images = {cause: mirror.image(spec, cause) for cause in set(taken.causes)}
    return Taken(
        mirror.of_rows(spec, Gathering(spec).names)(taken.ticks.astype(np.float64)),
        tuple(images[cause] for cause in taken.causes),
        tuple({name: -much if name in _SIDEWAYS else much for name, much in told.items()} for told in taken.amounts),
    )
