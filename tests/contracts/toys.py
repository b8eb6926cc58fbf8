"""One toy of everything that can be added, from outside the library: registered when this module is imported.

As a pytest plugin (`pytest -p tests.contracts.toys`) it takes them through the contract tests; as a module it runs.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from controller.courses import goals, paths
from controller.settings import assets
from dynamics import factory as adapters
from dynamics.adapters.base import Adapted, Adapter
from dynamics.meta import Windows
from dynamics.model import encode
from dynamics.network import Parts, Weights, forward
from dynamics.objectives.base import Objective, Part, window_errors
from dynamics.transitions import Transitions
from planners import factory as planners
from planners.plan import Plan, better, fallback, warm_start
from planners.problem import Problem
from sim.conditions.condition import Condition
from sim.perturbations import Perturbation, register
from sim.perturbations.codec import number
from tests.hardware import every as robots
from tests.sim.perturbed import CASES, Case


@dataclass(frozen=True)
class ToySettings:
    """Disturbs the earlier plan a little."""

    kind: Literal["toy"] = "toy"
    candidates: int = 48


def plan(problem: Problem, settings: ToySettings, previous: Plan | None, rng: np.random.Generator) -> Plan:
    best = fallback(problem, previous)
    noise = rng.normal(scale=0.2, size=(settings.candidates, problem.horizon, problem.num_actions))
    tries = warm_start(problem, previous) + (problem.high - problem.low) * noise
    for _ in problem.rounds(1):
        candidates = np.clip(tries, problem.low, problem.high)
        best = better(best, problem, candidates, *problem.evaluate(candidates))
    return best


@dataclass(frozen=True)
class ToyAdapterSettings:
    """The mean miss of the window is added to what the network says."""

    kind: Literal["toy"] = "toy"
    window: int = 6

    def __post_init__(self) -> None:
        if self.window < 1:
            raise ValueError(f"window: expected at least 1, got {self.window}")


def _moved(weights: Weights, inputs: Tensor, targets: Tensor) -> Weights:
    """Return weights whose last bias takes the mean miss of transitions (..., M, in) away."""
    return (*weights[:-1], weights[-1] + (targets - forward(weights, inputs)).mean(dim=-2))


@dataclass(frozen=True)
class ToyAdapter(Adapter):
    """See its settings."""

    settings: ToyAdapterSettings

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        newest = Transitions(*(part[-self.window :] for part in vars(window).values()))
        seen = (torch.from_numpy(part) for part in encode(self.model, newest))
        with torch.no_grad():
            return Adapted(_moved(self.model.prior, *seen))


@dataclass(frozen=True)
class ToyObjective(Objective):
    """The same while it learns, each window with weights of its own."""

    settings: ToyAdapterSettings

    def initial(self, generator: torch.Generator) -> Mapping[str, Part]:
        return {}

    def errors(self, parts: Parts, windows: Windows) -> Tensor:
        pairs = zip(*windows, strict=True)
        moved = ((_moved(parts["prior"], a, b), inputs, targets) for a, b, inputs, targets in pairs)
        return torch.cat([window_errors(forward(w, inputs), targets[None]) for w, inputs, targets in moved])

    def loss(self, parts: Parts, windows: Windows, generator: torch.Generator) -> Tensor:
        return self.errors(parts, windows).mean()


@register
@dataclass(frozen=True)
class ToyOil(Perturbation):
    """The joints turn in thick oil: their damping is multiplied."""

    name: ClassVar[str] = "toy_oil"
    factor: float = number()

    def change(self, condition: Condition) -> Condition:
        return condition.multiplied("dof_damping", self.factor)


planners.register(ToySettings, plan)
adapters.register(adapters.Kind(ToyAdapterSettings, ToyAdapter, ToyObjective))
CASES.append(Case("toy_oil:factor=30", lambda a, b: b.distance < 0.9 * a.distance, {"factors"}, {"dof_damping"}))
paths.register(paths.build("toy_hook", [(1.0, 0.0), (0.5, math.pi / 2)]))
goals.register(replace(goals.GOALS["hidden_speed"], name="toy_goal", description="hold a drift", low=0.0, high=0.02))

_FOLDER = tempfile.TemporaryDirectory(prefix="toys-")
ROBOT = Path(_FOLDER.name) / "toy.yaml"
"""A robot of one's own, beside whatever else lies there."""
ROBOT.write_text(
    assets.robot("roach").read_text(encoding="utf-8").replace("name: roach", "name: toy", 1), encoding="utf-8"
)
robots.NAMES.append(str(ROBOT))
