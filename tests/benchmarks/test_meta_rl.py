"""What model-free methods learn on is what ours are paid for, under the same conditions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("gymnasium")

import matplotlib.pyplot as plt
import torch

from benchmarks.literature.cells import SETTINGS
from benchmarks.meta_rl import maml
from benchmarks.meta_rl.__main__ import Learn, Report, main
from benchmarks.meta_rl.progress import Act, Point, better
from benchmarks.meta_rl.report import SAMPLES, picture
from benchmarks.meta_rl.world import Task, World
from controller.courses.forward import Forward, Reward
from controller.courses.paths import Executed
from controller.settings.layers import read_yaml, resolve
from controller.training.settings import ExperimentSettings

SHORT = Task("E2", length=5, episodes=2)


def test_a_step_earns_what_our_runs_are_paid_for_it() -> None:
    world = World(SHORT)
    world.reset(options={"perturbations": SHORT.drawn("both", 0)})
    task, share = Forward(Reward(), np.ones(6)), np.array([1.0, -0.5, 0.2, 0.4, 1.0, -1.0], dtype=np.float32)
    before = task.locate(world.position)
    for _ in range(4):
        _, reward, *_ = world.step(share)
        after = task.locate(world.position)
        done = Executed(before, after, np.zeros(0), 0.05, (0, 1, 2), share.astype(np.float64))
        assert reward == pytest.approx(-task.executed_cost(done))
        before = after


def test_a_meta_episode_is_episodes_of_one_condition_each_from_the_start() -> None:
    world, action = World(SHORT), np.full(6, 0.5, dtype=np.float32)
    first, _ = world.reset(seed=3)
    seen = [world.step(action) for _ in range(10)]
    np.testing.assert_array_equal([each[0][-1] for each in seen], [0, 0, 0, 0, 1] * 2)  # an episode begins
    np.testing.assert_array_equal(seen[4][0][:18], first[:18])
    assert [each[1] for each in seen[5:]] == [each[1] for each in seen[:5]]
    np.testing.assert_array_equal([each[3] for each in seen], [False] * 9 + [True])
    np.testing.assert_allclose(seen[0][0][18:24], 0.5)
    assert seen[0][0][24] == pytest.approx(0.1 * seen[0][1])
    world.reset(options={"perturbations": SHORT.drawn("fshin", 0)})
    assert [str(each) for each in world.happens] == ["dead_motor:name=fshin"]
    assert [world.step(action)[1] for _ in range(5)] != [each[1] for each in seen[:5]]


def test_mamls_outer_gradient_is_that_of_finite_differences() -> None:
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    policy = tuple(each.detach().double().requires_grad_() for each in maml._untrained(World(SHORT), generator))

    def tried(seed: int) -> maml.Tried:
        drawn = torch.Generator().manual_seed(seed)
        shapes = ((12, policy[0].shape[0]), (12, 6), (12,))
        seen, acted, better = (torch.randn(shape, generator=drawn, dtype=torch.float64) for shape in shapes)
        return maml.Tried(seen, acted, better, 0.0)

    def outer(values: maml.Policy) -> torch.Tensor:
        return maml._loss(maml._adapted(values, tried(1)), tried(2))

    slope = torch.autograd.grad(outer(policy), policy)
    for layer in (0, 3, 6):
        step = torch.as_tensor(rng.normal(size=policy[layer].shape))
        moved = [
            tuple(each + sign * 1e-5 * step if index == layer else each for index, each in enumerate(policy))
            for sign in (1, -1)
        ]
        numeric = (outer(moved[0]) - outer(moved[1])) / 2e-5
        assert float((slope[layer] * step).sum()) == pytest.approx(float(numeric.detach()), rel=1e-5)


def test_rl2_learns_over_joined_episodes_and_remembers_within_a_run() -> None:
    pytest.importorskip("sb3_contrib")
    from benchmarks.meta_rl import rl2

    points = list(rl2.learned(SHORT, seed=0, tests=[80, 160], length=5, runs=1))
    assert [point.steps for point in points] == [80, 160], "eight bodies of two joined episodes of five steps"
    assert all(list(point.tested) == ["fshin", "ffoot", "both"] for point in points)
    assert points[0].tested != points[1].tested, "it learned something in between"


def test_rl2s_policy_has_a_memory_that_begins_with_each_run() -> None:
    pytest.importorskip("sb3_contrib")
    from benchmarks.meta_rl import rl2

    learner, seen = rl2.made(SHORT, seed=0), World(SHORT).reset(seed=0)[0]
    act, again = rl2.policy(learner), rl2.policy(learner)
    first = act(seen)
    assert np.abs(act(seen) - first).max() > 1e-6, "what it saw before counts"
    np.testing.assert_array_equal(again(seen), first)


@pytest.mark.parametrize("noisy_is_better", [True, False])
def test_what_is_sampled_counts_where_it_earns_more_than_the_mean(
    monkeypatch: pytest.MonkeyPatch, noisy_is_better: bool
) -> None:
    """A policy may have learned to run with its noise, and to stand still without."""
    seen = World(SHORT).reset(seed=0)[0]

    def tested(task: Task, begin: Callable[[str, int], Act], length: int, runs: int) -> dict[str, float]:
        act = begin("both", 0)
        noisy = not np.array_equal(act(seen), act(seen))
        return {"both": float(noisy == noisy_is_better)}

    monkeypatch.setattr(maml, "tested", tested)
    (point,) = maml.learned(SHORT, seed=0, tests=[1], length=5, runs=1)
    assert point.tested == {"both": 1.0}
    assert better({"a": 0.0, "b": 0.3}, {"a": 0.2, "b": 0.2}) == {"a": 0.2, "b": 0.2}


def test_rl2_without_its_library_is_one_line_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "benchmarks.meta_rl.rl2", None)
    with pytest.raises(SystemExit, match=r"rl2: needs sb3-contrib .*pip install 'limber\[bench\]'"):
        main(Learn("rl2"))


def test_episodes_are_as_long_as_was_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tasks = []

    def learned(task: Task, *_: object) -> Iterator[Point]:
        tasks.append(task)
        yield Point("maml", task.experiment, 0, 1, 0.0, {})

    monkeypatch.setattr(maml, "learned", learned)
    main(Learn("maml", "E2", episode=1000, out=tmp_path))
    assert tasks == [Task("E2", length=1000)]


@pytest.mark.parametrize("wrong", [{"episode": 0}, {"length": -5}, {"runs": 0}, {"tests": (100, 0)}])
def test_nothing_to_learn_in_is_one_line(wrong: dict[str, Any]) -> None:
    with pytest.raises(SystemExit, match="learn: expected --episode, --length, --runs and --tests of 1 or more, got "):
        main(Learn("maml", **wrong))


@pytest.mark.parametrize("experiment, suite", [("E2", "half-cheetah"), ("E4-half-cheetah", "half-cheetah-grbal")])
def test_ours_are_drawn_at_the_steps_that_their_suite_gathers(experiment: str, suite: str) -> None:
    settings = resolve(ExperimentSettings, [read_yaml(SETTINGS / f"{suite}.yaml")])
    episodes = settings.collect.episodes + settings.on_policy.rounds * settings.on_policy.episodes
    assert SAMPLES[experiment] == episodes * settings.collect.seconds * settings.rate_hz


def test_the_picture_has_a_frame_for_each_experiment(tmp_path: Path) -> None:
    points = [Point("maml", name, 0, 1000, 0.1, {"a": 0.2, "b": 0.4}) for name in SAMPLES]
    picture(points, None, tmp_path / "both.png")
    picture(points[:1], None, tmp_path / "one.png")
    both, one = (plt.imread(tmp_path / name) for name in ("both.png", "one.png"))
    assert both.shape[1] == 2 * one.shape[1]


def test_a_report_of_nothing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="expected tests that `learn` left"):
        main(Report(tmp_path))
