"""The bodies that can be simulated."""

from collections.abc import Mapping
from types import MappingProxyType

from sim.robots import go2, roach
from sim.robots.anatomy import Anatomy

ANATOMIES: Mapping[str, Anatomy] = MappingProxyType({item.name: item for item in (roach.ANATOMY, go2.ANATOMY)})
"""What perturbations can act on, by robot."""
