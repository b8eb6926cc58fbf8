"""Everything about body and ground that a perturbation may change, as one frozen value.

Perturbations are functions from condition to condition; the physics writes a condition into the model as a whole,
always from the unperturbed values. So the end of a perturbation undoes it exactly and overlapping ones just compose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.robots.roach import LEGS, SIDES
from sim.terrain import TERRAINS, Terrain

FloatArray = NDArray[np.float64]

STANDARD_GRAVITY = 9.81
"""[m/s^2]"""

Pair = tuple[float, float]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Condition:
    """One setting of body, ground and senses. The defaults are the intact robot."""

    terrain: Terrain = field(default_factory=lambda: TERRAINS["flat"])
    friction: float | None = None
    """Foot friction in place of the terrain's [-]."""
    gravity: float = STANDARD_GRAVITY
    """Pull towards true down [m/s^2]."""
    tilt: Pair = (0.0, 0.0)
    """Slope of the ground [rad] times the unit vector uphill, in ground axes x, y."""
    lost_legs: frozenset[str] = frozenset()
    payload_mass: float = 0.0
    """[kg]"""
    payload_moment: Pair = (0.0, 0.0)
    """Payload mass times its place in body axes x (forward), y (left) [kg m]."""
    gain: Pair = (1.0, 1.0)
    """Achieved over commanded motor speed, left and right [-]."""
    bias: Pair = (0.0, 0.0)
    """Added to the commanded motor speed, left and right [rad/s]."""
    dead_motors: frozenset[str] = frozenset()
    stuck_motors: frozenset[str] = frozenset()
    force: Triple = (0.0, 0.0, 0.0)
    """On the body, in ground axes [N]."""
    delay: float = 0.0
    """Between sending a command and the motors following it [s]."""
    noise: float = 1.0
    """Factor on the sensors' noise [-]."""
    pose_bias: Triple = (0.0, 0.0, 0.0)
    """Error of the measured pose: x, y [m] and heading [rad]."""

    @property
    def slope(self) -> float:
        """Angle between the ground and the horizontal [rad]."""
        return math.hypot(*self.tilt)

    @property
    def foot_friction(self) -> float:
        """Coulomb friction of a foot on the ground [-]."""
        return self.terrain.friction if self.friction is None else self.friction

    @property
    def payload_place(self) -> Pair:
        """Centre of the payload in body axes x, y [m]."""
        if self.payload_mass == 0.0:
            return (0.0, 0.0)
        return (self.payload_moment[0] / self.payload_mass, self.payload_moment[1] / self.payload_mass)


CONDITION_CHANNELS: tuple[str, ...] = (
    "tilt_x",
    "tilt_y",
    "gravity",
    *(f"present_{leg}" for leg in LEGS),
    "payload_mass",
    "payload_moment_x",
    "payload_moment_y",
    *(f"gain_{side}" for side in SIDES),
    *(f"bias_{side}" for side in SIDES),
    *(f"dead_{side}" for side in SIDES),
    *(f"stuck_{side}" for side in SIDES),
    "friction",
    "softness",
    "roughness",
    "force_x",
    "force_y",
    "force_z",
    "delay",
    "noise",
    "pose_bias_x",
    "pose_bias_y",
    "pose_bias_heading",
)
"""What the numbers of `describe` mean, in order (D,)."""


def describe(condition: Condition) -> FloatArray:
    """Return the condition as numbers of order one (D,), named by CONDITION_CHANNELS."""
    present = [float(leg not in condition.lost_legs) for leg in LEGS]
    return np.array(
        [
            *(angle / 0.2 for angle in condition.tilt),
            condition.gravity / STANDARD_GRAVITY - 1.0,
            *present,
            condition.payload_mass / 0.01,
            *(moment / 2e-4 for moment in condition.payload_moment),
            *((gain - 1.0) / 0.3 for gain in condition.gain),
            *(bias / 5.0 for bias in condition.bias),
            *(float(side in condition.dead_motors) for side in SIDES),
            *(float(side in condition.stuck_motors) for side in SIDES),
            (condition.foot_friction - 0.8) / 0.3,
            condition.terrain.contact_time / 0.004 - 1.0,
            condition.terrain.roughness / 0.001,
            *(force / 0.3 for force in condition.force),
            condition.delay / 0.05,
            condition.noise - 1.0,
            *(offset / 0.02 for offset in condition.pose_bias[:2]),
            condition.pose_bias[2] / 0.2,
        ],
        dtype=np.float64,
    )
