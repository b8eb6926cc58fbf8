"""MPPI and KMPPI of pytorch-mppi 0.9.1.

A step's cost of the project may look at two states (progress), so the cost of a whole roll-out is given to the library
as its terminal cost, which sees all states.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from pytorch_mppi import KMPPI, MPPI
from pytorch_mppi.mppi import RBFKernel
from torch import Tensor

from benchmarks.peers.scaling import Scaled
from benchmarks.peers.torch_model import TorchModel
from planners.plan import Plan
from planners.problem import Problem


@dataclass(frozen=True)
class MppiOptions:
    """What its constructor takes, and how often a plan is refined.

    Attributes:
        sequences: candidates of one iteration.
        iterations: calls per plan; all but the first refine without shifting.
        temperature: its lambda_.
        spread: standard deviation of the noise in scaled actions.
        support: control points of KMPPI; None is plain MPPI.
        width: length scale of the kernel between control points [steps].
    """

    sequences: int
    iterations: int
    temperature: float
    spread: float
    support: int | None = None
    width: float = 1.0


class PytorchMppiPlanner:
    """A controller of pytorch-mppi behind the project's planner signature.

    Args:
        options: its settings.
        horizon: actions a plan looks ahead H.
        num_actions: action channels A.
        num_states: state channels S.
        seed: of torch's global generator, which the library draws from.
        network: the model in torch; None lends it the project's kernel.
    """

    def __init__(
        self,
        options: MppiOptions,
        horizon: int,
        num_actions: int,
        num_states: int,
        seed: int,
        network: TorchModel | None,
    ) -> None:
        torch.manual_seed(seed)
        self._options, self._network, self._now = options, network, None
        ones = torch.ones(num_actions)
        settings = {
            "dynamics": self._dynamics,
            "running_cost": lambda states, actions: torch.zeros(len(states)),
            "terminal_state_cost": self._cost,
            "nx": num_states,
            "noise_sigma": torch.diag(options.spread**2 * ones),
            "num_samples": options.sequences,
            "horizon": horizon,
            "lambda_": options.temperature,
            "u_min": -ones,
            "u_max": ones,
            "U_init": torch.zeros(horizon, num_actions),
        }
        if options.support is None:
            self._library = MPPI(**settings)
        else:
            kernel = RBFKernel(sigma=options.width)
            self._library = KMPPI(**settings, num_support_pts=options.support, kernel=kernel)

    _now: Scaled | None

    def __call__(self, problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
        """Plan; the earlier plan and the generator are not used."""
        now = self._now = Scaled(problem, self._network)
        for iteration in range(self._options.iterations):
            self._library.command(now.state, shift_nominal_trajectory=iteration == 0)
        sequence: Tensor = self._library.get_action_sequence()
        return now.plan(sequence, self._options.iterations * self._options.sequences)

    def _dynamics(self, states: Tensor, scaled: Tensor) -> Tensor:
        now = self._of_this_plan()
        if now.network is None:
            return states
        return now.network.step(states, now.middle + now.reach * scaled)

    def _cost(self, states: Tensor, scaled: Tensor) -> Tensor:
        """Cost (N,) of states (1, N, H, S) after each step and scaled actions (1, N, H, A)."""
        now = self._of_this_plan()
        if now.network is None:
            return now.costs(scaled[0])
        start = now.state.expand(states.shape[1], 1, -1)
        return now.path_costs(torch.cat([start, states[0]], dim=1), now.middle + now.reach * scaled[0])

    def _of_this_plan(self) -> Scaled:
        if self._now is None:
            raise RuntimeError("pytorch-mppi: expected to be asked through a plan, got a call before the first one")
        return self._now
