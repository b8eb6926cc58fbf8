"""Peers plan in actions scaled to [-1, 1], where their defaults make sense, and answer with a plan of this project."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.peers.torch_model import TorchModel
from planners.plan import Plan, PlanStatus
from planners.problem import FloatArray, Problem


@dataclass(frozen=True)
class Scaled:
    """A problem as a peer sees it.

    Attributes:
        problem: the problem.
        network: the problem's model in torch; None lends the peer the project's own kernel instead.
    """

    problem: Problem
    network: TorchModel | None

    @property
    def state(self) -> Tensor:
        """Where the plan starts (S,), float32."""
        return torch.from_numpy(self.problem.state).float()

    @property
    def middle(self) -> Tensor:
        """Middle of the action range (A,)."""
        return torch.from_numpy((self.problem.low + self.problem.high) / 2).float()

    @property
    def reach(self) -> Tensor:
        """Half of the action range (A,)."""
        return torch.from_numpy((self.problem.high - self.problem.low) / 2).float()

    def costs(self, scaled: Tensor) -> Tensor:
        """Return the cost (N,) of scaled sequences (N, H, A)."""
        actions = self.middle + self.reach * scaled
        if self.network is None:
            costs, _ = self.problem.evaluate(actions.double().numpy())
            return torch.from_numpy(costs).float()
        return self.path_costs(self.network.rollout(self.state, actions), actions)

    def path_costs(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return the cost (N,) of predicted states (N, H + 1, S) and actions (N, H, A) in their own units."""
        costs = np.asarray(self.problem.cost(states.numpy()[None], actions.double().numpy()))
        return torch.from_numpy(costs if costs.ndim == 1 else costs.mean(axis=0)).float()

    def plan(self, scaled: Tensor, evaluations: int) -> Plan:
        """Return the project's plan of one scaled sequence (H, A); states and cost are not asked for."""
        actions = np.clip((self.middle + self.reach * scaled).double().numpy(), self.problem.low, self.problem.high)
        return answer(self.problem, actions, evaluations)


def answer(problem: Problem, actions: FloatArray, evaluations: int) -> Plan:
    """Return actions (H, A) as a plan that does not say what it leads to."""
    states = np.broadcast_to(problem.state, (len(actions) + 1, len(problem.state)))
    return Plan(problem.time, problem.step, actions, states, 0.0, PlanStatus.OK, evaluations)
