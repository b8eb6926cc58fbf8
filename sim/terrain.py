"""What the ground is made of: friction, compliance and roughness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import mujoco
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Terrain:
    """Ground under the feet.

    The surfaces are those of the published crawler experiments (carpet, styrofoam, turf); their numbers are our
    estimates of Coulomb friction against rubber-tipped feet, contact compliance and height variation.
    """

    name: str
    friction: float
    """Coulomb friction of a foot on the ground [-]."""
    contact_time: float
    """Time constant of the contact's penetration [s]: larger is softer."""
    contact_damping: float
    """Damping ratio of the contact [-]."""
    roughness: float
    """Standard deviation of the ground's height [m]."""
    rgba: tuple[float, float, float, float]
    step: float = 0.0
    """Height of steps across the x axis, down and up again [m]; ground with steps has no other roughness."""

    @property
    def uneven(self) -> bool:
        """Whether feet touch a height field."""
        return self.roughness > 0.0 or self.step > 0.0


TERRAINS: Mapping[str, Terrain] = MappingProxyType(
    {
        terrain.name: terrain
        for terrain in (
            Terrain("flat", 0.80, 0.004, 1.0, 0.0, (0.82, 0.82, 0.80, 1.0)),
            Terrain("carpet", 0.95, 0.008, 1.2, 0.0003, (0.62, 0.55, 0.50, 1.0)),
            Terrain("styrofoam", 0.55, 0.005, 0.9, 0.0, (0.93, 0.94, 0.96, 1.0)),
            Terrain("turf", 0.75, 0.012, 1.4, 0.0008, (0.35, 0.55, 0.30, 1.0)),
            Terrain("kerbs", 0.80, 0.004, 1.0, 0.0, (0.72, 0.72, 0.75, 1.0), step=0.03),
        )
    }
)
"""Presets by name."""


EXTENT = 8.0
"""Half the side of the rough square around the origin [m]."""
CELLS = 640
"""Grid points along a side: one every 2.5 cm, a leg's spacing."""
FAR, ALONG, ACROSS = 20.0, 1600, 256
"""The same for ground with steps, which is as fine along x alone: as many points, placed otherwise."""
TREAD = 0.4
"""From a step to the next [m]."""
SPREAD = 6.0
"""Height of the field from lowest to highest in standard deviations."""
FLOOR_BIT, BUMPS_BIT = 1, 2
"""Which ground a foot's contact affinity asks for."""


def preset(name: str) -> Terrain:
    """Return the terrain of a name; raises ValueError where there is none."""
    if name not in TERRAINS:
        raise ValueError(f"terrain: expected one of {', '.join(TERRAINS)}, got {name!r}")
    return TERRAINS[name]


def add_ground(spec: mujoco.MjSpec, terrain: Terrain, rough: bool) -> None:
    """Add light, the plane `floor`, and where `rough` the height field `bumps` that only feet touch.

    The plane stays at the mean height under the belly and is what a viewer sees; the field is in a hidden geom group.
    """
    light = spec.worldbody.add_light(name="sun", pos=[0.0, 0.0, 2.0], dir=[0.2, 0.3, -1.0])
    light.type = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    floor = spec.worldbody.add_geom(name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0.0, 0.0, 0.05])
    floor.contype, floor.rgba = FLOOR_BIT, list(terrain.rgba)
    _surface(floor, terrain)
    if rough:
        spec.add_hfield(
            name="bumps", size=[EXTENT, EXTENT, 0.05, 0.01], nrow=CELLS, ncol=CELLS, userdata=_heights().ravel()
        )
        bumps = spec.worldbody.add_geom(name="bumps", type=mujoco.mjtGeom.mjGEOM_HFIELD, hfieldname="bumps", group=4)
        bumps.contype, bumps.conaffinity = BUMPS_BIT, 0
        _surface(bumps, terrain)


def _surface(geom: mujoco.MjsGeom, terrain: Terrain) -> None:
    geom.priority = 1
    geom.friction = [terrain.friction, 0.001, 0.0001]
    geom.solref = [terrain.contact_time, terrain.contact_damping]
    geom.solimp = [0.9, 0.98, 0.001, 0.5, 2.0]


def _heights() -> FloatArray:
    """Return one fixed field of heights (CELLS, CELLS) in [0, 1], mean 0.5, standard deviation 1 / SPREAD."""
    heights = 0.5 + np.random.default_rng(0).standard_normal((CELLS, CELLS)) / SPREAD
    heights = np.clip(heights, 0.0, 1.0)
    heights.flat[:2] = 0.0, 1.0  # MuJoCo scales the data to [0, 1]; with both ends present that changes nothing
    return heights


def steps() -> FloatArray:
    """Return heights (ACROSS, ALONG) in [0, 1] of steps across the x axis; in the middle is that of an upper one."""
    along = np.linspace(-FAR, FAR, ALONG)
    return np.tile(np.floor(along / TREAD + 0.5) % 2.0 == 0.0, (ACROSS, 1)).astype(np.float64)
