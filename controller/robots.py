"""Robots by name."""

from __future__ import annotations

import functools

from controller import shipped
from controller.strict import read_yaml, resolve
from hardware.robot import RobotSpec
from hardware.sim_robot import ROACH


@functools.cache
def spec(name: str) -> RobotSpec:
    """Return the constant facts about a robot; those of a bought one are read from its file.

    Raises:
        ConfigError: the file says something that cannot be.
    """
    return ROACH if name == ROACH.name else resolve(RobotSpec, [read_yaml(shipped.robot(name))])
