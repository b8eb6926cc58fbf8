"""Masses and inertias for the bodies of a robot's file that have none which a body can have.

Files leave a link's inertia at zero, round it until one moment is more than the others together, or put links without
mass between two joints of a hip. MuJoCo takes none of these; other simulators do, and the files go round.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import mujoco

_DENSITY = 1000.0
"""Of the solid balls that stand for bodies without an inertia [kg/m³]: robots are about as heavy as water."""
_LEAST = 1e-3
"""Mass of a link that has none [kg]."""


def mended(spec: mujoco.MjSpec) -> Iterator[str]:
    """Give bodies that cannot be as they are an inertia of their own, and say so, a line for each kind."""
    if spec.compiler.inertiafromgeom == mujoco.mjtInertiaFromGeom.mjINERTIAFROMGEOM_TRUE:
        return  # what the file says of inertias is not read
    light: list[str] = []
    balls: list[str] = []
    means: list[str] = []
    for body in spec.bodies[1:]:
        if body.joints and not _weighs(body) and not spec.compiler.boundmass > 0.0:
            body.explicitinertial, body.mass, body.ipos = True, _LEAST, [0.0, 0.0, 0.0]
            _put(body, _ball(_LEAST))
            light.append(body.name)
        elif body.explicitinertial and body.mass > 0.0 and not _possible(body, spec.compiler):
            mean = sum(_moments(body)) / 3.0
            _put(body, mean if mean > 0.0 else _ball(body.mass))
            (means if mean > 0.0 else balls).append(body.name)
    if light:
        yield f"mass: none between two joints ({_shown(light)}): {1000.0 * _LEAST:g} g stands there"
    if balls:
        yield f"inertia: none ({_shown(balls)}): that of a ball of the body's mass, as dense as water, stands there"
    if means:
        yield f"inertia: one moment larger than the others together ({_shown(means)}): their mean stands there"


def _weighs(body: mujoco.MjsBody) -> bool:
    """Whether a body, or one that is fixed to it, has a mass."""
    fixed = [child for child in body.bodies if not child.joints]
    shapes = any(geom.mass > 0.0 if math.isfinite(geom.mass) else geom.density > 0.0 for geom in body.geoms)
    own = body.mass > 0.0 if body.explicitinertial else shapes
    return own or any(_weighs(child) for child in fixed)


def _possible(body: mujoco.MjsBody, compiler: mujoco.MjsCompiler) -> bool:
    """Whether MuJoCo takes a body's inertia; it alone knows how much of rounding it forgives."""
    probe = mujoco.MjSpec()
    for setting in ("balanceinertia", "boundmass", "boundinertia"):
        setattr(probe.compiler, setting, getattr(compiler, setting))
    alone = probe.worldbody.add_body(explicitinertial=True, mass=body.mass)
    alone.inertia, alone.fullinertia = body.inertia, body.fullinertia
    alone.add_freejoint()
    try:
        probe.compile()
    except (ValueError, mujoco.FatalError):
        return False
    return True


def _moments(body: mujoco.MjsBody) -> list[float]:
    """Return a body's moments of inertia about its own axes (3,) [kg m²]."""
    known = body.fullinertia[:3] if math.isfinite(body.fullinertia[0]) else body.inertia
    return [float(moment) for moment in known]


def _ball(mass: float) -> float:
    """Return the moment of inertia of a solid ball [kg m²]."""
    radius = math.cbrt(3.0 * mass / (4.0 * math.pi * _DENSITY))
    return 0.4 * mass * radius**2


def _put(body: mujoco.MjsBody, moment: float) -> None:
    body.inertia, body.fullinertia = [moment] * 3, [math.nan, *[0.0] * 5]


def _shown(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
