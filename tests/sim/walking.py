"""Short walks of the simulated crawler that several tests look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from sim.bodies.base import Setpoints
from sim.bodies.crawler import CrawlerPhysics
from sim.perturbations import Perturbation
from sim.terrain import TERRAINS, FloatArray
from tests.sim.anatomies import ANATOMIES

REV = 2.0 * np.pi
"""One revolution a second [rad/s]."""
TICK = 0.02


@dataclass(frozen=True)
class Walk:
    """True motion at every 20 ms (T, ...), times in seconds, angles in radians."""

    time: FloatArray
    position: FloatArray
    roll: FloatArray
    pitch: FloatArray
    yaw: FloatArray
    speed: FloatArray
    """Motor speeds (T, 2) [rad/s]."""

    def since(self, start: float) -> Walk:
        """Return the part from a time on."""
        late = self.time >= start - 1e-9
        return Walk(*(getattr(self, name)[late] for name in self.__dataclass_fields__))

    @property
    def distance(self) -> float:
        """Length of the way as the crow flies [m]."""
        return float(np.linalg.norm(self.position[-1, :2] - self.position[0, :2]))

    @property
    def turned(self) -> float:
        """Change of heading, left positive [rad]."""
        return float(self.yaw[-1] - self.yaw[0])


def physics(perturbations: Sequence[Perturbation] = (), terrain: str = "flat", seed: int = 0) -> CrawlerPhysics:
    walker = CrawlerPhysics(ANATOMIES["roach"], TERRAINS[terrain], perturbations)
    walker.reset(rng=np.random.default_rng(seed))
    return walker


def walk(walker: CrawlerPhysics, seconds: float, speeds: tuple[float, float] = (5.0, 5.0)) -> Walk:
    """Drive both sides at constant speeds [rev/s] from now on and record."""
    walker.command(Setpoints.speeds(REV * np.array(speeds)))
    rows = []
    for _ in range(round(seconds / TICK)):
        walker.step(round(TICK / walker.timestep()))
        true = walker.reading()
        rows.append((walker.time(), true.position, *angles(true.quaternion), true.motor_velocity))
    time, position, roll, pitch, yaw, speed = zip(*rows, strict=True)
    return Walk(
        np.array(time), np.array(position), np.array(roll), np.array(pitch), np.unwrap(np.array(yaw)), np.array(speed)
    )


def angles(quaternion: FloatArray) -> tuple[float, float, float]:
    """Return roll, pitch, yaw [rad] from the rotation matrix, independent of the library's formulas."""
    matrix = np.empty(9)
    mujoco.mju_quat2Mat(matrix, quaternion)
    m = matrix.reshape(3, 3)
    return float(np.arctan2(m[2, 1], m[2, 2])), float(-np.arcsin(m[2, 0])), float(np.arctan2(m[1, 0], m[0, 0]))
