"""Robots made at random as MJCF, with what such files bring along."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from benchmarks.new_robot_fuzz.plan import Plan, pick

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
    root = pick(rng, ["<freejoint/>", '<joint type="free" name="f"/>', "", "<joint/>"], (0.6, 0.2, 0.17, 0.03))
    assets = '<asset><mesh name="part" file="nowhere/part.stl"/></asset>' if plan.mesh else ""
    return (
        f'<mujoco>{pick(rng, _OPTIONS)}<compiler angle="radian"/>{assets}<worldbody>{pick(rng, _SCENES)}'
        f'<body name="{pick(rng, ("base", "Base Link", "payload", ""))}" pos="0 0 {3 * size}">{root}'
        f'<geom type="box" size="{0.6 * size:.4f} {0.4 * size:.4f} {0.15 * size:.4f}"/>{legs}</body></worldbody>'
        f"{_actuators(joints, rng)}{_extras(joints, rng)}</mujoco>"
    )


def _actuators(joints: Sequence[str], rng: np.random.Generator) -> str:
    kind = pick(rng, ("", "motor", "position", "velocity", "general", "muscle"), (0.2, 0.3, 0.3, 0.05, 0.1, 0.05))
    if not kind or not all(joints):
        return ""
    extra = {"motor": ' ctrlrange="-20 20" gear="2"', "position": ' kp="50"', "general": ' gainprm="5"'}.get(kind, "")
    some = [name for name in joints if rng.random() < 0.95]
    return "<actuator>" + "".join(f'<{kind} joint="{name}"{extra}/>' for name in some) + "</actuator>"


def _extras(joints: Sequence[str], rng: np.random.Generator) -> str:
    if len(joints) < 2 or not all(joints):
        return ""
    one, other = joints[0], joints[1]
    return pick(
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
