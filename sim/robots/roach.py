"""A VelociRoACH-class crawler: two motors, six compliant legs, an alternating tripod.

The published robot is 10 cm long and weighs about 30 g, with the three legs of a side coupled to one motor (Haldane et
al. 2013, "Animal-inspired design and aerodynamic stabilization of a hexapedal millirobot"). Its linkage makes every
foot trace a closed curve while the leg keeps its attitude. Here the crank of a side carries two couplers on opposite
pins, one with the front and the rear leg, one with the middle leg; joint equalities turn each coupler back by the crank
angle, so each foot traces a circle. The pins of the two sides are opposite, so equal phases are an alternating tripod.
Numbers without a source are choices: they give the speed, bounce and stability asked of this class.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import mujoco

from sim.robots.parts import BOX, CAPSULE, CYLINDER, HINGE, SLIDE, SPHERE, add_payload, scene
from sim.terrain import FLOOR_BIT, Terrain

SIDES = ("left", "right")
LEGS = ("left_front", "left_middle", "left_rear", "right_front", "right_middle", "right_rear")

TIMESTEP = 0.001
TRUNK_HALF = (0.050, 0.014, 0.009)
"""Half the trunk's length, width and height [m]; the length is the published 10 cm."""
TRUNK_MASS = 0.0245
"""With legs and linkage 29.9 g, published as 30 g [kg]."""
BELLY_Z = -0.0165
"""Underside of the trunk below its origin [m]: it clears the ground on a tripod, and carries the body over the feet's
return stroke where a leg is missing."""
BELLY_FRICTION = 0.1
PAYLOAD_HALF = (0.006, 0.006, 0.004)

HIP_X: Mapping[str, float] = MappingProxyType({"front": 0.036, "middle": 0.0, "rear": -0.036})
AXLE_Z = -0.002
CRANK_Y = 0.016
COUPLER_Y = 0.018
FOOT_Y = 0.038
CRANK_RADIUS = 0.0072
"""Radius of the feet's circles [m]: a stride of 4 radii moves the body 0.26 m/s at 9 rev/s without flight or slip."""
CRANK_MASS = 0.0004
COUPLER_MASS: Mapping[str, float] = MappingProxyType({"outer": 0.0007, "middle": 0.0004})

LEG_LENGTH = 0.014
LEG_MASS = 0.0004
LEG_STIFFNESS = 40.0
"""Along the leg [N/m]: three legs sag by 2.4 mm under the body."""
LEG_DAMPING = 0.5
FOOT_RADIUS = 0.0015
STANDING_HEIGHT = LEG_LENGTH + FOOT_RADIUS - AXLE_Z
"""Trunk origin above the ground with all feet level [m]."""


def build(terrain: Terrain, rough: bool = False) -> mujoco.MjSpec:
    """Return the crawler standing on `terrain`; edit or compile it as any MjSpec.

    Bodies: `trunk`, `payload` (massless until a payload is put on), one per leg. Geoms: one foot per leg with the leg's
    name. Joints: `root`, `left`, `right` (crank angles); `sim.bodies.crawler` gives those their motors.
    """
    spec = scene("roach", terrain, rough, TIMESTEP, size=0.01, extent=0.3)
    trunk = _add_trunk(spec)
    for side in SIDES:
        _add_side(spec, trunk, side)
    return spec


def _add_trunk(spec: mujoco.MjSpec) -> mujoco.MjsBody:
    trunk = spec.worldbody.add_body(name="trunk", pos=[0.0, 0.0, STANDING_HEIGHT])
    trunk.add_freejoint(name="root")
    trunk.add_geom(
        name="trunk",
        type=BOX,
        pos=[0.0, 0.0, BELLY_Z + TRUNK_HALF[2]],
        size=list(TRUNK_HALF),
        mass=TRUNK_MASS,
        friction=[BELLY_FRICTION, 0.001, 0.0001],
        solref=[0.006, 1.0],
        priority=2,
        rgba=[0.20, 0.24, 0.28, 1.0],
    )
    nose = _part(trunk, SPHERE, [0.006, 0.0, 0.0], 0.0, [0.85, 0.35, 0.15, 1.0])
    nose.pos = [TRUNK_HALF[0], 0.0, BELLY_Z + TRUNK_HALF[2]]
    add_payload(trunk, PAYLOAD_HALF)
    return trunk


def _add_side(spec: mujoco.MjSpec, trunk: mujoco.MjsBody, side: str) -> None:
    sign = 1.0 if side == "left" else -1.0
    crank = trunk.add_body(name=f"{side}_crank", pos=[0.0, sign * CRANK_Y, AXLE_Z])
    hinge = crank.add_joint(name=side, type=HINGE, axis=[0.0, 1.0, 0.0])
    hinge.solref_friction, hinge.solimp_friction = [0.01, 1.0], [0.95, 0.99, 0.001, 0.5, 2.0]
    disc = _part(crank, CYLINDER, [CRANK_RADIUS, 0.001, 0.0], CRANK_MASS, [0.55, 0.55, 0.58, 1.0])
    disc.quat = [math.sqrt(0.5), math.sqrt(0.5), 0.0, 0.0]
    for link, pin in (("outer", sign * CRANK_RADIUS), ("middle", -sign * CRANK_RADIUS)):
        _add_coupler(spec, crank, side, link, pin)


def _add_coupler(spec: mujoco.MjSpec, crank: mujoco.MjsBody, side: str, link: str, pin: float) -> None:
    """Add the bar on one pin of a crank, its legs, and the equality that keeps it level."""
    sign = 1.0 if side == "left" else -1.0
    name = f"{side}_{link}_link"
    coupler = crank.add_body(name=name, pos=[pin, sign * (COUPLER_Y - CRANK_Y), 0.0])
    coupler.add_joint(name=name, type=HINGE, axis=[0.0, 1.0, 0.0], armature=1e-8)
    legs = ("front", "rear") if link == "outer" else ("middle",)
    reach = HIP_X["front"] if link == "outer" else 0.004
    _part(coupler, BOX, [reach, 0.001, 0.0015], COUPLER_MASS[link], [0.35, 0.38, 0.42, 1.0])
    for leg in legs:
        _add_leg(coupler, f"{side}_{leg}", HIP_X[leg], sign)
    level = spec.add_equality(name=name, type=mujoco.mjtEq.mjEQ_JOINT, objtype=mujoco.mjtObj.mjOBJ_JOINT)
    level.name1, level.name2 = name, side
    level.data[:5] = [0.0, -1.0, 0.0, 0.0, 0.0]
    level.solref = [2.0 * TIMESTEP, 1.0]
    level.solimp = [0.95, 0.99, 0.001, 0.5, 2.0]


def _add_leg(coupler: mujoco.MjsBody, name: str, hip_x: float, sign: float) -> None:
    leg = coupler.add_body(name=name, pos=[hip_x, 0.0, 0.0])
    up = [0.0, 0.0, 1.0]
    leg.add_joint(name=name, type=SLIDE, axis=up, stiffness=LEG_STIFFNESS, damping=LEG_DAMPING, armature=1e-5)
    foot = [0.0, sign * (FOOT_Y - COUPLER_Y), -LEG_LENGTH]
    shank = _part(leg, CAPSULE, [0.0012, 0.0, 0.0], 0.75 * LEG_MASS, [0.10, 0.45, 0.60, 1.0])
    shank.fromto = [0.0, 0.0, 0.0, *foot]
    shank.name = f"{name}_shank"
    tip = _part(leg, SPHERE, [FOOT_RADIUS, 0.0, 0.0], 0.25 * LEG_MASS, [0.05, 0.05, 0.05, 1.0])
    tip.pos = foot
    tip.name = name
    tip.conaffinity = FLOOR_BIT


def _part(
    body: mujoco.MjsBody, kind: mujoco.mjtGeom, size: list[float], mass: float, rgba: list[float]
) -> mujoco.MjsGeom:
    """Add a geom that touches nothing."""
    return body.add_geom(type=kind, size=size, mass=mass, rgba=rgba, contype=0, conaffinity=0)
