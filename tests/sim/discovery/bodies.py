"""Made-up robots as MJCF and URDF text: any number of legs around a trunk, each with joints of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

YAW_PITCH_PITCH = ("0 0 1", "0 1 0", "0 1 0")


def around(count: int) -> list[float]:
    """Return headings of legs evenly around a trunk, none of them straight ahead [rad]."""
    return [math.tau * (leg + 0.5) / count for leg in range(count)]


def mjcf(
    headings: Sequence[float],
    axes: Sequence[str] = YAW_PITCH_PITCH,
    *,
    names: str = "leg{leg}_{part}",
    link: float = 0.12,
    extra: str = "",
) -> str:
    """Return a robot whose legs point along headings [rad], out and then down; a joint for a link of a length [m]."""
    legs = "".join(_leg(leg, heading, axes, names, link) for leg, heading in enumerate(headings))
    motors = "".join(
        f'<position joint="{names.format(leg=leg, part=part)}" kp="40" forcerange="-8 8"/>'
        for leg in range(len(headings))
        for part in range(len(axes))
    )
    return f"""<mujoco><compiler angle="radian"/><option timestep="0.002"/>
      <worldbody><geom type="plane" size="5 5 0.1"/>
        <body name="base" pos="0 0 0.4"><freejoint/><geom type="box" size="0.12 0.1 0.04" mass="2"/>{legs}</body>
      </worldbody><actuator>{motors}</actuator>{extra}</mujoco>"""


def _leg(leg: int, heading: float, axes: Sequence[str], names: str, link: float) -> str:
    text = ""
    for part in range(len(axes) - 1, -1, -1):
        last, first = part == len(axes) - 1, part == 0
        place = f'pos="{0.13 * math.cos(heading)} {0.1 * math.sin(heading)} 0" euler="0 0 {heading}"' if first else ""
        place = place or f'pos="{link if part == 1 else 0.5 * link} 0 {0.0 if part == 1 else -0.5 * link}"'
        name = names.format(leg=leg, part=part)
        end = f"{0.2 * link} 0 {-link}" if last else f"{link} 0 0" if first else f"{0.5 * link} 0 {-0.5 * link}"
        shape = f'<geom type="capsule" fromto="0 0 0 {end}" size="0.012" mass="0.1"/>'
        text = (
            f'<body {place}><joint name="{name}" axis="{axes[part]}" range="-1.2 1.2" damping="0.05" armature="0.002"/>'
            f"{shape}{text}</body>"
        )
    return text


def urdf(legs: int = 4, mesh: str = "") -> str:
    """Return the same as URDF: a hip that rolls, a thigh and a calf; the calf's shape a mesh where one is named."""
    shape = f'<mesh filename="{mesh}"/>' if mesh else '<cylinder radius="0.012" length="0.15"/>'
    inertia = '<inertia ixx="{0}" iyy="{0}" izz="{1}" ixy="0" ixz="0" iyz="0"/>'
    text = f'<link name="base"><inertial><mass value="3"/>{inertia.format(0.01, 0.02)}</inertial>'
    text += '<collision><geometry><box size="0.3 0.15 0.06"/></geometry></collision></link>'
    for leg in range(legs):
        x, y = 0.14 * (1 - 2 * (leg // 2)), 0.08 * (1 - 2 * (leg % 2))
        parent, out = "base", 0.04 if y > 0.0 else -0.04
        for part, (axis, place) in enumerate(
            (("1 0 0", f"{x} {y} 0"), ("0 1 0", f"0 {out} 0"), ("0 1 0", "0 0 -0.15")),
        ):
            link = f"link{leg}_{part}"
            text += (
                f'<joint name="j{leg}_{part}" type="revolute"><parent link="{parent}"/><child link="{link}"/>'
                f'<origin xyz="{place}"/><axis xyz="{axis}"/><limit lower="-2" upper="2" effort="12"/></joint>'
                f'<link name="{link}"><inertial><origin xyz="0 0 -0.07"/><mass value="0.15"/>'
                f"{inertia.format(0.0004, 0.00005)}</inertial>"
            )
            if part:
                own = shape if part == 2 else _ROD
                text += f'<collision><origin xyz="0 0 -0.075"/><geometry>{own}</geometry></collision>'
            text, parent = text + "</link>", link
    return f'<?xml version="1.0"?><robot name="r">{text}</robot>'


_ROD = '<cylinder radius="0.012" length="0.15"/>'
