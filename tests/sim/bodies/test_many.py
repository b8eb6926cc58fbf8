from __future__ import annotations

import math

import numpy as np
import pytest

from controller.settings import robots
from sim.bodies.base import Setpoints
from sim.bodies.jointed import JointedPhysics
from sim.bodies.many import Gains, ManyBodies, heading_axes, in_body
from sim.conditions.condition import Condition
from sim.perturbations import parse
from sim.terrain import TERRAINS

ANATOMY = robots.spec("go2").anatomy
FLAT = TERRAINS["flat"]
GAINS = Gains(35.0, 1.0)
TICK = 10
"""Physics steps of a control step."""
WORDS = (
    "",
    "payload:mass=8,x=0.1,y=0.1",
    "leg_loss:leg=front_left",
    "slope:deg=15,heading_deg=60",
    "dead_motor:name=rear_left_calf",
    "stuck:name=front_right_thigh",
    "locked:name=front_right_thigh,range=0.02",
    "motor:front_left_calf=0.5,rear_right_hip=0.7",
    "friction:mu=0.2",
    "delay:ms=6",
)


def condition(words: str) -> Condition:
    usual = Condition(FLAT)
    return parse(words).change(usual) if words else usual


def some() -> ManyBodies:
    bodies = ManyBodies(ANATOMY, FLAT, len(WORDS), GAINS, 0.002, 2)
    for index, words in enumerate(WORDS):
        bodies.perturb(index, condition(words))
    bodies.place(np.arange(len(WORDS)), np.tile(bodies.start, (len(WORDS), 1)))
    return bodies


def test_many_bodies_move_bit_for_bit_like_a_single_one() -> None:
    rng = np.random.default_rng(0)
    targets = np.array(ANATOMY.stand) + rng.uniform(-0.2, 0.2, (20, len(WORDS), 12))
    bodies = some()
    for target in targets:
        bodies.step(target, TICK)
    none = np.zeros(12)
    for index, words in enumerate(WORDS):
        single = JointedPhysics(ANATOMY, FLAT, (parse(words),) if words else ())
        held = np.array(ANATOMY.stand) if index < len(WORDS) - 1 else targets[0, index]
        single.command(Setpoints(held, none, none, none + GAINS.kp, none + GAINS.kd))
        for target in targets[:, index]:
            single.command(Setpoints(target, none, none, none + GAINS.kp, none + GAINS.kd))
            single.step(TICK)
        if "delay" not in words:  # a single robot is damped until its first command comes
            np.testing.assert_array_equal(single.qpos, bodies.qpos[index], err_msg=words)


def test_late_commands_change_how_a_body_moves() -> None:
    bodies = some()
    before = bodies.angles.copy()
    bodies.step(np.tile(np.array(ANATOMY.stand) + 0.3, (len(WORDS), 1)), 3)
    moved = np.abs(bodies.angles - before).max(axis=1)
    assert moved[-1] < 0.2 * moved[0]


def test_a_condition_leaves_nothing_behind() -> None:
    bodies = some()
    for index in range(len(WORDS)):
        bodies.perturb(index, condition(""))
    bodies.place(np.arange(len(WORDS)), np.tile(bodies.start, (len(WORDS), 1)))
    for _ in range(5):
        bodies.step(np.tile(np.array(ANATOMY.stand) + 0.1, (len(WORDS), 1)), TICK)
    assert (bodies.qpos == bodies.qpos[0]).all()


def test_a_push_knocks_the_trunk() -> None:
    bodies = some()
    push = np.zeros((len(WORDS), 3))
    push[0, 1] = 500.0
    bodies.step(np.tile(ANATOMY.stand, (len(WORDS), 1)), TICK, push)
    assert bodies.qvel[0, 1] > 0.2 > abs(bodies.qvel[6, 1])


def test_gravity_on_a_slope_leans_in_body_axes() -> None:
    bodies = some()
    down = in_body(bodies.qpos, -bodies.up)
    np.testing.assert_allclose(down[0], (0.0, 0.0, -1.0), atol=1e-12)
    slope = math.sin(math.radians(15.0))
    expected = (-slope * math.cos(math.radians(60.0)), -slope * math.sin(math.radians(60.0)))
    np.testing.assert_allclose(down[3, :2], expected, atol=1e-9)


def test_headings() -> None:
    turned = np.zeros((1, 19))
    turned[0, 3], turned[0, 6] = math.cos(0.3), math.sin(0.3)
    assert heading_axes(turned)[0].tolist() == pytest.approx([math.cos(0.6), math.sin(0.6)])
    np.testing.assert_allclose(in_body(turned, np.array([[1.0, 0.0, 0.0]]))[0], (math.cos(0.6), -math.sin(0.6), 0.0))
