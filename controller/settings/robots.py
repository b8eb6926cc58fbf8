"""Robots by name: the file of each says all about it."""

from __future__ import annotations

import functools

from controller.settings import assets
from controller.settings.layers import read_yaml, resolve
from hardware.spec import RobotSpec

DEFAULT = "roach"
"""The robot of settings that name none."""


@functools.cache
def names() -> tuple[str, ...]:
    """Return the robots that come with Limber, the default one first."""
    found = (file.stem for file in assets.robot(DEFAULT).parent.glob("*.yaml"))
    return tuple(sorted(found, key=lambda name: (name != DEFAULT, name)))


@functools.cache
def spec(name: str) -> RobotSpec:
    """Return the constant facts about a robot, as its file says them.

    Raises:
        ConfigError: the file says something that cannot be.
    """
    return resolve(RobotSpec, [read_yaml(assets.robot(name))])


def unusual(name: str, rate_hz: float) -> float | None:
    """Return a control rate [Hz] where settings and models for it are named after it; None for a robot's own."""
    return None if rate_hz == spec(name).control_hz else rate_hz
