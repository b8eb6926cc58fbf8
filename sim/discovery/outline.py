"""What a robot's file says by itself: which body is the trunk, how it moves, and which joints are driven."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mujoco

from sim.robots import description
from sim.robots.anatomy import Root
from sim.robots.mjcf import force_of
from sim.robots.parts import HINGE, SLIDE, compiled
from sim.strict import require

_FREE, _BALL = mujoco.mjtJoint.mjJNT_FREE, mujoco.mjtJoint.mjJNT_BALL
_JOINT_DRIVES = (mujoco.mjtTrn.mjTRN_JOINT, mujoco.mjtTrn.mjTRN_JOINTINPARENT)
_AFFINE = mujoco.mjtBias.mjBIAS_AFFINE


@dataclass(frozen=True)
class Motor:
    """A driven joint, and what the file says of its drive."""

    name: str
    turns: bool
    """Whether it turns; else it slides."""
    span: tuple[float, float] | None
    """Its range [rad]; None where it has none."""
    torque: float | None
    """Largest torque [N m]; None where the file says nothing."""
    kp: float | None
    """Gain of its position servo [N m/rad]; None where it has none."""


@dataclass(frozen=True)
class Outline:
    """What the file says, before anything is simulated."""

    trunk: str
    root: Root
    motors: tuple[Motor, ...]
    ties: tuple[tuple[str, ...], ...]
    """Joints that an equality ties together, the one that follows first."""
    poses: tuple[tuple[str, tuple[float, ...]], ...]
    """Poses that the file names, each with the angles of the motors [rad]."""
    notes: tuple[str, ...]
    """What could not be found or used, a line each."""


def outline(path: Path) -> Outline:
    """Read a robot's file. Raises ValueError in one line where no robot is in it."""
    found = description.read(path)
    spec = found.spec
    trunk = _trunk(spec)
    root = _root(trunk)
    try:
        copy = spec.copy()
        copy.compiler.LRopt.mode = mujoco.mjtLRMode.mjLRMODE_NONE  # muscles go, however far they would reach
        model = compiled(copy)
    except (ValueError, mujoco.FatalError) as error:
        raise ValueError(" ".join(str(error).split())) from error
    own = {joint.name for joint in trunk.joints}
    below = [joint for joint in trunk.find_all("joint") if joint.type in (HINGE, SLIDE) and joint.name not in own]
    ties = tuple(_ties(spec, [joint.name for joint in below]))
    driven, notes = _driven(spec, below, {tie[0] for tie in ties})
    require(bool(driven), "motors", "a joint below the trunk that can be driven", "none")
    motors = tuple(_motor(spec, model, joint) for joint in driven)
    balls = [joint.name for joint in trunk.find_all("joint") if joint.type == _BALL]
    notes += [f"joint {name}: a ball cannot be driven, it stays limp" for name in balls]
    poses = tuple(_poses(spec, model, [motor.name for motor in motors]))
    return Outline(trunk.name, root, motors, ties, poses, (*found.notes, *notes))


def _trunk(spec: mujoco.MjSpec) -> mujoco.MjsBody:
    """Return the body in the world itself that carries the most joints."""

    def weight(body: mujoco.MjsBody) -> tuple[int, int]:
        joints = [joint for joint in body.find_all("joint") if joint.type in (HINGE, SLIDE)]
        return len(joints), len(body.find_all("geom"))

    bodies = [body for body in spec.worldbody.bodies if not body.mocap]
    require(bool(bodies), "trunk", "a body that can move", "none")
    return max(bodies, key=weight)


def _root(trunk: mujoco.MjsBody) -> Root:
    """Return how the trunk moves; one that is fixed to the world is let go."""
    kinds = [joint.type for joint in trunk.joints]
    if kinds in ([], [_FREE]):
        return "free"
    said = ", ".join(joint.name for joint in trunk.joints)
    require(
        kinds == [SLIDE, SLIDE, HINGE],
        f"root: body {trunk.name}",
        "a free joint, slides along x and z, then a hinge around y, or no joint",
        said,
    )
    return "planar"


def _ties(spec: mujoco.MjSpec, joints: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Return what equalities tie together: the joint that follows, which is the furthest out, and the others."""
    tendons = {tendon.name: tendon for tendon in spec.tendons}
    for tie in spec.equalities:
        names: list[str] = []
        if tie.type == mujoco.mjtEq.mjEQ_JOINT:
            names = [tie.name1, tie.name2]
        elif tie.type == mujoco.mjtEq.mjEQ_TENDON and tie.name1 in tendons:
            names = sorted(
                _over(tendons[tie.name1]),
                key=joints.index if _over(tendons[tie.name1]) <= {*joints} else str,
                reverse=True,
            )
        names = [name for name in names if name in joints]
        if len(names) > 1:
            yield tuple(names)


def _over(tendon: mujoco.MjsTendon) -> set[str]:
    """Return the joints that a tendon runs over."""
    return {wrap.target.name for wrap in tendon.path if wrap.type == mujoco.mjtWrap.mjWRAP_JOINT}


def _driven(
    spec: mujoco.MjSpec, joints: Sequence[mujoco.MjsJoint], tied: set[str]
) -> tuple[list[mujoco.MjsJoint], list[str]]:
    """Return the joints that have a motor or get one, and what is to be said of that."""
    notes: list[str] = []
    tendons = {tendon.name: _over(tendon) for tendon in spec.tendons}
    direct = {actuator.target for actuator in spec.actuators if actuator.trntype in _JOINT_DRIVES}
    pulled = {a.target: tendons.get(a.target, set()) for a in spec.actuators if a.trntype == mujoco.mjtTrn.mjTRN_TENDON}
    names = {joint.name for joint in joints}
    wanted = (direct | set().union(*pulled.values())) & names
    if any(over & names for over in pulled.values()):
        notes.append(
            f"motors: {', '.join(sorted(pulled))} drive tendons: each joint under them gets a servo of its own"
        )
    if not wanted:
        wanted = {joint.name for joint in joints if not float(joint.stiffness[0])}
        notes.append("motors: the file drives no joint: each that has no spring gets a position servo")
    else:
        other = {
            str(a.trntype).rsplit("_", 1)[-1].lower() for a in spec.actuators if a.target not in wanted | set(pulled)
        }
        if other:
            notes.append(f"motors: actuators of kind {', '.join(sorted(other))} are left out: expected those of joints")
    return [joint for joint in joints if joint.name in wanted - tied], notes


def _motor(spec: mujoco.MjSpec, model: mujoco.MjModel, joint: mujoco.MjsJoint) -> Motor:
    found = model.joint(joint.name)
    low, high = (float(end) for end in found.range)
    kp = None
    for actuator in spec.actuators:
        if actuator.target == joint.name and actuator.biastype == _AFFINE and actuator.biasprm[1] < 0.0:
            kp = -float(actuator.biasprm[1]) * float(actuator.gear[0]) ** 2
    return Motor(
        name=joint.name,
        turns=joint.type == HINGE,
        span=(low, high) if found.limited[0] and low < high else None,
        torque=force_of(spec, joint.name),
        kp=kp,
    )


def _poses(
    spec: mujoco.MjSpec, model: mujoco.MjModel, motors: Sequence[str]
) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Return the poses of key frames, and of the file's own numbers for one."""
    places = [int(model.joint(motor).qposadr[0]) for motor in motors]
    for index in range(model.nkey):
        yield f"key frame {model.key(index).name or index}", tuple(model.key_qpos[index][places].tolist())
    for numeric in spec.numerics:
        if re.fullmatch("init_?qpos|qpos0|home", numeric.name) and len(numeric.data) == model.nq:
            yield f"numbers {numeric.name}", tuple(float(numeric.data[place]) for place in places)
    yield "the file's own pose", tuple(model.qpos0[places].tolist())
