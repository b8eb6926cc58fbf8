"""A Go2-class quadruped: four legs of hip, thigh and calf, without meshes.

Dimensions, masses, inertias, joint ranges and torques are the figures of the public robot descriptions: Unitree's
go2_description (unitree_ros) and MuJoCo Menagerie's unitree_go2, both BSD-3-Clause; here they are facts, and the shapes
are primitives of our own. Joint friction is unitree_mujoco's (BSD-3-Clause). The left front leg is written down, the
others are its mirror images. Axes: x forward, y left, z up; a leg hangs straight down at angles zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import mujoco

from sim.robots.parts import BOX, CAPSULE, CYLINDER, HINGE, SPHERE, add_imu, add_payload, add_servo, add_touch, scene
from sim.terrain import FLOOR_BIT, Terrain

LEGS = ("front_left", "front_right", "rear_left", "rear_right")
PARTS = ("hip", "thigh", "calf")
MOTORS = tuple(f"{leg}_{part}" for leg in LEGS for part in PARTS)

TIMESTEP = 0.002
"""One servo period of the robot [s]."""

HIP_X, HIP_Y = 0.1934, 0.0465
"""Hip axis from the trunk's origin [m]."""
HIP_OFFSET = 0.0955
"""From the hip axis outwards to the plane in which the leg bends [m]."""
THIGH_LENGTH = CALF_LENGTH = 0.213
"""[m]"""
FOOT_RADIUS = 0.022
FOOT_X = -0.002
"""Centre of the foot's sphere, in the calf's axes [m]."""
STAND = (0.0, 0.8, -1.6) * 4
"""Joint angles of the standing pose [rad]."""
SIT = (0.0, 1.36, -2.65, 0.0, 1.36, -2.65, -0.2, 1.36, -2.65, 0.2, 1.36, -2.65)
"""Joint angles of the lying pose, as in Unitree's stand-up example [rad]."""
TORQUE: Mapping[str, float] = MappingProxyType({"hip": 23.7, "thigh": 23.7, "calf": 45.43})
"""Largest torque of a joint [N m]."""
ARMATURE, DAMPING, FRICTION = 0.01, 0.1, 0.2
"""Of a rotor, seen at the joint [kg m^2], [N m s/rad], [N m]."""
IMU = (-0.02557, 0.0, 0.04232)
"""Place of the IMU in the trunk [m]."""
TRUNK_HALF = (0.1881, 0.04675, 0.057)
PAYLOAD_HALF = (0.08, 0.06, 0.04)
"""Box that stands for a payload [m]."""
BELLY_FRICTION = 0.4


@dataclass(frozen=True)
class Link:
    """Mass properties of one rigid part, in its own axes."""

    mass: float
    """[kg]"""
    centre: tuple[float, float, float]
    """Centre of mass [m]."""
    inertia: tuple[float, float, float]
    """Principal moments [kg m^2]."""
    axes: tuple[float, float, float, float]
    """Attitude of the principal axes, wxyz."""

    def mirrored(self, x: float, y: float) -> Link:
        """Return the mirror image: -1 for `x` swaps front and rear, for `y` left and right."""
        cx, cy, cz = self.centre
        w, i, j, k = self.axes
        return Link(self.mass, (x * cx, y * cy, cz), self.inertia, (w, y * i, x * j, x * y * k))


TRUNK = Link(
    6.921, (0.021112, 0.0, -0.005366), (0.107027, 0.0980771, 0.0244531), (-0.000543471, 0.713435, -0.00173769, 0.700719)
)
HIP = Link(
    0.678,
    (-0.0054, 0.00194, -0.000105),
    (0.00088403, 0.000596003, 0.000479967),
    (0.497014, 0.499245, 0.505462, 0.498237),
)
THIGH = Link(
    1.152,
    (-0.00374, -0.0223, -0.0327),
    (0.00594973, 0.00584149, 0.000878787),
    (0.829533, 0.0847635, -0.0200632, 0.551623),
)
CALF = Link(
    0.241352,
    (0.00629595, -0.000622121, -0.141417),
    (0.0014901, 0.00146356, 5.31397e-05),
    (0.710672, 0.00154099, -0.00450087, 0.703508),
)
RANGE: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "hip": (-1.0472, 1.0472),
        "front_thigh": (-1.5708, 3.4907),
        "rear_thigh": (-0.5236, 4.5379),
        "calf": (-2.7227, -0.83776),
    }
)
"""[rad]"""

_ORIGIN = (0.0, 0.0, 0.0)
_DARK, _LIGHT = [0.16, 0.17, 0.19, 1.0], [0.62, 0.65, 0.70, 1.0]


def build(terrain: Terrain, rough: bool = False) -> mujoco.MjSpec:
    """Return the quadruped above `terrain`; edit or compile it as any MjSpec.

    Bodies: `trunk`, `payload` (massless until a payload is put on), `<leg>_<part>`. Geoms: one foot per leg with the
    leg's name. Joints and actuators: `<leg>_<part>`, in the order of MOTORS. Sensors: `gyro`, `accelerometer`, and the
    normal force on each foot under the leg's name.
    """
    spec = scene("go2", terrain, rough, TIMESTEP, size=0.1, extent=1.5)
    trunk = _add_trunk(spec)
    for leg in LEGS:
        _add_leg(spec, trunk, leg)
    return spec


def _add_trunk(spec: mujoco.MjSpec) -> mujoco.MjsBody:
    trunk = _body(spec.worldbody, "trunk", [0.0, 0.0, 0.445], TRUNK)
    trunk.add_freejoint(name="root")
    _solid(trunk, "trunk", BOX, list(TRUNK_HALF), _ORIGIN, _DARK)
    _solid(trunk, "head", SPHERE, [0.047, 0.0, 0.0], [0.293, 0.0, -0.02], [0.85, 0.35, 0.15, 1.0])
    add_payload(trunk, PAYLOAD_HALF)
    add_imu(spec, trunk, IMU)
    return trunk


def _add_leg(spec: mujoco.MjSpec, trunk: mujoco.MjsBody, leg: str) -> None:
    end, side = leg.split("_")
    x, y = (1.0 if end == "front" else -1.0), (1.0 if side == "left" else -1.0)
    hip = _body(trunk, f"{leg}_hip", [x * HIP_X, y * HIP_Y, 0.0], HIP.mirrored(x, y))
    casing = _solid(hip, f"{leg}_hip", CYLINDER, [0.046, 0.02, 0.0], [0.0, y * 0.08, 0.0], _LIGHT)
    casing.quat = [0.5**0.5, 0.5**0.5, 0.0, 0.0]
    thigh = _body(hip, f"{leg}_thigh", [0.0, y * HIP_OFFSET, 0.0], THIGH.mirrored(1.0, y))
    rod = _solid(thigh, f"{leg}_thigh", CAPSULE, [0.017, 0.0, 0.0], _ORIGIN, _LIGHT)
    rod.fromto = [0.0, 0.0, 0.0, 0.0, 0.0, -THIGH_LENGTH]
    calf = _body(thigh, f"{leg}_calf", [0.0, 0.0, -THIGH_LENGTH], CALF.mirrored(1.0, y))
    rod = _solid(calf, f"{leg}_calf", CAPSULE, [0.011, 0.0, 0.0], _ORIGIN, _DARK)
    rod.fromto = [0.0, 0.0, 0.0, FOOT_X, 0.0, -CALF_LENGTH]
    _solid(calf, leg, SPHERE, [FOOT_RADIUS, 0.0, 0.0], [FOOT_X, 0.0, -CALF_LENGTH], [0.05, 0.05, 0.05, 1.0])
    add_touch(spec, calf, leg, [FOOT_X, 0.0, -CALF_LENGTH], 1.3 * FOOT_RADIUS)
    for part, body in zip(PARTS, (hip, thigh, calf), strict=True):
        _add_motor(spec, body, leg, part)


def _add_motor(spec: mujoco.MjSpec, body: mujoco.MjsBody, leg: str, part: str) -> None:
    """Add a joint and its motor."""
    name = f"{leg}_{part}"
    axis = [1.0, 0.0, 0.0] if part == "hip" else [0.0, 1.0, 0.0]
    span = list(RANGE[f"{leg.split('_')[0]}_thigh" if part == "thigh" else part])
    body.add_joint(
        name=name, type=HINGE, axis=axis, range=span, armature=ARMATURE, damping=DAMPING, frictionloss=FRICTION
    )
    add_servo(spec, name, TORQUE[part])


def _body(parent: mujoco.MjsBody, name: str, place: list[float], link: Link) -> mujoco.MjsBody:
    body = parent.add_body(name=name, pos=place, mass=link.mass, inertia=list(link.inertia), explicitinertial=True)
    body.ipos, body.iquat = list(link.centre), list(link.axes)
    return body


def _solid(
    body: mujoco.MjsBody, name: str, kind: mujoco.mjtGeom, size: list[float], place: Sequence[float], rgba: list[float]
) -> mujoco.MjsGeom:
    """Add a geom that touches the ground only."""
    geom = body.add_geom(name=name, type=kind, size=size, rgba=rgba, contype=0, conaffinity=FLOOR_BIT, group=0)
    geom.pos = place
    geom.friction = [BELLY_FRICTION, 0.005, 0.0001]
    return geom
