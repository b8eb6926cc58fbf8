"""What a model-free method came to after so many steps: a line of JSON each time it was tested."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.literature.experiments import EXPERIMENTS
from benchmarks.meta_rl.world import Observation, Task, World
from dynamics.transitions import FloatArray

Act = Callable[[Observation], FloatArray]
"""What a policy does, one observation after another, from the start of a run on."""


@dataclass(frozen=True)
class Point:
    """One test.

    Attributes:
        steps: of the environment that the method had learned from.
        trained: mean reward a step in training lately.
        tested: mean reward a step of the test conditions, by name.
    """

    method: str
    experiment: str
    seed: int
    steps: int
    trained: float
    tested: Mapping[str, float]


def tested(task: Task, begin: Callable[[str, int], Act], length: int, runs: int) -> dict[str, float]:
    """Return mean rewards a step over runs of `length` steps; `begin` makes a policy ready for a run of a condition."""
    world = World(Task(task.experiment, length, episodes=2))  # of two, so that the run ends before it starts again
    found = {}
    for condition in EXPERIMENTS[task.experiment].conditions:
        rewards = []
        for number in range(runs):
            act = begin(condition, number)
            seen, _ = world.reset(options={"perturbations": task.drawn(condition, number)})
            for _ in range(length):
                seen, reward, *_ = world.step(act(seen).astype(np.float32))
                rewards.append(reward)
        found[condition] = float(np.mean(rewards))
    return found


def better(*ways: dict[str, float]) -> dict[str, float]:
    """Return what the best of several ways to act earned: in doubt for what ours are compared with."""
    return max(ways, key=lambda way: float(np.mean(list(way.values()))))


def note(folder: Path, point: Point) -> None:
    """Add a test to a folder's record."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{point.experiment}.{point.method}.{point.seed}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(point)) + "\n")


def noted(folder: Path) -> list[Point]:
    """Return all tests of a folder's record."""
    lines = [line for file in sorted(folder.glob("*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines()]
    return [Point(**json.loads(line)) for line in lines]
