"""Robots made at random as URDF, as exporters write it."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.new_robot_fuzz.plan import Plan, pick

_MESHES = ("package://robot/meshes/part.stl", "part.dae", "../x/part.obj", "file:///part.STL", "http://x/part.stl")


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
                else pick(rng, ("revolute", "revolute", "prismatic"), (0.7, 0.25, 0.05))
            )
            limit = '<limit lower="-1.5" upper="1.5" effort="20" velocity="5"/>' if plan.limited else ""
            mimic = f'<mimic joint="{plan.name(leg, 0)}" multiplier="-1"/>' if part == 2 and rng.random() < 0.05 else ""
            text += (
                f'<joint name="{plan.name(leg, part)}" type="{kind}"><parent link="{parent}"/><child link="{link}"/>'
                f'<origin xyz="{place}"/><axis xyz="{plan.axes[part]}"/>{limit}{mimic}</joint>'
            )
            mesh = (
                f'<mesh filename="{pick(rng, _MESHES)}"/>'
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
