"""A quadruped whose hip is dead cannot walk on: its diagnosis stops it, and it lies level before it falls."""

from __future__ import annotations

import pytest

from controller.build import build, load_model
from controller.config import run_settings
from controller.mission import Mission
from controller.settings.layers import Layer
from hardware.rotation import tilt
from sim.bodies.jointed import JointedPhysics

LEVEL = 0.7
"""Largest tilt of a trunk that lies on a leg under it; from 0.9 on it rolls over [rad]."""
LYING = 0.2
"""Height of a trunk that is down; it walks at 0.32 [m]."""


@pytest.mark.parametrize("hip, onset, seed", [("front_left", 5.3, 2), ("front_left", 5.75, 5), ("rear_right", 5.0, 0)])
def test_a_dead_hip_ends_lying_level_and_not_rolled_over(hip: str, onset: float, seed: int) -> None:
    perturbations = [f"dead_motor:name={hip}_hip@{onset}"]
    values = {
        "robot": "go2-walker",
        "course": "zigzag",
        "seconds": onset + 4.0,
        "seed": seed,
        "perturbations": perturbations,
    }
    settings = run_settings([Layer("test", values)])
    mission = Mission.of(settings, fast=True)
    rig = build(mission, load_model(mission, settings.adapter))
    loop = rig.drive(lambda tick: None)
    physics = rig.robot.physics
    assert isinstance(physics, JointedPhysics)
    assert loop.fault is not None
    assert loop.fault.check == "diagnosis"
    assert not loop.fell
    assert physics.position[2] < LYING
    assert tilt(physics.level_quaternion) < LEVEL
