"""Every perturbation with what it does to a crawler; those from outside the library add a case of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.sim.walking import TICK, Walk

MASSES = {
    "body_mass",
    "body_inertia",
    "body_subtreemass",
    "body_invweight0",
    "dof_invweight0",
    "actuator_acc0",
    "dof_M0",
    "light_poscom0",
}
"""What follows from a mass in MuJoCo's model."""


@dataclass(frozen=True)
class Case:
    """One perturbation, how one sees it, and what it may touch."""

    text: str
    bites: Callable[[Walk, Walk], bool]
    """Tells from the intact and the perturbed walk, both after the onset, that the effect is there."""
    condition: set[str]
    model: set[str]


def still(intact: Walk, perturbed: Walk) -> bool:
    """The motion does not change at all: only commands or measurements do."""
    return bool(np.array_equal(intact.position, perturbed.position))


ON_JOINTS = frozenset({"limp", "stiff", "voltage", "zero"})
"""Perturbations that cannot happen to a crawler: tests/contracts/test_perturbations_of_joints.py has their cases."""
CASES = [
    Case(
        "leg_loss:leg=left_middle",
        lambda a, b: b.turned - a.turned > 0.15 and b.distance < 0.9 * a.distance,
        {"lost_legs"},
        MASSES | {"geom_conaffinity", "body_conaffinity", "geom_rgba"},
    ),
    Case(
        "payload:mass=0.012,x=0.03,y=0.02",
        lambda a, b: b.roll.mean() - a.roll.mean() < -0.003 and b.pitch.mean() - a.pitch.mean() > 0.01,
        {"payload_mass", "payload_moment"},
        MASSES | {"body_pos", "geom_rgba"},
    ),
    Case(
        "motor:left=0.6,right_bias=5",
        lambda a, b: bool(np.allclose((b.speed - a.speed).mean(axis=0), (-0.4 * 31.4, 5.0), atol=1.0)),
        {"gain", "bias"},
        set(),
    ),
    Case(
        "dead_motor:name=left",
        lambda a, b: abs(b.speed[10:, 0].mean()) < 0.3 * a.speed[10:, 0].mean() and b.turned > 0.5,
        {"dead_motors"},
        {"actuator_gainprm", "actuator_biasprm"},
    ),
    Case(
        "stuck:name=right",
        lambda a, b: float(np.abs(b.speed[5:, 1]).max()) < 1.0 and b.turned < -0.5,
        {"stuck_motors"},
        {"dof_frictionloss", "actuator_gainprm", "actuator_biasprm"},
    ),
    Case(
        "slope:deg=10,heading_deg=0",
        lambda a, b: abs((b.pitch - a.pitch).mean() + np.radians(10.0)) < 0.03 and b.distance < 0.95 * a.distance,
        {"tilt"},
        {"opt.gravity"},
    ),
    Case("friction:mu=0.2", lambda a, b: b.distance < 0.9 * a.distance, {"friction"}, {"geom_friction"}),
    Case(
        "terrain:kind=turf",
        lambda a, b: abs(b.distance - a.distance) > 0.003,
        {"terrain"},
        {"geom_friction", "geom_solref", "geom_rgba", "geom_conaffinity", "hfield_size", "geom_pos"},
    ),
    Case(
        "gravity:z=-3.7",
        lambda a, b: b.position[:, 2].mean() > a.position[:, 2].mean() + 5e-4,
        {"gravity"},
        {"opt.gravity"},
    ),
    Case("push:x=0.002,y=0.006", lambda a, b: b.position[-1, 1] - a.position[-1, 1] > 0.003, {"force"}, set()),
    Case("delay:ms=60", still, {"delay"}, set()),
    Case("noise:scale=3", still, {"noise"}, set()),
    Case("pose_bias:heading_deg=8,x=0.02", still, {"pose_bias"}, set()),
    Case(
        "scaled:mass=2,damping=3",
        lambda a, b: b.position[:, 2].mean() < a.position[:, 2].mean() - 1e-4,
        {"factors"},
        MASSES | {"dof_damping"},
    ),
    Case(
        "leg_mass:left_middle=20,left_front=20",
        lambda a, b: abs(b.distance - a.distance) > 0.001,
        {"leg_mass"},
        set(MASSES),
    ),
    Case(
        "crippled_leg:leg=left_middle",
        lambda a, b: b.turned - a.turned > 0.05,
        {"crippled_legs"},
        MASSES | {"geom_size", "geom_pos", "geom_rbound", "geom_aabb", "bvh_aabb"},
    ),
    Case(
        "short_leg:leg=left_middle,share=0.5",
        lambda a, b: b.roll.mean() < a.roll.mean() - 0.01,
        {"shortened"},
        {"geom_size", "geom_pos", "geom_sameframe"},
    ),
    Case(
        "rough:height=0.0015",
        lambda a, b: float(abs(b.position - a.position).max()) > 0.005,
        {"terrain"},
        {"geom_conaffinity", "hfield_size", "geom_pos"},
    ),
    Case(
        "locked:name=left,range=0.2",
        lambda a, b: float(np.ptp(np.cumsum(b.speed[10:, 0]))) * TICK < 1.5 and b.turned > 0.5,
        {"locked"},
        {"jnt_limited", "jnt_range"},
    ),
]
