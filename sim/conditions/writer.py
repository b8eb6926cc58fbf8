"""Writing a condition into the model: which fields stand for what.

Every write starts from the intact values, so no field remembers an earlier condition.
"""

from __future__ import annotations

import math
from typing import Never

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.conditions.condition import Condition
from sim.robots.anatomy import Anatomy
from sim.terrain import ACROSS, ALONG, BUMPS_BIT, FAR, FLOOR_BIT, SPREAD, FloatArray, steps

_STUMP = 0.02
"""Share of a lost limb's mass that stays at its joint; none at all would make the mass matrix singular."""
_CRIPPLED = 0.5
"""How large a crippled leg is."""
_FIELDS = (
    *("body_mass", "body_inertia", "body_pos", "geom_conaffinity", "geom_friction", "geom_solref", "geom_rgba"),
    *("dof_frictionloss", "actuator_gainprm", "actuator_biasprm", "jnt_limited", "jnt_range"),
    *("geom_size", "geom_contype"),
    *("geom_pos", "geom_sameframe", "geom_rbound", "geom_aabb", "bvh_aabb", "site_pos", "site_sameframe"),
    *("hfield_nrow", "hfield_ncol", "hfield_size", "hfield_data"),
)


class ConditionWriter:
    """Keeps one model in step with a condition."""

    def __init__(self, model: mujoco.MjModel, anatomy: Anatomy) -> None:
        """Remember the intact values of `model`, which this writer changes from now on."""
        self._model, self._anatomy = model, anatomy
        self._scratch = mujoco.MjData(model)
        mujoco.mj_setConst(model, self._scratch)
        self._intact = {name: getattr(model, name).copy() for name in _FIELDS}
        self._floor = model.geom("floor").id
        self._bumps = model.geom("bumps").id if model.nhfield else None
        self._payload = model.body("payload").id
        self._trunk = model.body(anatomy.trunk).id
        self._limbs = {leg: _from(model, model.body(anatomy.limb(leg)).id) for leg in anatomy.legs}
        self._massed: tuple[object, ...] = (frozenset(), frozenset(), {}, 0.0, (0.0, 0.0), {})
        self._stops: dict[str, tuple[float, float, float]] = {}

    def __getstate__(self) -> Never:
        """Refuse to be copied or pickled: it belongs to one model."""
        raise TypeError("ConditionWriter: cannot be copied or pickled, for it writes to its own model; make another")

    def write(self, condition: Condition, data: mujoco.MjData, begins: bool = False) -> None:
        """Set every field of the model, and the force on the trunk in `data`, to what `condition` says.

        Joints are locked around where they are in `data`, or where they were when that began, unless all `begins` now.
        """
        model = self._model
        for name in condition.factors:
            self._intact.setdefault(name, getattr(model, name).copy())
        for name, values in self._intact.items():
            getattr(model, name)[:] = values
        self._write_ground(condition)
        self._write_legs(condition)
        self._write_payload(condition)
        self._write_motors(condition)
        if begins:
            self._stops = {}
        self._write_stops(condition, data)
        for name, factor in condition.factors.items():
            getattr(model, name)[:] *= factor
        data.xfrc_applied[self._trunk, :3] = condition.force
        legs = condition.lost_legs, condition.crippled_legs, condition.leg_mass
        massed = (*legs, condition.payload_mass, condition.payload_moment, condition.factors)
        if massed != self._massed:
            mujoco.mj_setConst(model, self._scratch)
            self._massed = massed

    def _write_ground(self, condition: Condition) -> None:
        model, terrain = self._model, condition.terrain
        model.opt.gravity[:] = -condition.gravity * true_up(condition)
        if self._anatomy.verbatim:
            return
        model.geom_rgba[self._floor] = terrain.rgba
        for ground in (self._floor, self._bumps):
            if ground is not None:
                model.geom_friction[ground, 0] = condition.foot_friction
                model.geom_solref[ground] = terrain.contact_time, terrain.contact_damping
        if self._bumps is not None:
            height = SPREAD * terrain.roughness
            model.hfield_size[0, 2] = height
            model.geom_pos[self._bumps, 2] = -0.5 * height
            model.geom_sameframe[self._bumps] = mujoco.mjtSameFrame.mjSAMEFRAME_NONE  # or MuJoCo leaves it where it was
        if terrain.step > 0.0:
            self._write_steps(terrain.step)

    def _write_steps(self, height: float) -> None:
        """Lay the height field out as steps, the upper ones where the floor was, which is as low as the lower ones."""
        model, bumps = self._model, self._bumps
        model.hfield_nrow[0], model.hfield_ncol[0], model.hfield_data[:] = ACROSS, ALONG, steps().ravel()
        model.hfield_size[0, :3] = FAR, FAR, height
        model.geom_pos[[self._floor, bumps], 2], model.geom_rbound[bumps] = -height, math.hypot(FAR, FAR)
        model.geom_sameframe[[self._floor, bumps]] = mujoco.mjtSameFrame.mjSAMEFRAME_NONE
        # MuJoCo looks for contacts in boxes that it laid around the field when it was compiled.
        tree = slice(model.body_bvhadr[0], model.body_bvhadr[0] + model.body_bvhnum[0])
        model.geom_aabb[bumps, 3:5] = model.bvh_aabb[tree, 3:5] = FAR

    def _write_legs(self, condition: Condition) -> None:
        model = self._model
        rough = condition.terrain.uneven
        for leg in self._anatomy.legs:
            if not self._anatomy.verbatim:
                model.geom_conaffinity[model.geom(self._anatomy.foot(leg)).id] = BUMPS_BIT if rough else FLOOR_BIT
            bodies = self._limbs[leg]
            geoms = np.isin(model.geom_bodyid, bodies)
            if leg in condition.leg_mass:
                model.body_mass[bodies] *= condition.leg_mass[leg]
            if leg in condition.crippled_legs:
                self._draw_in(bodies, geoms)
            if leg in condition.lost_legs:
                model.body_mass[bodies] *= _STUMP
                model.body_inertia[bodies] *= _STUMP
                model.geom_contype[geoms] = model.geom_conaffinity[geoms] = 0
                model.geom_rgba[geoms, 3] = 0.0
        for leg, share in condition.shortened.items():
            self._shorten(model.body(self._anatomy.limb(leg)).id, share)

    def _shorten(self, body: int, share: float) -> None:
        """Draw all shapes and sensors of a limb nearer to its joint, by a share; its mass stays."""
        model, left = self._model, 1.0 - share
        geoms, sites = model.geom_bodyid == body, model.site_bodyid == body
        model.geom_pos[geoms] *= left
        model.site_pos[sites] *= left
        long = geoms & np.isin(model.geom_type, (mujoco.mjtGeom.mjGEOM_CAPSULE, mujoco.mjtGeom.mjGEOM_CYLINDER))
        model.geom_size[long, 1] *= left
        model.geom_sameframe[geoms] = model.site_sameframe[sites] = mujoco.mjtSameFrame.mjSAMEFRAME_NONE

    def _draw_in(self, bodies: list[int], geoms: NDArray[np.bool_]) -> None:
        """Make a leg smaller, towards where it begins; its mass stays."""
        model = self._model
        for values in (model.geom_size, model.geom_pos, model.geom_rbound, model.geom_aabb):
            values[geoms] *= _CRIPPLED
        model.body_pos[bodies[1:]] *= _CRIPPLED
        # MuJoCo looks for contacts in boxes that it laid around these bodies when it was compiled.
        for body in bodies:
            tree = slice(model.body_bvhadr[body], model.body_bvhadr[body] + model.body_bvhnum[body])
            model.bvh_aabb[tree, 3:] += np.linalg.norm(model.body_ipos[body])

    def _write_payload(self, condition: Condition) -> None:
        mass = condition.payload_mass
        if mass == 0.0:
            return
        model, body = self._model, self._payload
        load = self._anatomy.load
        a, b, c = (length**2 for length in load.half)
        model.body_mass[body] = mass
        model.body_pos[body] = load.seat(condition.payload_place)
        model.body_inertia[body] = mass / 3.0 * np.array([b + c, a + c, a + b])
        model.geom_rgba[model.geom("payload").id, 3] = 1.0

    def idle(self, condition: Condition) -> frozenset[str]:
        """Return the motors that give no torque: dead and stuck ones, and those of limp, stiff and crippled legs."""
        idle, joint = condition.dead_motors | self._stuck(condition), self._model.joint
        idle = idle.union(*(self._anatomy.joints(leg) for leg in condition.limp_legs))
        limp = [body for leg in condition.crippled_legs for body in self._limbs[leg]]
        return idle | {motor for motor in self._anatomy.motors if limp and joint(motor).bodyid[0] in limp}

    def _stuck(self, condition: Condition) -> frozenset[str]:
        """Return the motors that are stuck, alone or with their leg."""
        return condition.stuck_motors.union(*(self._anatomy.joints(leg) for leg in condition.stiff_legs))

    def _write_motors(self, condition: Condition) -> None:
        model, idle, stuck = self._model, self.idle(condition), self._stuck(condition)
        for index, motor in enumerate(self._anatomy.motors):
            if motor in idle:
                model.actuator_gainprm[index] = 0.0
                model.actuator_biasprm[index] = 0.0
            if motor in stuck:
                model.dof_frictionloss[model.joint(motor).dofadr[0]] = self._anatomy.jammed

    def _write_stops(self, condition: Condition, data: mujoco.MjData) -> None:
        """Put hard stops around locked joints; one that turns freely has a share of a full turn to move in."""
        model, stops = self._model, dict[str, tuple[float, float, float]]()
        for motor, share in condition.locked.items():
            joint = model.joint(motor)
            low, high = joint.range if joint.limited[0] else (-math.inf, math.inf)
            angle, reach = float(data.qpos[joint.qposadr[0]]), 0.5 * share * min(high - low, 2.0 * math.pi)
            middle = min(max(angle, low), high)
            stops[motor] = self._stops.get(motor, (math.nan, low, high))
            if stops[motor][0] != share:
                stops[motor] = share, max(low, middle - reach), min(high, middle + reach)
            model.jnt_limited[joint.id], model.jnt_range[joint.id] = True, stops[motor][1:]
        self._stops = stops


def _from(model: mujoco.MjModel, body: int) -> list[int]:
    """Return a body and all that hang on it."""
    found = [body]
    for other in range(body + 1, model.nbody):
        if model.body_parentid[other] in found:
            found.append(other)
    return found


def true_up(condition: Condition) -> FloatArray:
    """Return the unit vector away from gravity in ground axes (3,)."""
    slope = condition.slope
    if slope == 0.0:
        return np.array([0.0, 0.0, 1.0])
    x, y = condition.tilt
    lean = math.sin(slope) / slope
    return np.array([lean * x, lean * y, math.cos(slope)])


def ground_to_level(condition: Condition) -> FloatArray:
    """Return the rotation wxyz (4,) from ground axes to axes with z along true up, by the shortest turn."""
    slope = condition.slope
    if slope == 0.0:
        return np.array([1.0, 0.0, 0.0, 0.0])
    x, y = condition.tilt
    lean = math.sin(slope / 2.0) / slope
    return np.array([math.cos(slope / 2.0), lean * y, -lean * x, 0.0])
