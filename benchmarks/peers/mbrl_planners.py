"""CEM, iCEM and MPPI of mbrl 0.2.0, through its own TrajectoryOptimizer with its own warm start.

It maximises, draws from torch's global generator and keeps state between calls, so each drive builds a new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mbrl.planning.trajectory_opt import TrajectoryOptimizer
from omegaconf import OmegaConf
from torch import Tensor

from benchmarks.peers.scaling import Scaled
from benchmarks.peers.torch_model import TorchModel
from planners.plan import Plan
from planners.problem import Problem

_PLACE = "mbrl.planning.trajectory_opt"


@dataclass
class MbrlPlanner:
    """One optimizer of mbrl behind the project's planner signature.

    Attributes:
        optimizer: of the library, with its own memory.
        network: the model in torch; None lends it the project's kernel.
    """

    optimizer: TrajectoryOptimizer
    network: TorchModel | None

    def __call__(self, problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
        """Plan; the earlier plan and the generator are not used."""
        scaled, evaluations = Scaled(problem, self.network), 0

        def reward(candidates: Tensor) -> Tensor:
            nonlocal evaluations
            evaluations += len(candidates)
            return -scaled.costs(candidates)

        best = self.optimizer.optimize(reward)
        return scaled.plan(torch.from_numpy(best), evaluations)


def build(
    kind: str, options: Mapping[str, Any], horizon: int, num_actions: int, seed: int, network: TorchModel | None
) -> MbrlPlanner:
    """Build an optimizer by class name with its constructor's options."""
    torch.manual_seed(seed)
    bounds = {"lower_bound": None, "upper_bound": None, "device": "cpu"}
    config = OmegaConf.create({"_target_": f"{_PLACE}.{kind}", **options, **bounds})
    ones = np.ones(num_actions)
    return MbrlPlanner(TrajectoryOptimizer(config, -ones, ones, horizon), network)
