"""Where planners are compared: a plant in a closed loop with a model of it, a cost, bounds and a horizon.

An arena drives any planner from a seed and returns what the drive cost. Start, plant and problem depend on the seed
alone, so the runs of two planners with one seed are a pair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from benchmarks.planner_study.networks import PENDULUM_STEP, learned_pendulum, random_network, swing
from benchmarks.planner_study.quadratic import QuadraticCost
from benchmarks.planner_study.upright import UprightCost
from dynamics.model import Model
from dynamics.network import Weights
from dynamics.rollout.kernel import Kernel
from planners.plan import PlanFunction
from planners.problem import FloatArray, Problem


class Arena(Protocol):
    """What a comparison needs to know about a problem."""

    @property
    def name(self) -> str:
        """What the tables call it."""
        ...

    @property
    def horizon(self) -> int:
        """Actions that a plan looks ahead H."""
        ...

    @property
    def num_actions(self) -> int:
        """Action channels A."""
        ...

    @property
    def delayed(self) -> bool:
        """Whether what is decided at a tick takes effect a tick later."""
        ...

    @property
    def budget_ms(self) -> float:
        """CPU time of a plan in the comparison at equal time [ms]."""
        ...

    def network(self) -> tuple[Model, Weights]:
        """Return the model and the weights that plans are made with."""
        ...

    def drive(self, plan: PlanFunction, seed: int, *, short: bool = False, answers_late: bool = False) -> float:
        """Return the mean cost of an executed step.

        Args:
            plan: the planner, fresh.
            seed: fixes start, disturbances and the planner's generator.
            short: a shorter drive, for tuning.
            answers_late: the first action of a plan is the one being executed, as in the published planner; only
                an arena in which actions take effect a step late makes a difference.
        """
        ...


@dataclass(frozen=True)
class ModelArena:
    """A plant without delay: the loop is observe, plan, step.

    Attributes:
        model: what every planner uses, with its prior weights.
        kernel: the same for roll-outs.
        plant: what really happens: state (S,) and action (A,) to the next state (S,).
        cost: of a plan, and of what was executed.
        start: draws a state (S,).
        bound: largest magnitude of every action (A,).
        step: time of an action [s].
        steps: length of a drive.
        short_steps: length of a drive for tuning; half a swing-up says nothing about a planner.
    """

    name: str
    model: Model
    kernel: Kernel
    plant: Callable[[FloatArray, FloatArray], FloatArray]
    cost: QuadraticCost | UprightCost
    start: Callable[[np.random.Generator], FloatArray]
    bound: FloatArray
    horizon: int
    step: float
    steps: int
    short_steps: int
    budget_ms: float
    delayed: bool = False

    @property
    def num_actions(self) -> int:
        """Action channels A."""
        return len(self.bound)

    def network(self) -> tuple[Model, Weights]:
        """Return the model and the weights that plans are made with."""
        return self.model, self.model.prior

    def problem(self, state: FloatArray, time: float = 0.0, previous_action: FloatArray | None = None) -> Problem:
        """Return the problem of planning from a state."""
        low, high = -self.bound, self.bound
        return Problem(
            state, time, self.step, self.horizon, self.kernel, self.cost, low, high, previous_action=previous_action
        )

    def drive(self, plan: PlanFunction, seed: int, *, short: bool = False, answers_late: bool = False) -> float:
        """Return the mean cost of an executed step."""
        starts, draws = np.random.SeedSequence(seed).spawn(2)
        state, rng = self.start(np.random.default_rng(starts)), np.random.default_rng(draws)
        previous, action, costs = None, None, []
        for tick in range(self.short_steps if short else self.steps):
            problem = self.problem(state, tick * self.step, action)
            previous = plan(problem, previous, rng)
            action = np.clip(previous.action(problem.time), -self.bound, self.bound)
            after = self.plant(state, action)
            costs.append(float(np.mean(self.cost(np.stack([state, after])[None, None], action[None, None]))))
            state = after
        return float(np.mean(costs))


@cache
def synthetic() -> ModelArena:
    """The random network of 24 states and 8 inputs, driven to zero with |u| <= 1; the plant is the network itself."""
    model = random_network()
    kernel = Kernel(model, model.prior)
    cost = QuadraticCost(np.zeros(24), np.ones(24), np.full(8, 0.1))
    return ModelArena(
        "synthetic 24/8",
        model,
        kernel,
        kernel.predict,
        cost,
        lambda rng: rng.standard_normal(24),
        np.ones(8),
        horizon=15,
        step=0.02,
        steps=25,
        short_steps=12,
        budget_ms=5.0,
    )


@cache
def pendulum() -> ModelArena:
    """A torque-limited pendulum from hanging to upright: a learned network as the model, the equations as the plant.

    The horizon of 2 s holds a whole swing-up; with less, plans that are better by their own cost drive no better.
    """
    model = learned_pendulum()
    return ModelArena(
        "pendulum",
        model,
        Kernel(model, model.prior),
        swing,
        UprightCost((3, 4)),
        lambda rng: np.array([0.0, 0.0, 0.0, np.pi + rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5)]),
        np.full(1, 2.0),
        horizon=40,
        step=PENDULUM_STEP,
        steps=80,
        short_steps=80,
        budget_ms=5.0,
    )
