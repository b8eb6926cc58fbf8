"""The servo follows a plan between plans: every cycle its own action, within bounds, and the model learns from it."""

from __future__ import annotations

import numpy as np
import pytest

from controller.build import build, load_model
from controller.config import run_settings
from controller.loop.plan_loop import LoopTick
from controller.loop.realtime import run_lockstep
from controller.mission import Mission
from controller.settings.layers import Layer
from hardware.robot import FloatArray
from hardware.servo.servo import ServoReport


def drive(share: float, robot: str = "roach", kind: str = "rti") -> tuple[list[LoopTick], list[FloatArray]]:
    """Run for two seconds in lock-step; return every tick, and the action of every cycle that played a plan."""
    flags: dict[str, object] = {"robot": robot, "course": "zigzag", "seconds": 2.0, "planner": {"kind": kind}}
    mission = Mission.of(run_settings([Layer("test", flags | {"control": {"feedback": share}})]), fast=True)
    rig = build(mission, load_model(mission, mission.settings.adapter))
    ticks: list[LoopTick] = []
    played: list[FloatArray] = []
    act = rig.servo.act

    def noted(now: float, late: float = 0.0) -> ServoReport:
        report = act(now, late)
        if report.action is not None:
            played.append(report.action)
        return report

    rig.servo.act = noted  # type: ignore[method-assign]
    assert run_lockstep(rig.controller, rig.servo, rig.clock, rig.loop, ticks.append).fault is None
    low, high = mission.actions.low, mission.actions.high
    assert all(np.all((a >= low) & (a <= high)) or np.array_equal(a, mission.actions.rest) for a in played)
    return ticks, played


@pytest.mark.parametrize("robot, kind", [("roach", "rti"), ("roach", "hybrid"), ("go2", "rti")])
def test_actions_vary_within_a_tick_and_are_learned_from(robot: str, kind: str) -> None:
    ticks, played = drive(0.5, robot, kind)
    followed = [tick for tick in ticks if tick.result.schedule.feedback is not None]
    assert len(followed) > 0.8 * len(ticks)
    assert len({action.tobytes() for action in played}) > 2 * len(ticks)
    told = [tick.observation.applied for tick in ticks[len(ticks) // 4 :]]
    assert all(applied is not None for applied in told)
    assert all(tick.result.error_adapted is not None for tick in ticks[len(ticks) // 4 :])


def test_without_a_share_a_tick_has_one_action() -> None:
    ticks, played = drive(0.0)
    assert all(tick.result.schedule.feedback is None for tick in ticks)
    assert len({action.tobytes() for action in played}) <= len(ticks)


def test_the_same_seed_gives_the_same_bits() -> None:
    first, second = (drive(0.5)[1] for _ in range(2))
    np.testing.assert_array_equal(first, second)
