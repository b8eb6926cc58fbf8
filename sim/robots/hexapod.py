"""A hexapod of eighteen hobby servos: six legs of coxa, femur and tibia, without meshes.

Dimensions are those published of the PhantomX AX: hips as in the Phoenix walking code for it and in its public robot
descriptions, links as those have them too. Servos are Dynamixel AX-18A, whose figures are Robotis' own (e-manual). Both
are facts; shapes are primitives of ours, and masses our estimate: eighteen servos of 56 g, brackets, plates, a battery
and electronics come to 2.2 kg. Axes: x forward, y left, z up. At angles zero a leg points straight away from the trunk
with its femur level and its tibia straight down.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import mujoco

from sim.robots.parts import BOX, CAPSULE, HINGE, SPHERE, add_imu, add_payload, add_servo, add_touch, scene
from sim.terrain import FLOOR_BIT, Terrain

PARTS = ("coxa", "femur", "tibia")
HIPS: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "front_left": (0.120, 0.060, 45.0),
        "front_right": (0.120, -0.060, -45.0),
        "middle_left": (0.0, 0.100, 90.0),
        "middle_right": (0.0, -0.100, -90.0),
        "rear_left": (-0.120, 0.060, 135.0),
        "rear_right": (-0.120, -0.060, -135.0),
    }
)
"""Axes of the coxae from the trunk's origin, forward and to the left [m], and where their legs point [deg]."""
LEGS = tuple(HIPS)
MOTORS = tuple(f"{leg}_{part}" for leg in LEGS for part in PARTS)

TIMESTEP = 0.002
COXA_LENGTH, FEMUR_LENGTH, TIBIA_LENGTH = 0.052, 0.066, 0.133
FOOT_RADIUS = 0.010
TRUNK_MASS = 1.0
"""Six servos, plates, battery and electronics [kg]."""
TRUNK_HALF = (0.130, 0.062, 0.022)
TRUNK_Z = 0.004
"""Middle of the trunk over the axes of the femora [m]."""
MASSES: Mapping[str, float] = MappingProxyType({"coxa": 0.075, "femur": 0.030, "tibia": 0.095})
"""The femur's servo sits in the coxa, the tibia's in the tibia [kg]."""
STALL_TORQUE = 1.8
"""Of an AX-18A at 12 V [N m]."""
RANGE: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"coxa": (-1.41, 1.41), "femur": (-1.73, 1.83), "tibia": (-0.96, 1.57)}
)
"""What brackets leave of a servo's 300 degrees: of coxa and femur as published of the PhantomX mk-II; of the tibia a
choice, from 35 degrees short of straight to folded flat [rad]."""
ARMATURE, DAMPING, FRICTION = 0.008, 0.02, 0.06
"""Of rotor and gears, seen at the joint, without what back-EMF brakes [kg m^2], [N m s/rad], [N m]; estimates."""
PAYLOAD_HALF = (0.06, 0.04, 0.03)
BELLY_FRICTION = 0.3

_DARK, _LIGHT, _RED = [0.16, 0.17, 0.19, 1.0], [0.62, 0.65, 0.70, 1.0], [0.85, 0.35, 0.15, 1.0]


def build(terrain: Terrain, rough: bool = False) -> mujoco.MjSpec:
    """Return the hexapod above `terrain`; edit or compile it as any MjSpec.

    Bodies: `trunk`, `payload` (massless until a payload is put on), `<leg>_<part>`. Geoms: one foot per leg with the
    leg's name. Joints and actuators: `<leg>_<part>`, in the order of MOTORS. Sensors: `gyro`, `accelerometer`, and the
    normal force on each foot under the leg's name.
    """
    spec = scene("hexapod", terrain, rough, TIMESTEP, size=0.05, extent=0.6)
    trunk = spec.worldbody.add_body(name="trunk", pos=[0.0, 0.0, 0.15])
    trunk.add_freejoint(name="root")
    _solid(trunk, "trunk", BOX, list(TRUNK_HALF), TRUNK_MASS, _DARK).pos = [0.0, 0.0, TRUNK_Z]
    _solid(trunk, "head", SPHERE, [0.02, 0.0, 0.0], 0.0, _RED).pos = [TRUNK_HALF[0], 0.0, TRUNK_Z + 0.01]
    add_payload(trunk, PAYLOAD_HALF)
    add_imu(spec, trunk, (0.0, 0.0, 0.0))
    for leg in LEGS:
        _add_leg(spec, trunk, leg)
    return spec


def _add_leg(spec: mujoco.MjSpec, trunk: mujoco.MjsBody, leg: str) -> None:
    x, y, degrees = HIPS[leg]
    half = 0.5 * math.radians(degrees)
    coxa = trunk.add_body(name=f"{leg}_coxa", pos=[x, y, 0.0], quat=[math.cos(half), 0.0, 0.0, math.sin(half)])
    femur = coxa.add_body(name=f"{leg}_femur", pos=[COXA_LENGTH, 0.0, 0.0])
    tibia = femur.add_body(name=f"{leg}_tibia", pos=[FEMUR_LENGTH, 0.0, 0.0])
    ends = [COXA_LENGTH, 0.0, 0.0], [FEMUR_LENGTH, 0.0, 0.0], [0.0, 0.0, -TIBIA_LENGTH]
    sizes, colours = (0.018, 0.012, 0.009), (_DARK, _LIGHT, _DARK)
    for part, body, end, size, colour in zip(PARTS, (coxa, femur, tibia), ends, sizes, colours, strict=True):
        _solid(body, f"{leg}_{part}", CAPSULE, [size, 0.0, 0.0], MASSES[part], colour).fromto = [0.0, 0.0, 0.0, *end]
        _add_motor(spec, body, leg, part)
    _solid(tibia, leg, SPHERE, [FOOT_RADIUS, 0.0, 0.0], 0.0, [0.05, 0.05, 0.05, 1.0]).pos = ends[-1]
    add_touch(spec, tibia, leg, ends[-1], 1.3 * FOOT_RADIUS)


def _add_motor(spec: mujoco.MjSpec, body: mujoco.MjsBody, leg: str, part: str) -> None:
    """Add a joint and its servo."""
    name = f"{leg}_{part}"
    axis = [0.0, 0.0, 1.0] if part == "coxa" else [0.0, 1.0, 0.0]
    span, losses = list(RANGE[part]), {"damping": DAMPING, "frictionloss": FRICTION}
    body.add_joint(name=name, type=HINGE, axis=axis, range=span, armature=ARMATURE, **losses)
    add_servo(spec, name, STALL_TORQUE)


def _solid(
    body: mujoco.MjsBody, name: str, kind: mujoco.mjtGeom, size: list[float], mass: float, rgba: list[float]
) -> mujoco.MjsGeom:
    """Add a geom that touches the ground only."""
    geom = body.add_geom(name=name, type=kind, size=size, mass=mass, rgba=rgba, contype=0, conaffinity=FLOOR_BIT)
    geom.group, geom.friction = 0, [BELLY_FRICTION, 0.005, 0.0001]
    return geom
