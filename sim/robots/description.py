"""What an MJCF or a URDF file says of a robot, read so that all of it can be named and simulated.

Names become letters, digits and _, whatever they were; what has none is called after its body. Meshes are looked for
where such files keep them. One that is nowhere is left out, and where it would touch the ground the box that has its
body's inertia takes its place. Inertias that no body has are mended.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import mujoco

from sim.robots import inertia
from sim.strict import require

_MESH, _BOX = mujoco.mjtGeom.mjGEOM_MESH, mujoco.mjtGeom.mjGEOM_BOX
_PLANE, _HFIELD = mujoco.mjtGeom.mjGEOM_PLANE, mujoco.mjtGeom.mjGEOM_HFIELD
_READABLE = {".stl", ".obj", ".msh"}
"""Endings of meshes that MuJoCo reads."""
_RESERVED = frozenset({"floor", "bumps", "payload", "world"})
"""Names of what every simulation has beside the robot."""
_SCHEMES = ("package://", "model://", "file://")
_THINNEST = 1e-3
"""Least half side of a box that stands for a mesh [m]."""
_MOST_BYTES = 20_000_000


@dataclass(frozen=True)
class Description:
    """A file as it was read."""

    spec: mujoco.MjSpec
    notes: tuple[str, ...]
    """What of it could not be used, a line each."""


def read(path: Path) -> Description:
    """Read a robot's file. Raises ValueError in one line where it is none."""
    try:
        spec = _parsed(path)
    except (OSError, ValueError, mujoco.FatalError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ValueError(" ".join(said.split())) from error
    notes = [*_named(spec), *_with_meshes(spec, path.parent), *inertia.mended(spec)]
    return Description(spec, tuple(notes))


def _parsed(path: Path) -> mujoco.MjSpec:
    require(path.is_file(), "file", "an MJCF or URDF file", f"{path.name}, which is not there")
    require(path.stat().st_size <= _MOST_BYTES, "file", f"at most {_MOST_BYTES:,} bytes", f"{path.stat().st_size:,}")
    spec = mujoco.MjSpec.from_file(str(path))
    require(len(spec.bodies) > 1, "file", "one with a robot's bodies", "none; xacro has to be turned into URDF first")
    for joint in [*spec.joints]:
        if joint.type == mujoco.mjtJoint.mjJNT_FREE and joint.parent.parent.name != "world":
            spec.delete(joint)  # all that is above it is nothing but a frame
    if path.suffix == ".urdf":  # as in MJCF: every link stays one that can be named, lost, and stood on
        spec.compiler.fusestatic = False
    return spec


def _named(spec: mujoco.MjSpec) -> Iterator[str]:
    """Give everything a plain name of its own; what the robot has no use for, and would still ask for the old, goes."""
    own = any(geom.name == "payload" for geom in spec.geoms) and spec.body("payload") is not None
    reserved = set() if own else _RESERVED
    renamed: dict[str, str] = {}
    for items, kind in ((spec.bodies[1:], "body"), (spec.joints, "joint"), (spec.geoms, "geom")):
        taken = {item.name for item in items if item.name.isidentifier()} | reserved
        for item in items:
            name = item.name
            ground = kind == "geom" and item.type in (_PLANE, _HFIELD)
            if name.isidentifier() and (name not in reserved or ground):
                continue
            usual = f"{item.parent.name}_{kind}" if kind != "body" else kind
            plain = _free(re.sub(r"\W", "_", name).strip("_") or usual, taken)
            taken.add(plain)
            item.name = plain
            if name:
                renamed[name] = plain
    for tendon in [*spec.tendons]:
        if any(getattr(wrap.target, "name", "") in renamed.values() for wrap in tendon.path) or _lost(tendon):
            yield f"tendon {tendon.name or '(unnamed)'}: left out, because names that it uses are not plain"
            spec.delete(tendon)
    for item in (*spec.equalities, *spec.actuators):
        for key in ("name1", "name2", "target"):
            if getattr(item, key, "") in renamed:
                setattr(item, key, renamed[getattr(item, key)])
    apart = [pair for pair in spec.excludes if {pair.bodyname1, pair.bodyname2} & set(renamed)]
    for thing in (*apart, *spec.skins, *spec.tuples, *spec.cameras):
        spec.delete(thing)


def _lost(tendon: mujoco.MjsTendon) -> bool:
    return any(wrap.target is None and wrap.type != mujoco.mjtWrap.mjWRAP_PULLEY for wrap in tendon.path)


def _free(name: str, taken: set[str]) -> str:
    """Return a name that is not taken, made of a wanted one."""
    wanted = name if name.isidentifier() else f"_{name}"
    if wanted not in taken:
        return wanted
    return next(each for count in range(2, 100_000) if (each := f"{wanted}_{count}") not in taken)


def _with_meshes(spec: mujoco.MjSpec, folder: Path) -> Iterator[str]:
    """Tell every mesh where it is, or let a box of the same inertia stand for it."""
    absent: dict[str, str] = {}
    for mesh in [*spec.meshes]:
        found = _found(mesh.file, folder, spec.meshdir) if mesh.file else None
        if found is not None:
            mesh.file = str(found)
        elif mesh.file:
            absent[mesh.name or Path(mesh.file).stem] = mesh.file
            spec.delete(mesh)
    for geom in [geom for geom in spec.geoms if geom.type == _MESH and geom.meshname in absent]:
        body, half = geom.parent, _half(geom.parent)
        if (geom.contype or geom.conaffinity) and half is not None:
            geom.type, geom.meshname, geom.size = _BOX, "", half
            geom.pos, geom.quat, geom.mass = body.ipos, body.iquat, 0.0
        else:
            spec.delete(geom)
    if absent:
        shown = ", ".join([*absent.values()][:3]) + (", ..." if len(absent) > 3 else "")
        yield f"meshes: {len(absent)} not found, or no STL, OBJ or MSH ({shown}): boxes of the same inertia stand there"


def _found(file: str, folder: Path, meshdir: str) -> Path | None:
    """Return the path of a mesh: as it is written, in the mesh folder, or in its package around the robot's file."""
    scheme = next((each for each in _SCHEMES if file.startswith(each)), "")
    bare = file.removeprefix(scheme)
    inside = bare.partition("/")[2] if scheme in _SCHEMES[:2] else bare
    around = [folder, *folder.resolve().parents][:6]
    places = [folder / meshdir / bare, folder / bare, Path(bare)] if scheme in ("", "file://") else []
    places += [place / each for place in around for each in (bare, inside)] if scheme in _SCHEMES[:2] else []
    places += [place / Path(bare).name for place in sorted(folder.iterdir()) if place.is_dir()]
    usable = (place for place in places if place.suffix.lower() in _READABLE and place.is_file())
    return next((place.resolve() for place in usable), None)


def _half(body: mujoco.MjsBody) -> list[float] | None:
    """Return half the sides of the box with a body's mass and inertia (3,) [m]; None where the file does not say."""
    moments = _moments(body.fullinertia) if math.isfinite(body.fullinertia[0]) else body.inertia
    if not body.explicitinertial or not body.mass > 0.0 or not all(moment > 0.0 for moment in moments):
        return None
    total = sum(moments)
    return [max(_THINNEST, math.sqrt(max(0.0, 1.5 * (total - 2.0 * each) / body.mass))) for each in moments]


def _moments(full: Iterable[float]) -> list[float]:
    """Return the diagonal of an inertia, which is near enough to its principal moments for a box."""
    return [float(moment) for moment in full][:3]
