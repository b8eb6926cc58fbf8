"""A robot from an MJCF or URDF file: what the file says of bodies, joints and shapes, made ready for perturbations.

The file's own ground, motors, sensors and poses give way to those that every simulated robot has, because terrain,
servo law and conditions are written into them; like the others, the robot touches the ground and not itself, and what
moves beside it goes. How names and meshes are found says `sim.robots.description`.
A robot of a published experiment keeps ground, contacts and steps instead: it is `verbatim`.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterable
from pathlib import Path

import mujoco

from sim.robots import description
from sim.robots.anatomy import FILES, PACKAGE, Anatomy
from sim.robots.parts import HINGE, SLIDE, add_imu, add_payload, add_servo, add_touch, compiled
from sim.strict import one_of, require
from sim.terrain import FLOOR_BIT, Terrain, add_ground

_PLANE, _HFIELD = mujoco.mjtGeom.mjGEOM_PLANE, mujoco.mjtGeom.mjGEOM_HFIELD
_SLOWEST = 0.002
"""Longest physics step [s]."""
_STIFF = [0.01, 1.0], [0.95, 0.99, 0.001, 0.5, 2.0]
"""Dry friction of motors: with MuJoCo's own values a stuck one would creep."""
_AROUND = 1.3
"""Radius of a foot's touch sensor over that of the foot."""


def located(body: str) -> Path:
    """Return the path of a robot's file. Raises ValueError where it is in a package that is not installed."""
    if not body.startswith(PACKAGE):
        return Path(body)
    name, _, inside = body.removeprefix(PACKAGE).partition("/")
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise ValueError(f"body: expected the Python package {name} to be installed, got none: pip install {name}")
    return Path(found.origin).parent / inside


def version(body: str) -> tuple[Path, int] | None:
    """Return what tells a body's file from another, and from what it was before it was edited; None of no file."""
    if not body.endswith(FILES):
        return None
    path = located(body).resolve()
    return path, path.stat().st_mtime_ns if path.is_file() else 0


def load(anatomy: Anatomy, terrain: Terrain, rough: bool) -> mujoco.MjSpec:
    """Return the robot of the file `anatomy.body`; raises ValueError where it has not what the anatomy names."""
    path = located(anatomy.body)
    try:
        spec = description.read(path).spec
        trunk = check_parts(anatomy, spec)
        forces = {motor: force_of(spec, motor) for motor in anatomy.motors}
        forces |= zip(anatomy.motors, anatomy.torque, strict=False)
        _delete(spec, [*spec.actuators, *spec.sensors, *spec.keys])
        if anatomy.verbatim:
            _keep(spec, terrain, rough)
        else:
            _strip(spec, anatomy)
            _alone(spec, trunk)
            _touch_ground_only(trunk)
            add_ground(spec, terrain, rough)
        if not trunk.joints:
            _add_root(trunk, anatomy)
        if not any(body.name == "payload" for body in spec.bodies):
            add_payload(trunk, anatomy.load.half)
        add_imu(spec, trunk, None if any(site.name == "imu" for site in spec.sites) else (0.0, 0.0, 0.0))
        for motor in anatomy.motors:
            if not anatomy.verbatim:
                joint = spec.joint(motor)
                joint.solref_friction, joint.solimp_friction = _STIFF
                joint.armature = max(float(joint.armature), anatomy.armature)
            if anatomy.cranks is None:
                add_servo(spec, motor, forces[motor])
        for held in anatomy.held:
            _hold(spec, held, anatomy.passive[held])
        _add_touch(spec, anatomy)
    except (ValueError, mujoco.FatalError) as error:
        raise ValueError(f"body: {anatomy.body}: {' '.join(str(error).split())}") from error
    return spec


def check_parts(anatomy: Anatomy, spec: mujoco.MjSpec) -> mujoco.MjsBody:
    """Return the trunk; raise ValueError unless all parts that the anatomy names are there."""
    bodies, joints, geoms = ({item.name for item in items} for items in (spec.bodies, spec.joints, spec.geoms))
    one_of("trunk", anatomy.trunk, sorted(bodies - {"world"}))
    trunk = spec.body(anatomy.trunk)
    require(trunk.parent.name == "world", "trunk", "a body in the world itself", f"one in {trunk.parent.name}")
    for motor in anatomy.motors:
        one_of("motors", motor, sorted(joints))
    for joint in anatomy.passive:
        one_of("passive", joint, sorted(joints))
    for leg in anatomy.legs:
        one_of("limbs", anatomy.limb(leg), sorted(bodies))
        one_of("feet", anatomy.foot(leg), sorted(geoms))
    return trunk


def force_of(spec: mujoco.MjSpec, motor: str) -> float | None:
    """Return the largest force that the file lets act on a joint [N m]; None where it says nothing."""
    found = []
    for actuator in spec.actuators:
        low, high = actuator.forcerange
        if low >= high and actuator.biastype == mujoco.mjtBias.mjBIAS_NONE:  # a plain motor is limited by its signal
            low, high = actuator.gainprm[0] * actuator.ctrlrange
        if actuator.target == motor and low < high:
            found.append(abs(float(actuator.gear[0])) * max(-float(low), float(high)))
    low, high = spec.joint(motor).actfrcrange  # as URDF's effort
    return max(found, default=float(high) if low < high else None)


def _keep(spec: mujoco.MjSpec, terrain: Terrain, rough: bool) -> None:
    """See that the file has the only ground that such a robot knows."""
    require(terrain.name == "flat" and not rough, "terrain", "flat, because the file's own ground stays", terrain.name)
    one_of("verbatim", "floor", [geom.name for geom in spec.worldbody.geoms if geom.type == _PLANE])


def _strip(spec: mujoco.MjSpec, anatomy: Anatomy) -> None:
    """Take out what gives way, and looks that are not there."""
    grounds = [geom for geom in spec.worldbody.geoms if geom.type in (_PLANE, _HFIELD)]
    _delete(spec, [*grounds, *(site for site in spec.sites if site.name in anatomy.legs)])
    for items in (spec.pairs, spec.excludes, spec.lights, spec.hfields):
        _delete(spec, list(items))
    colours = {material.name: material.rgba for material in spec.materials}
    for geom in spec.geoms:
        if geom.material:
            geom.rgba, geom.material = colours[geom.material], ""
    for item in (*spec.sites, *spec.tendons):
        item.material = ""
    spec.default.geom.material = ""
    _delete(spec, [*spec.materials, *spec.textures])
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.timestep = min(spec.option.timestep, _SLOWEST)
    spec.compiler.discardvisual = False


def _alone(spec: mujoco.MjSpec, trunk: mujoco.MjsBody) -> None:
    """Take out what moves beside the robot, and what ties it to that."""
    others = [body for body in spec.worldbody.bodies if body.name != trunk.name]
    moving = [body for body in others if body.mocap or body.joints or body.find_all("joint")]
    gone = {item.name for body in moving for kind in ("body", "joint", "site") for item in body.find_all(kind)}
    gone |= {body.name for body in moving} | {item.name for body in moving for item in (*body.joints, *body.sites)}
    _delete(spec, [tie for tie in spec.equalities if gone & {tie.name1, tie.name2} - {""}])
    _delete(spec, moving)
    kept = {tendon.name for tendon in spec.tendons}
    tied = [tie for tie in spec.equalities if tie.type == mujoco.mjtEq.mjEQ_TENDON]
    _delete(spec, [tie for tie in tied if tie.name1 not in kept or tie.name2 not in kept | {""}])


def _hold(spec: mujoco.MjSpec, joint: str, angle: float) -> None:
    """Let a joint that nothing drives stay at an angle [rad]."""
    away = angle - float(spec.joint(joint).ref) * (math.pi / 180.0 if spec.compiler.degree else 1.0)
    spec.add_equality(type=mujoco.mjtEq.mjEQ_JOINT, name1=joint, data=[away, *[0.0] * 11])


def _touch_ground_only(trunk: mujoco.MjsBody) -> None:
    for geom in trunk.find_all("geom"):
        touches = geom.contype or geom.conaffinity
        geom.contype, geom.conaffinity = 0, FLOOR_BIT if touches else 0


def _add_root(trunk: mujoco.MjsBody, anatomy: Anatomy) -> None:
    if anatomy.root == "free":
        trunk.add_freejoint(name="root")
        return
    for name, kind, axis in (("x", SLIDE, [1, 0, 0]), ("z", SLIDE, [0, 0, 1]), ("pitch", HINGE, [0, 1, 0])):
        joint = trunk.add_joint(name=f"root_{name}", type=kind, axis=axis, limited=mujoco.mjtLimited.mjLIMITED_FALSE)
        joint.armature = joint.frictionloss = 0.0


def _add_touch(spec: mujoco.MjSpec, anatomy: Anatomy) -> None:
    """Add a touch sensor around each foot, wherever the compiler puts it."""
    model = compiled(spec)
    for leg in anatomy.legs:
        foot = model.geom(anatomy.foot(leg))
        limb = spec.geom(anatomy.foot(leg)).parent
        add_touch(spec, limb, leg, foot.pos.tolist(), _AROUND * float(model.geom_rbound[foot.id]))


def _delete(spec: mujoco.MjSpec, items: Iterable[object]) -> None:
    for item in items:
        spec.delete(item)
