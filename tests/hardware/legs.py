"""Legs of every kind as simulated bodies: what closed forms say is compared with MuJoCo."""

from __future__ import annotations

import math

import mujoco
import numpy as np

from hardware.legs import Leg, RollLeg, YawLeg
from hardware.robot import FloatArray

_AXES = {"roll": (1.0, 0.0, 0.0), "yaw": (0.0, 0.0, 1.0)}
_PITCH = (0.0, 1.0, 0.0)


def drawn(kind: str, rng: np.random.Generator) -> Leg:
    """Return a leg of random sizes, joint signs, joint zeros and knee."""
    signs = (float(rng.choice((-1.0, 1.0))), float(rng.choice((-1.0, 1.0))), float(rng.choice((-1.0, 1.0))))
    first, second, third = rng.uniform(-2.0, 2.0, 3).tolist()
    x, y, z, thigh, calf = rng.uniform(-0.3, 0.3, 3).tolist() + rng.uniform(0.06, 0.3, 2).tolist()
    heel, ahead = float(rng.uniform(-0.02, 0.02)), bool(rng.integers(2))
    if kind == "roll":
        offset = float(rng.uniform(-0.1, 0.1))
        return RollLeg(x, y, offset, thigh, calf, heel, z, ahead, signs=signs, zeros=(first, second, third))
    offset, heading = float(rng.uniform(0.02, 0.1)), float(rng.uniform(-math.pi, math.pi))
    return YawLeg(
        *(x, y, offset, thigh, calf, heel, z, ahead),
        signs=signs,
        zeros=(first, second, third),
        heading=heading,
        reach=0.15,
    )


def simulated(leg: Leg) -> tuple[mujoco.MjModel, mujoco.MjData]:
    """Return a leg that hangs from a trunk at the world's origin; its geom is `foot`, its second body the calf."""
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    kind, heading = ("yaw", leg.heading) if isinstance(leg, YawLeg) else ("roll", 0.0)
    out = [leg.offset, 0.0, 0.0] if kind == "yaw" else [0.0, leg.offset, 0.0]
    places = [leg.x, leg.y, leg.z], out, [0.0, 0.0, -leg.thigh]
    body = spec.worldbody
    for index, (place, axis) in enumerate(zip(places, (_AXES[kind], _PITCH, _PITCH), strict=True)):
        body = body.add_body(name=str(index), pos=place, mass=1.0, inertia=[1.0, 1.0, 1.0], explicitinertial=True)
        sign, zero = leg.signs[index], leg.zeros[index]
        turn = (heading if index == 0 else 0.0) - sign * zero
        body.quat = [math.cos(0.5 * turn), *(math.sin(0.5 * turn) * np.array(axis))]
        body.add_joint(name=str(index), axis=[sign * part for part in axis])
    body.add_geom(name="foot", size=[0.01, 0.0, 0.0], pos=[leg.heel, 0.0, -leg.calf])
    model = spec.compile()
    return model, mujoco.MjData(model)


def foot(model: mujoco.MjModel, data: mujoco.MjData, joints: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return where the foot is (3,) [m], and its Jacobian (3, 3), at angles of the joints (3,) [rad]."""
    data.qpos[:] = joints
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    jacobian, place = np.zeros((3, 3)), np.array(data.geom("foot").xpos)
    mujoco.mj_jac(model, data, jacobian, None, place, model.geom("foot").bodyid[0])
    return place, jacobian
