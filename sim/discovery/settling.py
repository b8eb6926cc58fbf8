"""Letting a robot stand: its pose held by position servos, dropped on the ground, and what becomes of it."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import mujoco
import numpy as np

from sim.discovery.limbs import Frame
from sim.terrain import FloatArray

_SECONDS = 1.5
"""Time in which it settles [s]."""
_GRAVITY = 9.81
_DROOP = 6.0
"""Stiffness of a servo in units of weight times reach, shared among the legs: a joint gives way by a few degrees."""
_TIME = 0.2
"""Velocity over position gain of a servo, in units of the time in which a leg's length is fallen [-]."""
_QUICK = 5.0
"""Natural frequency below which no servo is, times the time in which a leg's length is fallen [rad]."""
_DAMPED = 1.4
"""Twice the least damping ratio of a joint by itself [-]."""
_BRAKED = 2.0
"""Step of physics in units of the time in which a servo brakes its joint, at most [-]."""
_STRONG = 0.35
"""Error at which a motor whose torque nobody says gives all that it can [rad]."""


@dataclass(frozen=True)
class Servos:
    """Position servos of all motors, each (n_motors,)."""

    kp: FloatArray
    """[N m/rad]"""
    kd: FloatArray
    """[N m s/rad]"""
    torque: FloatArray
    """Largest [N m]."""
    armature: float
    """Rotor of each motor, where the file says less [kg m^2]; 0 where legs are heavy enough for these gains."""


@dataclass(frozen=True)
class Settled:
    """What became of a pose."""

    tilt: float
    """Between the trunk's and the world's z axis [rad]."""
    height: float
    """Of the trunk's origin over the ground [m]."""
    rise: float
    """The same at the start [m]."""
    speed: float
    """Of the trunk at the end [m/s]."""
    droop: float
    """Largest error of a joint [rad]."""
    angles: FloatArray
    """Of the motors (n_motors,) [rad]."""
    torque: FloatArray
    """Of the motors (n_motors,) [N m]."""
    forces: dict[int, float]
    """Normal force on each geom that touches the ground [N]."""


def servos(frame: Frame, legs: int, reach: float, known: FloatArray, kp: FloatArray) -> Servos:
    """Return servos that carry a robot.

    Args:
        frame: the robot.
        legs: how many carry it.
        reach: of a leg [m].
        known: largest torques (n_motors,) [N m]; NaN where nobody says them.
        kp: position gains that the file says (n_motors,) [N m/rad]; NaN where it says none.
    """
    fall = math.sqrt(reach / _GRAVITY)
    usual = _DROOP * frame.mass * _GRAVITY * reach / max(legs, 1)
    stiff = np.where(np.isnan(kp), np.maximum(usual, frame.inertia * (_QUICK / fall) ** 2), kp)
    torque = np.where(np.isnan(known), _STRONG * stiff, known)
    stiff = np.where(np.isnan(kp), np.minimum(stiff, 10.0 * torque), stiff)
    damped = np.maximum(_TIME * fall * stiff, _DAMPED * np.sqrt(stiff * frame.inertia))
    # MuJoCo finds contact forces as if servos did not damp: light legs of a file without rotors would slip.
    rotor = float(np.max(damped * frame.model.opt.timestep / _BRAKED - frame.inertia, initial=0.0))
    return Servos(stiff, np.maximum(damped, _DAMPED * np.sqrt(stiff * (frame.inertia + rotor))), torque, rotor)


def settle(frame: Frame, angles: FloatArray, held: Servos, trunk: str) -> Settled:
    """Hold a pose (n_motors,) [rad] on flat ground; physics that blow up end in a robot that lies."""
    model = copy.copy(frame.model)
    data = mujoco.MjData(model)
    model.actuator_biasprm[:, 1], model.actuator_biasprm[:, 2] = -held.kp, -held.kd
    driven = model.jnt_dofadr[model.actuator_trnid[:, 0]]
    model.dof_armature[driven] = np.maximum(model.dof_armature[driven], held.armature)
    model.actuator_forcelimited[:] = True
    model.actuator_forcerange[:] = np.stack([-held.torque, held.torque], axis=-1)
    data.ctrl[:] = held.kp * angles
    frame.put(angles)
    data.qpos[:] = frame.qpos
    body = model.body(trunk)
    planar = model.jnt_type[body.jntadr[0]] != mujoco.mjtJoint.mjJNT_FREE
    start = int(model.jnt_qposadr[body.jntadr[0]])
    touching = np.flatnonzero((model.geom_conaffinity > 0) & (model.geom_bodyid > 0)).tolist()
    lowest = min(frame.lowest(geom) for geom in touching)
    data.qpos[start + (1 if planar else 2)] += -lowest - frame.height
    rise = -lowest
    mujoco.mj_forward(model, data)
    steps = round(_SECONDS / model.opt.timestep)
    mujoco.mj_step(model, data, steps)
    blown = abs(data.time - steps * model.opt.timestep) > 0.5 * model.opt.timestep  # MuJoCo started afresh
    upright = float(np.clip(data.xmat[body.id][8], -1.0, 1.0))
    reached = data.qpos[frame.places]
    return Settled(
        tilt=math.pi if blown else math.acos(upright),
        height=float(data.xpos[body.id][2]),
        rise=rise,
        speed=float(np.linalg.norm(data.cvel[body.id][3:])),
        droop=float(np.abs(reached - angles).max()),
        angles=np.array(reached),
        torque=np.array(data.actuator_force),
        forces=_forces(model, data),
    )


def _forces(model: mujoco.MjModel, data: mujoco.MjData) -> dict[int, float]:
    """Return the normal force on every geom of the robot that touches something [N]."""
    found: dict[int, float] = {}
    force = np.zeros(6)
    for index in range(data.ncon):
        mujoco.mj_contactForce(model, data, index, force)
        for geom in data.contact[index].geom.tolist():
            if model.geom_bodyid[geom] > 0:
                found[geom] = found.get(geom, 0.0) + float(force[0])
    return found
