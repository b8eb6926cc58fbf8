"""The bodies that can be simulated: builders by name, files by path."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import mujoco

from sim.robots import go2, hexapod, mjcf, roach
from sim.robots.anatomy import FILES, Anatomy
from sim.strict import one_of
from sim.terrain import Terrain

BUILDERS: Mapping[str, Callable[[Terrain, bool], mujoco.MjSpec]] = MappingProxyType(
    {"roach": roach.build, "go2": go2.build, "hexapod": hexapod.build}
)
"""What puts a body together above a ground, which can be rough if asked, by name."""


def build(anatomy: Anatomy, terrain: Terrain, rough: bool = False) -> mujoco.MjSpec:
    """Return a robot above `terrain`, from its builder or its MJCF or URDF file; edit or compile it as any MjSpec.

    `rough` adds a height field, so that the ground can be rough now or later.

    Raises:
        ValueError: no such builder, a file that cannot be used, or no such parts in it.
    """
    if anatomy.body.endswith(FILES):
        return mjcf.load(anatomy, terrain, rough)
    one_of("body", anatomy.body, [*BUILDERS, "the path of an MJCF or URDF file, ending in .xml or .urdf"])
    spec = BUILDERS[anatomy.body](terrain, rough)
    mjcf.check_parts(anatomy, spec)
    return spec
