"""Which physics moves which robot."""

from __future__ import annotations

from collections.abc import Sequence

from sim.bodies.base import Physics
from sim.bodies.crawler import CrawlerPhysics
from sim.bodies.jointed import JointedPhysics
from sim.perturbations import Perturbation
from sim.robots.anatomy import Anatomy
from sim.terrain import Terrain


def simulate(anatomy: Anatomy, terrain: Terrain, perturbations: Sequence[Perturbation] = ()) -> Physics:
    """Return an intact robot on `terrain`, in the pose that it usually starts in; perturbations act at their own times.

    Raises:
        PerturbationError: one of them cannot happen to this robot.
        ValueError: there is no such body.
    """
    kind = JointedPhysics if anatomy.cranks is None else CrawlerPhysics
    return kind(anatomy, terrain, perturbations)
