"""Robots by name: a line about each, and its spec."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType

from controller.settings import assets
from controller.settings.layers import read_yaml, resolve
from hardware.robot import RobotSpec
from hardware.simulated.robot import ROACH

ROBOTS: Mapping[str, str] = MappingProxyType(
    {
        "roach": "six-legged crawler of 10 cm and 30 g: two motors, compliant legs; simulated",
        "go2": "quadruped of 70 cm and 15 kg: twelve joints, driven through a gait; simulated",
    }
)


@functools.cache
def spec(name: str) -> RobotSpec:
    """Return the constant facts about a robot; those of a bought one are read from its file.

    Raises:
        ConfigError: the file says something that cannot be.
    """
    return ROACH if name == ROACH.name else resolve(RobotSpec, [read_yaml(assets.robot(name))])
