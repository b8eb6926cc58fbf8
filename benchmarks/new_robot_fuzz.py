"""Robots made at random, in MJCF and URDF, whole and broken, found by what `limber new-robot` does.

    python -m benchmarks.new_robot_fuzz --count 1000 --seed 0

Two to eight legs of any sizes, joints about any axes, names of any letters, meshes that are not there, ties, tendons,
props, key frames; some of the files are cut off, mangled or impossible. Each has to end in files that can be used, or
in one line. The exit status is 1 where one did not.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import numpy as np

from controller.newcomers.folder import proposed
from controller.newcomers.trial import verdicts
from controller.settings.layers import ConfigError

SECONDS = 60.0
LOOKED_AT = 20
"""Every so many robots that are usable are also driven."""
NAMES: tuple[Callable[[int, int], str], ...] = (
    lambda leg, part: f"leg{leg}_joint{part}",
    lambda leg, part: f"Leg {leg} / joint {part}",
    lambda leg, part: f"bein-{leg}.gelenk{part}",
    lambda leg, part: f"足{leg}関節{part}",
    lambda leg, part: f"{leg}{part}",
    lambda leg, part: ("floor", "payload", "root", "imu", "bumps")[part % 5] + (str(leg) if leg else ""),
    lambda leg, part: f"j&lt;{leg}&gt;{part}",
    lambda leg, part: "same" if part == leg == 1 or part == leg == 0 else f"x{leg}{part}",
    lambda leg, part: "",
)
AXES = ("1 0 0", "0 1 0", "0 0 1", "0 -1 0", "0 1 0", "1 1 0", "0 0.7 0.7")
SHAPES = (
    'type="capsule" fromto="0 0 0 {x} 0 {z}" size="{r}"',
    'type="sphere" size="{r}" pos="{x} 0 {z}"',
    'type="box" size="{r} {r} {r}" pos="{x} 0 {z}"',
    'type="cylinder" fromto="0 0 0 {x} 0 {z}" size="{r}"',
    'type="ellipsoid" size="{r} {r} {r}" pos="{x} 0 {z}"',
)


@dataclass(frozen=True)
class Plan:
    """What a robot is made of."""

    legs: int
    joints: int
    size: float
    name: Callable[[int, int], str]
    axes: tuple[str, ...]
    shape: str
    limited: bool
    inertial: bool
    mesh: bool


def draw(rng: np.random.Generator) -> Plan:
    """Return a plan that makes sense more often than not."""
    sane = rng.random() < 0.75
    joints = 3 if sane else int(rng.integers(1, 5))
    usual = ("1 0 0", "0 1 0", "0 1 0") if rng.random() < 0.5 else ("0 0 1", "0 1 0", "0 1 0")
    return Plan(
        legs=int(rng.integers(4 if sane else 2, 9)),
        joints=joints,
        size=float(10.0 ** rng.uniform(-1.6, 0.2)),
        name=NAMES[0] if rng.random() < 0.4 else NAMES[int(rng.integers(len(NAMES)))],
        axes=usual if sane else tuple(AXES[int(rng.integers(len(AXES)))] for _ in range(joints)),
        shape=SHAPES[0 if rng.random() < 0.6 else int(rng.integers(len(SHAPES)))],
        limited=bool(rng.random() < 0.7),
        inertial=bool(rng.random() < 0.6),
        mesh=bool(rng.random() < 0.25),
    )


def mjcf(plan: Plan, rng: np.random.Generator) -> str:
    """Return a robot as MJCF, with what such files bring along."""
    size, legs, joints = plan.size, "", []
    for leg in range(plan.legs):
        angle = math.tau * (leg + 0.5) / plan.legs
        text = ""
        for part in reversed(range(plan.joints)):
            x, z = (0.5 * size, 0.0) if part == 0 else (0.1 * size, -size)
            place = f"{0.6 * size * math.cos(angle):.5f} {0.4 * size * math.sin(angle):.5f} 0" if part == 0 else ""
            place = place or (f"{0.5 * size:.5f} 0 0" if part == 1 else f"{0.1 * size:.5f} 0 {-size:.5f}")
            turn = f' euler="0 0 {angle:.4f}"' if part == 0 and "0 0 1" in plan.axes[0] else ""
            name = plan.name(leg, part)
            joints.append(name)
            called = f'name="{name}"' if name else ""
            span = ' range="-1.5 1.5"' if plan.limited else ""
            moments = " ".join([f"{size**4:.3e}"] * 3)
            mass = f'<inertial pos="0 0 {0.5 * z:.5f}" mass="{size**2:.6g}" diaginertia="{moments}"/>'
            shape = plan.shape.format(x=round(x, 5), z=round(z, 5), r=round(0.08 * size, 5))
            mesh = '<geom type="mesh" mesh="part"/>' if plan.mesh else ""
            text = (
                f'<body pos="{place}"{turn}>{mass if plan.inertial or plan.mesh else ""}'
                f'<joint {called} axis="{plan.axes[part]}"{span} damping="{size**3:.3g}"/>'
                f"<geom {shape}/>{mesh}{text}</body>"
            )
        legs += text
    root = _pick(rng, ["<freejoint/>", '<joint type="free" name="f"/>', "", "<joint/>"], (0.6, 0.2, 0.17, 0.03))
    assets = '<asset><mesh name="part" file="nowhere/part.stl"/></asset>' if plan.mesh else ""
    return (
        f'<mujoco>{_pick(rng, _OPTIONS)}<compiler angle="radian"/>{assets}<worldbody>{_pick(rng, _SCENES)}'
        f'<body name="{_pick(rng, ("base", "Base Link", "payload", ""))}" pos="0 0 {3 * size}">{root}'
        f'<geom type="box" size="{0.6 * size:.4f} {0.4 * size:.4f} {0.15 * size:.4f}"/>{legs}</body></worldbody>'
        f"{_actuators(joints, rng)}{_extras(joints, rng)}</mujoco>"
    )


def urdf(plan: Plan, rng: np.random.Generator) -> str:
    """Return a robot as URDF, as exporters write it."""
    size = plan.size
    base = '<joint name="fixed" type="fixed"><parent link="footprint"/><child link="base"/></joint>'
    text = (f'<link name="footprint"/>{base}' if rng.random() < 0.3 else "") + _link(
        "base", plan, size, f'<box size="{size} {0.7 * size} {0.3 * size}"/>'
    )
    for leg in range(plan.legs):
        angle, parent = math.tau * (leg + 0.5) / plan.legs, "base"
        for part in range(plan.joints):
            link = f"link {leg} {part}" if rng.random() < 0.2 else f"link{leg}_{part}"
            place = f"{0.5 * size * math.cos(angle)} {0.4 * size * math.sin(angle)} 0" if part == 0 else f"0 0 {-size}"
            kind = (
                "continuous"
                if not plan.limited
                else _pick(rng, ("revolute", "revolute", "prismatic"), (0.7, 0.25, 0.05))
            )
            limit = '<limit lower="-1.5" upper="1.5" effort="20" velocity="5"/>' if plan.limited else ""
            mimic = f'<mimic joint="{plan.name(leg, 0)}" multiplier="-1"/>' if part == 2 and rng.random() < 0.05 else ""
            text += (
                f'<joint name="{plan.name(leg, part)}" type="{kind}"><parent link="{parent}"/><child link="{link}"/>'
                f'<origin xyz="{place}"/><axis xyz="{plan.axes[part]}"/>{limit}{mimic}</joint>'
            )
            mesh = (
                f'<mesh filename="{_pick(rng, _MESHES)}"/>'
                if plan.mesh
                else f'<cylinder radius="{0.1 * size}" length="{size}"/>'
            )
            text += _link(link, plan, size, mesh, 0.0 if part == 0 and plan.joints > 1 else -0.5 * size)
            parent = link
        if rng.random() < 0.3:
            ball = f'<geometry><sphere radius="{0.1 * size}"/></geometry>'
            text += f'<link name="foot{leg}"><collision>{ball}</collision></link>'
            text += (
                f'<joint name="foot{leg}" type="fixed"><parent link="{parent}"/><child link="foot{leg}"/>'
                f'<origin xyz="0 0 {-size}"/></joint>'
            )
    return f'<?xml version="1.0"?>\n<robot name="r">{text}</robot>'


def _link(name: str, plan: Plan, size: float, shape: str, down: float = 0.0) -> str:
    moment = 0.02 * size**4
    inertia = (
        f'<inertial><origin xyz="0 0 {down}"/><mass value="{size**2}"/>'
        f'<inertia ixx="{moment}" iyy="{moment}" izz="{moment}" ixy="0" ixz="0" iyz="0"/></inertial>'
    )
    seen = f'<{{0}}><origin xyz="0 0 {down}"/><geometry>{shape}</geometry></{{0}}>'
    return (
        f'<link name="{name}">{inertia if plan.inertial or plan.mesh else ""}{seen.format("visual")}'
        f"{seen.format('collision')}</link>"
    )


_MESHES = ("package://robot/meshes/part.stl", "part.dae", "../x/part.obj", "file:///part.STL", "http://x/part.stl")
_OPTIONS = (
    "",
    '<option timestep="0.01" integrator="RK4"/>',
    '<option timestep="0.0005"/>',
    '<option gravity="0 0 0"/>',
)
_SCENES = (
    '<geom name="floor" type="plane" size="1 1 1"/>',
    "",
    '<body name="prop" pos="3 0 1"><freejoint/><geom size="0.1"/></body>',
    '<body name="arm"><joint name="arm"/><geom size="0.1"/></body><geom type="box" size="1 1 .1" pos="0 0 -1"/>',
    '<body name="mover" mocap="true"><geom size="0.1"/></body><camera name="c" mode="targetbody" target="mover"/>',
)


def _actuators(joints: Sequence[str], rng: np.random.Generator) -> str:
    kind = _pick(rng, ("", "motor", "position", "velocity", "general", "muscle"), (0.2, 0.3, 0.3, 0.05, 0.1, 0.05))
    if not kind or not all(joints):
        return ""
    extra = {"motor": ' ctrlrange="-20 20" gear="2"', "position": ' kp="50"', "general": ' gainprm="5"'}.get(kind, "")
    some = [name for name in joints if rng.random() < 0.95]
    return "<actuator>" + "".join(f'<{kind} joint="{name}"{extra}/>' for name in some) + "</actuator>"


def _extras(joints: Sequence[str], rng: np.random.Generator) -> str:
    if len(joints) < 2 or not all(joints):
        return ""
    one, other = joints[0], joints[1]
    return _pick(
        rng,
        (
            "",
            f'<equality><joint joint1="{one}" joint2="{other}" polycoef="0 1 0 0 0"/></equality>',
            f'<tendon><fixed name="t t"><joint joint="{one}" coef="1"/><joint joint="{other}" coef="-1"/></fixed>'
            '</tendon><equality><tendon tendon1="t t"/></equality>',
            '<keyframe><key name="home" qpos="0 0 1"/></keyframe>',
            f'<sensor><jointpos joint="{one}"/></sensor><contact><exclude body1="base" body2="world"/></contact>',
            '<include file="nowhere.xml"/>',
            '<custom><numeric name="init_qpos" data="1 2 3"/><tuple name="t">'
            '<element objtype="body" objname="base"/></tuple></custom>',
        ),
        (0.6, 0.1, 0.1, 0.05, 0.05, 0.03, 0.07),
    )


def _pick(rng: np.random.Generator, choices: Sequence[str], weights: Sequence[float] | None = None) -> str:
    return choices[int(rng.choice(len(choices), p=weights))]


def broken(text: str, rng: np.random.Generator) -> bytes:
    """Return a file that was cut off, mangled, or had its numbers changed."""
    match int(rng.integers(5)):
        case 0:
            return text[: int(rng.integers(len(text)))].encode()
        case 1:
            mangled = bytearray(text.encode())
            for place in rng.integers(len(mangled), size=int(rng.integers(1, 6))):
                mangled[place] = int(rng.integers(256))
            return bytes(mangled)
        case 2:
            odd = _pick(rng, ("nan", "inf", "-1", "0", "1e30", "1e-30", "x", ""))
            numbers = text.split('"')
            places = [at for at in range(1, len(numbers), 2) if numbers[at][:1] in "-0123456789."]
            for at in rng.choice(places, size=min(3, len(places)), replace=False):
                numbers[at] = odd
            return '"'.join(numbers).encode()
        case 3:
            return text.replace("joint", _pick(rng, ("jiont", "body", "geom")), 3).encode()
        case _:
            return text.encode(_pick(rng, ("utf-16", "latin-1", "utf-8")), errors="replace")


def one(number: int, seed: int, folder: Path) -> str:
    """Make a robot and find it; return what came of it: usable, refused, or a defect in words."""
    rng = np.random.default_rng([seed, number])
    plan = draw(rng)
    ends, make = ("urdf", urdf) if rng.random() < 0.4 else ("xml", mjcf)
    text = make(plan, rng)
    file = folder / f"{number}.{ends}"
    file.write_bytes(broken(text, rng) if rng.random() < 0.2 else text.encode())
    try:
        newcomer, _ = proposed(f"robot{number}", file, folder / str(number))
        if number % LOOKED_AT == 0:
            list(verdicts(newcomer.spec))
    except ConfigError as error:
        return f"refused: {error}" if "\n" not in str(error) else f"defect {number}: more than one line: {error!r}"
    except Exception:  # noqa: BLE001 - what must not come is what is looked for
        return f"defect {number}: {traceback.format_exc()}"
    return "usable"


def fuzz(count: int, seed: int, folder: Path) -> tuple[Counter[str], list[str], list[str]]:
    """Return how many robots were usable and refused, the defects, and the lines of those that were refused."""

    def late(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"took more than {SECONDS:g} s")

    signal.signal(signal.SIGALRM, late)
    outcomes, defects, lines = Counter[str](), list[str](), list[str]()
    for number in range(count):
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        said = one(number, seed, folder)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        kind = said.partition(":")[0].partition(" ")[0]
        outcomes[kind] += 1
        defects += [said] if kind == "defect" else []
        lines += [f"{number} {said}"] if kind == "refused" else []
        if sys.stderr.isatty() or number % 50 == 49:
            sys.stderr.write(f"{number + 1} of {count}: {dict(outcomes)}\n")
    return outcomes, defects, lines


def main() -> int:
    """Print what came of them; returns 1 where something came that must not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lines", action="store_true", help="print the line of every file that was refused")
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        outcomes, defects, lines = fuzz(arguments.count, arguments.seed, Path(folder))
    for line in [*defects, *(lines if arguments.lines else [])]:
        sys.stdout.write(f"{line}\n")
    minutes = (time.monotonic() - began) / 60
    usable, refused = outcomes["usable"], outcomes["refused"]
    sys.stdout.write(f"{usable} usable, {refused} refused in one line, {len(defects)} defects, {minutes:.0f} min\n")
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main())
