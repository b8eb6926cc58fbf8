"""The run forwards: its price is gymnasium's reward, and every command knows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controller.cli import main
from controller.config import RunSettings, run_settings
from controller.courses import forward
from controller.courses.forward import Forward, Reward
from controller.courses.paths import START, Executed, Progress
from controller.mission import Mission
from controller.settings.layers import Layer
from controller.settings.robots import spec
from dynamics import checkpoint
from sim.bodies.base import Setpoints
from sim.bodies.factory import simulate
from sim.terrain import TERRAINS
from tests.controller.conftest import untrained

STEP = 0.05
COURSES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "half-cheetah": ("HalfCheetah-v5", "forward", {"reset_noise_scale": 1e-3}),
    "ant": (
        "Ant-v5",
        "forward:effort=0.005,alive=0.05",
        {
            "ctrl_cost_weight": 0.005,
            "contact_cost_weight": 0.0,
            "healthy_reward": 0.05,
            "terminate_when_unhealthy": False,
            "main_body": "torso",
        },
    ),
}


@pytest.mark.parametrize("robot", COURSES)
def test_the_executed_cost_is_gymnasiums_reward(robot: str) -> None:
    gymnasium = pytest.importorskip("gymnasium")
    name, course, options = COURSES[robot]
    facts, environment = spec(robot), gymnasium.make(name, **options).unwrapped
    task = Mission.of(RunSettings(robot=robot, course=course, adapter="mb"), fast=True).task
    environment.reset(seed=0)
    ours, most = simulate(facts.anatomy, TERRAINS["flat"]), np.array(facts.limits.torque)
    ours.data.qpos[:], ours.data.qvel[:] = environment.data.qpos, environment.data.qvel
    before, none, rng = task.locate(ours.position), np.zeros(len(most)), np.random.default_rng(1)
    paid, earned = 0.0, 0.0
    for _ in range(20):
        share = rng.uniform(-1.0, 1.0, len(most))
        paid += environment.step(share)[1]
        ours.command(Setpoints(none, none, most * share, none, none))
        ours.step(5)
        after = task.locate(ours.position, before)
        earned -= task.executed_cost(Executed(before, after, none, STEP, (0, 1, 2), most * share))
        before = after
        # The ant's environment reads where it is one physics step late, so the last step is not yet paid.
        late = 0.2 * abs(ours.velocity[0]) + 0.01 if robot == "ant" else 1e-9
        assert earned == pytest.approx(paid, abs=late)


def test_planned_and_executed_steps_cost_the_same() -> None:
    task = Forward(Reward(effort=0.3, alive=0.1), np.array([2.0, 4.0]))
    states, actions = np.zeros((1, 1, 2, 3)), np.array([[[1.0, -4.0]]])
    states[0, 0, :, 0] = 1.0, 1.2
    planned = task.cost(Progress(1.0, 0.0, 0.0, 0.0), STEP, (0, 1, 2))(states, actions)
    before, after = (task.locate(state) for state in states[0, 0])
    assert planned[0, 0] == pytest.approx(
        task.executed_cost(Executed(before, after, states[0, 0, 1], STEP, (0, 1, 2), actions[0, 0]))
    )
    assert planned[0, 0] == pytest.approx(0.3 * (0.25 + 1.0) - 0.1 - 4.0)
    assert task.locate(np.zeros(3)).s == START.s


@pytest.mark.parametrize(
    "text, message",
    [
        ("forward:efort=1", "forward: unknown key 'efort'; expected one of alive, effort; did you mean 'effort'"),
        ("forward:effort=much", "forward: effort: expected a number, got 'much'"),
        ("forward:alive=-1", "forward: alive: expected zero or a positive number, got '-1'"),
        ("foward", "unknown course 'foward'; expected one of .* did you mean 'forward'"),
    ],
)
def test_what_cannot_be_is_one_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run_settings([Layer("command line", {"course": text})])


def test_a_run_forwards_tells_its_mean_return(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "roach-mb.safetensors"
    checkpoint.save(untrained("mb"), model)
    line = [
        "run",
        "--fast",
        "--no-video",
        "--adapter",
        "mb",
        "--checkpoint",
        str(model),
        "--course",
        "forward:effort=0",
    ]
    few = ["--set", "planner.search.candidates=8", "--set", "planner.search.elites=4", "--seconds", "1"]
    assert main([*line, *few, "--out", str(tmp_path / "run"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["return_mean"] == pytest.approx(told["progress_m"] / 0.05 / (told["ticks"] - 1))
    assert told["course"] == forward.NAME
    assert told["path_error_m"] is None
    assert main(["list", "courses"]) == 0
    assert forward.DESCRIPTION in capsys.readouterr().out


def task(**control: float) -> Forward:
    values = {"robot": "go2", "course": "forward", "adapter": "mb", "control": control}
    found = Mission.of(run_settings([Layer("test", values)]), fast=True).task
    assert isinstance(found, Forward)
    return found


def test_a_price_of_changes_is_for_plans_and_no_part_of_the_reward() -> None:
    priced, free = task(change=2.0), task(change=0.0)
    count, width = len(priced.largest), [action.high - action.low for action in spec("go2").actions]
    states, actions = np.zeros((1, 1, 3, 40)), np.zeros((1, 2, count))
    actions[0, :, 0] = 0.1 * width[0]
    costs = [float(each.cost(START, STEP, (0, 1, 2), -actions[0, 0])(states, actions)[0, 0]) for each in (priced, free)]
    assert costs[0] - costs[1] == pytest.approx(2.0 * 0.2**2)  # from the action before
    done = Executed(START, START, states[0, 0, 0], STEP, (0, 1, 2), actions[0, 1])
    assert priced.executed_cost(done) == free.executed_cost(done)


def test_a_price_of_tilt_is_for_plans_and_no_part_of_the_reward() -> None:
    priced, free = task(tilt=3.0, upright=0.2), task(tilt=0.0)
    assert free.tilt is None
    assert priced.tilt is not None
    assert (priced.tilt.weight, priced.tilt.free) == (3.0, 0.2)
    cost = priced.cost(START, STEP, (0, 1, 2))
    leaning = np.zeros((1, 1, 2, 40))
    leaning[..., list(priced.tilt.channels)] = 0.5
    still = np.zeros((1, 1, len(priced.largest)))
    assert float(cost(leaning, still)[0, 0]) > float(free.cost(START, STEP, (0, 1, 2))(leaning, still)[0, 0])
    lying = Executed(START, START, leaning[0, 0, 0], STEP, (0, 1, 2))
    assert priced.executed_cost(lying) == free.executed_cost(lying)


def test_a_price_of_leaps_and_of_effort_is_for_plans_and_no_part_of_the_reward() -> None:
    priced, free = task(leap=5.0, height=0.4, calm=0.2), task()
    assert free.leap is None
    assert priced.leap is not None
    assert (priced.leap.weight, priced.leap.free) == (5.0, 0.4)
    states, actions = np.zeros((1, 1, 2, 40)), np.zeros((1, 1, len(priced.largest)))
    states[0, 0, 1, list(priced.leap.channels)], actions[0, 0, 1] = 6.0, 0.5 * priced.largest[1]
    dear, cheap = (float(each.cost(START, STEP, (0, 1, 2))(states, actions)[0, 0]) for each in (priced, free))
    assert dear - cheap == pytest.approx(5.0 * 5.6**2 + 0.2 * 0.5**2)
    done = Executed(START, START, states[0, 0, 1], STEP, (0, 1, 2), actions[0, 0])
    assert priced.executed_cost(done) == free.executed_cost(done)
