"""Everything about body and ground that a perturbation may change, as one frozen value.

Perturbations are functions from condition to condition; the physics writes a condition into the model as a whole,
always from the unperturbed values. So the end of a perturbation undoes it exactly and overlapping ones just compose.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from sim.robots.anatomy import Anatomy
from sim.terrain import TERRAINS, Terrain

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
    gain: Mapping[str, float] = field(default_factory=dict)
    """Achieved over commanded motor speed, or torque over the torque asked for, where it is not 1 [-]."""
    bias: Mapping[str, float] = field(default_factory=dict)
    """Added to the commanded motor speed, where it is not 0 [rad/s]."""
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


def describe(condition: Condition, anatomy: Anatomy) -> dict[str, float]:
    """Return the condition as numbers of order one, by name; every condition of a robot has the same names in order."""
    units = anatomy.units
    speeds = anatomy.servo == "velocity"
    x, y, heading = condition.pose_bias
    return {
        "tilt_x": condition.tilt[0] / 0.2,
        "tilt_y": condition.tilt[1] / 0.2,
        "gravity": condition.gravity / STANDARD_GRAVITY - 1.0,
        **{f"present_{leg}": float(leg not in condition.lost_legs) for leg in anatomy.legs},
        "payload_mass": condition.payload_mass / units.payload,
        "payload_moment_x": condition.payload_moment[0] / units.moment,
        "payload_moment_y": condition.payload_moment[1] / units.moment,
        **{f"gain_{motor}": (condition.gain.get(motor, 1.0) - 1.0) / 0.3 for motor in anatomy.motors},
        **{f"bias_{motor}": condition.bias.get(motor, 0.0) / 5.0 for motor in anatomy.motors if speeds},
        **{f"dead_{motor}": float(motor in condition.dead_motors) for motor in anatomy.motors},
        **{f"stuck_{motor}": float(motor in condition.stuck_motors) for motor in anatomy.motors},
        "friction": (condition.foot_friction - 0.8) / 0.3,
        "softness": condition.terrain.contact_time / 0.004 - 1.0,
        "roughness": condition.terrain.roughness / 0.001,
        **{f"force_{axis}": value / units.force for axis, value in zip("xyz", condition.force, strict=True)},
        "delay": condition.delay / 0.05,
        "noise": condition.noise - 1.0,
        "pose_bias_x": x / 0.02,
        "pose_bias_y": y / 0.02,
        "pose_bias_heading": heading / 0.2,
    }


def channels(anatomy: Anatomy) -> tuple[str, ...]:
    """Return the names of `describe` for a robot, in order (D,)."""
    return tuple(describe(Condition(), anatomy))
