"""Everything about body and ground that a perturbation may change, as one frozen value.

Perturbations are functions from condition to condition; the physics writes a condition into the model as a whole,
always from the unperturbed values. So the end of a perturbation undoes it exactly and overlapping ones just compose.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
    crippled_legs: frozenset[str] = frozenset()
    """Legs half as large whose motors give no torque."""
    leg_mass: Mapping[str, float] = field(default_factory=dict)
    """Mass of a whole leg over what it usually is, where it is not 1 [-]."""
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
    limp_legs: frozenset[str] = frozenset()
    """Legs none of whose motors gives torque any more."""
    stiff_legs: frozenset[str] = frozenset()
    """Legs all of whose motors are stuck."""
    shortened: Mapping[str, float] = field(default_factory=dict)
    """Legs that end nearer to the joint of their last limb, and what share of that limb is gone [0..1]."""
    zeros: Mapping[str, float] = field(default_factory=dict)
    """Motors whose zero is wrong: true angle less the one that is measured and commanded [rad]."""
    supply: float = 1.0
    """Share of the battery's voltage that is left [-]."""
    locked: Mapping[str, float] = field(default_factory=dict)
    """Motors that move no further than a share of their range, around where they were when that began [0..1]."""
    force: Triple = (0.0, 0.0, 0.0)
    """On the body, in ground axes [N]."""
    delay: float = 0.0
    """Between sending a command and the motors following it [s]."""
    noise: float = 1.0
    """Factor on the sensors' noise [-]."""
    pose_bias: Triple = (0.0, 0.0, 0.0)
    """Error of the measured pose: x, y [m] and heading [rad]."""
    factors: Mapping[str, float] = field(default_factory=dict)
    """What else has changed: fields of MuJoCo's model, and what all their numbers are multiplied by [-]."""

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

    def factor(self, name: str) -> float:
        """Return what the numbers of a field of MuJoCo's model are multiplied by [-]."""
        return self.factors.get(name, 1.0)

    def multiplied(self, name: str, factor: float) -> Condition:
        """Return the condition with a field of MuJoCo's model, such as `dof_damping`, multiplied on top."""
        return replace(self, factors={**self.factors, name: self.factor(name) * factor})
