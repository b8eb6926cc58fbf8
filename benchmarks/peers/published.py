"""The planner of the published crawler experiments, re-made from its description.

Random shooting: N sequences of H actions drawn uniformly within the bounds, the cheapest one wins, nothing is carried
over. The first action of every sequence is the one being executed, so the second one is what is sent: that makes up for
one step of delay. Published settings: 2,000 sequences of 5 steps, or 500 of 10, with a network of 3 x 500.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.peers.scaling import answer
from planners.plan import Plan
from planners.problem import Problem


@dataclass(frozen=True)
class PublishedPlanner:
    """Uniform random shooting.

    Attributes:
        sequences: candidates N.
        horizon: steps of each H, whatever the problem says.
        executing_first: the first action is fixed to the one being executed.
    """

    sequences: int = 2000
    horizon: int = 5
    executing_first: bool = True

    def __call__(self, problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
        """Plan; the earlier plan says only which action is being executed."""
        shape = (self.sequences, self.horizon, problem.num_actions)
        candidates = rng.uniform(problem.low, problem.high, shape)
        if self.executing_first:
            executing = problem.previous_action if previous is None else previous.action(problem.time)
            candidates[:, 0] = (problem.low + problem.high) / 2 if executing is None else executing
        costs, _ = problem.evaluate(candidates)
        return answer(problem, candidates[int(np.argmin(costs))], self.sequences)
