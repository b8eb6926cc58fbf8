"""A made-up robot in an MJCF file, with what such files bring along: ground, motors, sensors, poses, lost meshes."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from sim.robots.anatomy import Anatomy
from sim.robots.equipment import Load, Units
from sim.robots.ranges import Bands, LegSets

LEGS = ("front", "left", "right")
MOTORS = tuple(f"{leg}_{joint}" for leg in LEGS for joint in ("hip", "knee"))
MASS = 2.0 + len(LEGS) * (0.2 + 0.1)
"""[kg]"""
STAND = (0.5, -1.0) * len(LEGS)

_LEG = """
    <body name="{leg}_thigh" pos="{x} {y} 0" euler="0 0 {turn}">
      <joint name="{leg}_hip" axis="0 1 0" range="-90 90"/>
      <inertial pos="0 0 -0.06" mass="0.2" diaginertia="0.0003 0.0003 0.0001"/>
      <geom type="mesh" mesh="thigh" material="orange" contype="0" conaffinity="0"/>
      <body name="{leg}_shin" pos="0 0 -0.12">
        <joint name="{leg}_knee" axis="0 1 0" range="-140 0"/>
        <inertial pos="0 0 -0.06" mass="0.1" diaginertia="0.0001 0.0001 0.00005"/>
        <geom name="{leg}_foot" type="capsule" fromto="0 0 0 0 0 -0.12" size="0.012"/>
      </body>
    </body>"""
_FILE = """
<mujoco model="tripod">
  <compiler angle="degree" meshdir="meshes"/>
  <option timestep="0.005" integrator="Euler"/>
  <default>
    <joint damping="0.05" armature="0.005" stiffness="0"/>
    <geom friction="0.9 0.01 0.001" material="orange"/>
    <position kp="40" ctrllimited="true" ctrlrange="-1 1" forcerange="-6 6"/>
  </default>
  <asset>
    <mesh name="thigh" file="thigh.stl"/>
    <texture name="wood" type="2d" file="wood.png"/>
    <material name="orange" rgba="0.9 0.5 0.1 1" texture="wood"/>
  </asset>
  <worldbody>
    <geom name="floor" type="plane" size="5 5 0.1"/>
    <body name="body" pos="0 0 0.3">{root}
      <inertial pos="0 0 0" mass="2" diaginertia="0.01 0.01 0.015"/>
      <geom name="shell" type="cylinder" size="0.1 0.03"/>{legs}
    </body>
  </worldbody>
  <actuator>{actuators}
  </actuator>
  <sensor>
    <actuatorfrc actuator="front_hip"/>
  </sensor>
  <keyframe>
    <key name="home" qpos="{home}" ctrl="{ctrl}"/>
  </keyframe>
</mujoco>
"""
_PLANAR = '<joint type="slide" axis="1 0 0"/><joint type="slide" axis="0 0 1"/><joint type="hinge" axis="0 1 0"/>'


def write(folder: Path, root: str = "free", own: bool = True) -> Anatomy:
    """Write the robot's file and return what the simulation must know of it, with motors that follow angles.

    Args:
        folder: where the file goes.
        root: free or planar.
        own: whether the file has root joints, or leaves them to the loader.
    """
    places = [(0.1 * math.cos(turn), 0.1 * math.sin(turn), math.degrees(turn)) for turn in (0.0, 2.1, -2.1)]
    legs = "".join(_LEG.format(leg=leg, x=x, y=y, turn=t) for leg, (x, y, t) in zip(LEGS, places, strict=True))
    actuators = "".join(f'\n    <position name="{motor}_drive" joint="{motor}"/>' for motor in MOTORS)
    joints = {"free": '<freejoint name="floating"/>', "planar": _PLANAR}[root] if own else ""
    zeros = "0 0 0.3 1 0 0 0 " if (root, own) == ("free", True) else "0 0 0 " if own else ""
    home, ctrl = zeros + "0.5 -1 " * len(LEGS), "0.5 -1 " * len(LEGS)
    file = folder / "tripod.xml"
    file.write_text(_FILE.format(root=joints, legs=legs, actuators=actuators, home=home, ctrl=ctrl))
    return Anatomy(
        name="tripod",
        body=str(file),
        motors=MOTORS,
        servo="position",
        load=Load(half=(0.03, 0.03, 0.02), back=0.03, heaviest=2.0, reach=(0.1, 0.1), drawn=(0.05, 0.05)),
        units=Units(payload=0.5, moment=0.02, force=30.0),
        jammed=50.0,
        push=5.0,
        root="free" if root == "free" else "planar",
        trunk="body",
        stand=STAND,
        damping=0.5,
        legs=LEGS,
        limbs=tuple(f"{leg}_shin" for leg in LEGS),
        feet=tuple(f"{leg}_foot" for leg in LEGS),
        leg_sets=LegSets((("front",), ("left",)), (("right",),)),
        ranges={"leg_loss": {}, "slope": {"angle": Bands(((0.0, 0.1),), ((0.1, 0.2),))}},
    )


def without_legs(folder: Path) -> Anatomy:
    """Return the same as a robot that has no legs to lose."""
    return replace(write(folder), legs=(), limbs=(), feet=(), leg_sets=LegSets(), ranges={})
