"""Perturbations of what the robot hears and measures: command delay, sensor noise, pose calibration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from sim.conditions.condition import Condition
from sim.perturbations import codec
from sim.perturbations.base import Perturbation
from sim.robots.anatomy import Anatomy


@dataclass(frozen=True)
class Delay(Perturbation):
    """Commands reach the motors late."""

    name: ClassVar[str] = "delay"
    seconds: float = codec.number(key="ms", scale=1e-3, within=(0.0, 1000.0))
    """[s]"""

    def change(self, condition: Condition) -> Condition:
        return replace(condition, delay=condition.delay + self.seconds)

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        return {"delay": condition.delay / 0.05}


@dataclass(frozen=True)
class Noise(Perturbation):
    """All sensors are noisier by a factor; 0 makes them exact."""

    name: ClassVar[str] = "noise"
    scale: float = codec.number(within=(0.0, 100.0))

    def change(self, condition: Condition) -> Condition:
        return replace(condition, noise=condition.noise * self.scale)

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        return {"noise": condition.noise - 1.0}


@dataclass(frozen=True)
class PoseBias(Perturbation):
    """The markers have shifted on the body: position and heading are measured with a constant offset."""

    name: ClassVar[str] = "pose_bias"
    sideways: ClassVar[tuple[str, ...]] = ("pose_bias_y", "pose_bias_heading")
    heading: float = codec.angle("heading_deg", within=(-180.0, 180.0), default=0.0)
    """[rad]"""
    x: float = codec.number(0.0, within=(-0.5, 0.5))
    """In body axes, forward [m]."""
    y: float = codec.number(0.0, within=(-0.5, 0.5))
    """In body axes, left [m]."""

    def change(self, condition: Condition) -> Condition:
        x, y, heading = condition.pose_bias
        return replace(condition, pose_bias=(x + self.x, y + self.y, heading + self.heading))

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        x, y, heading = condition.pose_bias
        return {"pose_bias_x": x / 0.02, "pose_bias_y": y / 0.02, "pose_bias_heading": heading / 0.2}
