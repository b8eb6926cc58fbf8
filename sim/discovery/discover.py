"""From a robot's file to what Limber has to know of it: trunk, legs, feet, motors, and how it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np

from sim.bodies.factory import simulate
from sim.discovery.limbs import Frame, Limb, limbs
from sim.discovery.naming import leg_names
from sim.discovery.outline import Motor, Outline, outline
from sim.discovery.posing import Leg, lowered, points, posable, poses
from sim.discovery.settling import Servos, Settled, servos, settle
from sim.discovery.symmetry import Sides, sides
from sim.robots.anatomy import Anatomy, Root
from sim.robots.equipment import Load, Units
from sim.strict import require
from sim.terrain import TERRAINS, FloatArray

_UPRIGHT = 0.5
"""Leaning further, a robot lies [rad]."""
_CROUCH = 0.35
"""How much nearer to the ground it sits, as a share of how high its hips are."""
_CHECKED = 40
"""Poses of a leg that are looked at for whoever wants to know how its foot moves."""
_LEAST_REACH = 1e-3


@dataclass(frozen=True)
class FoundLeg:
    """A leg, as it stands; places are in the trunk's axes [m]."""

    name: str
    motors: tuple[str, ...]
    limb: str
    """The body that its last motor moves."""
    foot: str
    """The geom on which it stands."""
    angles: FloatArray
    """Of its motors as it stands, when what follows was looked at (k,) [rad]."""
    radius: float
    """From the point of the foot that `tip` says down to the ground [m]."""
    anchors: FloatArray
    """Where its joints are (k, 3)."""
    axes: FloatArray
    """About which they turn (k, 3)."""
    tip: FloatArray
    """The foot (3,)."""
    stump: bool
    """Whether what is left of it without its limb can touch the ground."""
    samples: tuple[tuple[FloatArray, FloatArray], ...]
    """Angles of its motors (k,) [rad], and where the foot is then (3,)."""


@dataclass(frozen=True)
class Found:
    """A robot that was found in a file."""

    file: Path
    trunk: str
    root: Root
    motors: tuple[Motor, ...]
    """Those of its legs, leg by leg, from the trunk outwards."""
    legs: tuple[FoundLeg, ...]
    held: tuple[str, ...]
    """Driven joints that are in no leg."""
    passive: dict[str, float]
    """Angles of joints without a motor as it stands [rad]."""
    stand: FloatArray
    sit: FloatArray
    """Angles of the motors (n_motors,) [rad]."""
    pose: str
    """Where the standing pose came from."""
    servos: Servos
    settled: Settled
    """Of what its motors are."""
    mass: float
    reach: float
    """Of a leg on average [m]."""
    hips: float
    """Height of its hips over its feet as it stands [m]."""
    half: FloatArray
    """Half the box around its trunk (3,) [m]."""
    middle: FloatArray
    """Of that box, from the trunk's origin (3,) [m]."""
    images: Mapping[str, tuple[str, float]]
    """Which motor, or leg, is the mirror image of which, and -1.0 where it turns the other way; empty where some have
    none, for then the robot is not symmetric."""
    notes: tuple[str, ...]


def discover(file: Path, seed: int = 0) -> Found:
    """Find a robot in an MJCF or URDF file. Raises ValueError in one line where there is none that stands."""
    said = outline(file)
    model = _model(file, said)
    frame, (chains, spare) = Frame(model, said), limbs(model, said)
    require(bool(chains), "legs", "a chain of driven joints that ends in something that can touch the ground", "none")
    rng = np.random.default_rng(seed)
    legs = [posable(frame, said, chain, rng) for chain in chains]
    reach = float(np.mean([leg.reach for leg in legs]))
    require(reach > _LEAST_REACH, "legs", f"a reach of more than {_LEAST_REACH:g} m", f"{reach:g}")
    held = servos(frame, len(legs), reach, *_known(said.motors))
    tried = [(name, pose, settle(frame, pose, held, said.trunk)) for name, pose in _candidates(frame, said, legs, rng)]
    name, pose, settled = max(tried, key=lambda each: _worth(frame, legs, chains, each[1], each[2]))
    _stands(name, settled)
    return _found(file, said, frame, chains, legs, spare, held, (name, pose, settled), rng)


def _model(file: Path, said: Outline) -> mujoco.MjModel:
    """Return the robot above flat ground, with a position servo on every motor."""
    unknown = Load((0.01, 0.01, 0.01), 0.0, 1.0, (1.0, 1.0), (0.0, 0.0)), Units(1.0, 1.0, 1.0)
    anatomy = Anatomy(
        file.stem, str(file), tuple(motor.name for motor in said.motors), "position", *unknown, 1.0, 1.0,
        root=said.root, trunk=said.trunk,
    )  # fmt: skip
    model = simulate(anatomy, TERRAINS["flat"]).model
    for what in ("body_mass", "body_inertia", "body_pos", "jnt_range", "geom_size", "qpos0"):
        require(bool(np.isfinite(getattr(model, what)).all()), what, "finite numbers", "others")
    return model


def _known(motors: Sequence[Motor]) -> tuple[FloatArray, FloatArray]:
    """Return largest torques and position gains of the motors (n_motors,), NaN where the file says none."""
    said = [[np.nan if value is None else value for value in (motor.torque, motor.kp)] for motor in motors]
    torque, kp = np.array(said, dtype=np.float64).T
    return torque, kp


def _candidates(
    frame: Frame, said: Outline, legs: Sequence[Leg], rng: np.random.Generator
) -> Iterator[tuple[str, FloatArray]]:
    alike = [leg for leg in legs if len(leg.motors) == _usual(len(leg.motors) for leg in legs)]
    low = np.array([-np.inf if motor.span is None else motor.span[0] for motor in said.motors])
    high = np.array([np.inf if motor.span is None else motor.span[1] for motor in said.motors])
    for name, pose in (*((name, np.array(pose)) for name, pose in said.poses), *poses(frame, alike, rng)):
        yield name, np.clip(pose, low, high)


def _worth(frame: Frame, legs: Sequence[Leg], chains: Sequence[Limb], pose: FloatArray, settled: Settled) -> float:
    """Return how good a pose is to stand in: upright, high, at rest, on its feet alone, with legs that can bend."""
    alike = [chain for chain in chains if len(chain.motors) == _usual(len(chain.motors) for chain in chains)]
    feet = [bool(set(chain.tips) & set(settled.forces)) for chain in alike]
    tips = {tip for chain in alike for tip in chain.tips}
    lost = abs(settled.rise - settled.height) / max(legs[0].reach, settled.rise)
    on_feet = sum(feet) / len(feet) if not set(settled.forces) - tips else -1.0
    bent = float(np.mean([_play(frame, leg, pose[leg.motors]) for leg in legs]))
    high = settled.height / max(leg.reach for leg in legs)
    return -4.0 * settled.tilt - lost - settled.droop - settled.speed + 2.0 * on_feet + min(bent, 0.25) + 0.1 * high


def _usual(counts: Iterable[int]) -> int:
    """Return how many joints most limbs have: an arm has others than the legs."""
    return Counter(counts).most_common(1)[0][0]


def _play(frame: Frame, leg: Leg, angles: FloatArray, step: float = 1e-3) -> float:
    """Return how freely a foot moves: the least singular value of its Jacobian, over the leg's reach."""
    here = points(frame, leg, angles)[-1]
    moved = [points(frame, leg, angles + step * unit)[-1] - here for unit in np.eye(len(angles))]
    return float(np.linalg.svd(np.array(moved) / step, compute_uv=False)[-1]) / leg.reach


def _stands(name: str, settled: Settled) -> None:
    found = settled.tilt < _UPRIGHT and bool(settled.forces)
    expected = "a pose in which it stands, with z up and x forward in the trunk's axes"
    turn = "; where its axes are others, write a link above the trunk, and the fixed joint that turns it"
    require(found, "stand", expected, f"none; the best of all ({name}) leans by {settled.tilt:.2f} rad{turn}")


def _found(
    file: Path, said: Outline, frame: Frame, chains: Sequence[Limb], legs: Sequence[Leg], spare: Sequence[str],
    held: Servos, best: tuple[str, FloatArray, Settled], rng: np.random.Generator,
) -> Found:  # fmt: skip
    """Put together what was found, the motors of the legs first and in the legs' order."""
    name, pose, settled = best
    standing = [at for at, chain in enumerate(chains) if set(chain.tips) & set(settled.forces)]
    require(bool(standing), "legs", "a limb that stands on the ground", "none: it lies on its trunk")
    idle = [at for at in range(len(chains)) if at not in standing]
    names = [motor.name for motor in said.motors]
    frame.put(settled.angles)
    tips = np.array([_tip(frame, _foot(chains[at], settled), legs[at]) for at in standing])
    called = leg_names(tips)
    order = sorted(range(len(standing)), key=lambda at: called[at][1])
    found = tuple(_leg(frame, called[at][0], chains[standing[at]], legs[standing[at]], settled, rng) for at in order)
    spare = [*spare, *(motor for at in idle for motor in chains[at].motors)]
    index = [names.index(motor) for leg in found for motor in leg.motors]
    sit = lowered(frame, [legs[standing[at]] for at in order], pose, _CROUCH, rng)
    frame.put(pose)
    passive = frame.passive() | {motor: float(pose[names.index(motor)]) for motor in spare}
    half, middle = _box(frame, said.trunk)
    hips = float(np.mean([leg.anchors[0, 2] - leg.tip[2] + leg.radius for leg in found]))
    reach = float(np.mean([legs[at].reach for at in standing]))
    motors = tuple(said.motors[at] for at in index)
    named = [(leg.name, leg.motors) for leg in found]
    both = sides(frame, motors, index, named, reach, rng) if said.root == "free" else Sides({})  # a plane has no sides
    return Found(
        file, said.trunk, said.root, motors, found, tuple(spare), passive,
        pose[index], sit[index], name,
        Servos(held.kp[index], held.kd[index], held.torque[index], held.armature), settled,
        frame.mass, reach, hips, half, middle,
        both.images, (*said.notes, *_notes(spare, chains, idle, held, both.why)),
    )  # fmt: skip


def _notes(
    spare: Sequence[str], chains: Sequence[Limb], idle: Sequence[int], held: Servos, uneven: str
) -> Iterator[str]:
    for at in idle:
        yield f"limb of {', '.join(chains[at].motors)}: does not stand on the ground, so it is no leg"
    if spare:
        yield f"motors: {', '.join(spare)} are in no leg: held where they are; list them as motors to drive them"
    if held.armature > 0.0:
        yield f"armature: legs so light need {held.armature:.2g} kg m2, which stands there; write that of the motors"
    if uneven:
        yield f"symmetric: no, so nothing is learned from the mirror: {uneven}"


def _foot(chain: Limb, settled: Settled) -> int:
    """Return the geom on which a limb stands."""
    return max(chain.tips, key=lambda tip: settled.forces.get(tip, 0.0))


def _tip(frame: Frame, foot: int, leg: Leg) -> FloatArray:
    """Return the far end of a geom of a leg (3,) [m]."""
    return frame.at(foot, frame.end(foot, frame.anchors(leg.motors)[-1]))


def _leg(frame: Frame, name: str, chain: Limb, leg: Leg, settled: Settled, rng: np.random.Generator) -> FoundLeg:
    foot = _foot(chain, settled)
    end = frame.end(foot, frame.anchors(leg.motors)[-1])
    near = np.clip(settled.angles[leg.motors] + rng.uniform(-0.5, 0.5, (_CHECKED, len(leg.motors))), leg.low, leg.high)
    samples = []
    for angles in near:
        pose = frame.zero.copy()
        pose[leg.motors] = angles
        frame.put(pose)
        samples.append((angles, frame.at(foot, end)))
    frame.put(settled.angles)
    tip = frame.at(foot, end)
    return FoundLeg(
        name, chain.motors, chain.link, frame.model.geom(foot).name, settled.angles[leg.motors],
        float(tip[2] - frame.lowest(foot)),
        frame.anchors(leg.motors), frame.axes(leg.motors), tip, frame.touches(chain.motors[:-1]), tuple(samples),
    )  # fmt: skip


def _box(frame: Frame, trunk: str) -> tuple[FloatArray, FloatArray]:
    """Return half the box around what the trunk is made of (3,), and its middle from the trunk's origin (3,) [m]."""
    ends = frame.ends(trunk)
    low, high = ends.min(axis=0), ends.max(axis=0)
    return 0.5 * (high - low), 0.5 * (high + low)
