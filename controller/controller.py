"""The heart: observe, remember, adapt, plan, act.

    every tick     theta' = adapt(theta*, last M transitions)
                   u      = argmin over u_1..u_H of sum_h cost(s_h, u_h),  s_h+1 = s_h boxplus f_theta'(s_h, u_h)

Commands need time to come about: what plays for the first `delay_ticks` after now is already decided, the model
predicts the state behind it, and planning starts there.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from controller import following
from controller.courses.lead import Wanted
from controller.courses.paths import START, Executed, Progress, Task
from controller.rhythm import ControlSettings
from controller.tick import Actions, Memory, Observation, TickResult
from dynamics.adapters.base import Adapter, refit
from dynamics.model import Model
from dynamics.rollout.kernel import Kernel
from dynamics.transitions import FloatArray, History
from hardware.schedule import ActionSchedule
from hardware.steering import STILL
from planners.plan import Plan, PlanFunction, PlanStatus, checked
from planners.problem import Model as Predictor
from planners.problem import Problem

Foresight = Callable[[Kernel, FloatArray, FloatArray, float], tuple[FloatArray, Predictor]]
"""Where planning starts and what predicts from there. From the learned model that is trusted now, the present state
(S,), the actions under way (D, A) and the share of a tick for which the last one plays: the state (S,) behind them, and
what predicts from there."""
STANDING = "standing"
"""Status of a tick at which a robot that is steered was told to stand: its plan is not played."""


def learned(kernel: Kernel, state: FloatArray, under_way: FloatArray, share: float) -> tuple[FloatArray, Predictor]:
    """Predict the state behind the actions under way with the learned model, and plan with it."""
    if not len(under_way):
        return state, kernel
    path = kernel.rollout(state, under_way[None])[:, 0].mean(axis=0, dtype=np.float64)
    return path[-1] if share == 1.0 else kernel.between(path[-2], path[-1], share), kernel


class Controller:
    """Adapts a model and plans with it, once a tick.

    Args:
        model: the trained dynamics model; its step is the control period.
        adapter: window in, weights out.
        planner: what searches for actions.
        course: what to achieve: a path, or the reward of a hidden goal.
        settings: rhythm.
        actions: what the robot's actions may be.
        rng: randomness of the planner.
        real_time: give the planner a deadline; otherwise every search runs to its end, so that runs are reproducible.
        foresight: what predicts while planning; the learned model, or the oracle in its place.
    """

    def __init__(
        self,
        model: Model,
        adapter: Adapter,
        planner: PlanFunction,
        course: Task,
        settings: ControlSettings,
        actions: Actions,
        *,
        rng: np.random.Generator,
        real_time: bool = False,
        foresight: Foresight = learned,
    ) -> None:
        self._model, self._adapter, self._planner, self._course = model, adapter, planner, course
        self._foresight = foresight
        self._settings, self._actions, self._rng = settings, actions, rng
        self._period, self._pose = 1.0 / settings.rate_hz, model.space.pose
        self._turning = np.append(model.space.angles, self._pose[2])
        self._delay = settings.delay_ticks * self._period
        self._latest = settings.latest * self._period if real_time else None
        self._prior = Kernel(model, adapter.initial().weights)
        self._adapted = Kernel(model, adapter.initial().weights)
        self.reset()

    def reset(self) -> None:
        """Forget everything that was observed: history, adapted weights, plan and progress."""
        self._memory = Memory(History(self._adapter.window), refit(self._adapter, self._adapter.initial(), None))

    def pursue(self, course: Task) -> None:
        """Head for another course, from its beginning on."""
        self._course, self._memory = course, replace(self._memory, progress=START)

    def succeed(self, other: Controller) -> None:
        """Go on where another one stopped, with what it saw, planned and pursued, and its randomness."""
        history = History(self._adapter.window, other._memory.history.transitions[-self._adapter.window :])
        adapted = refit(self._adapter, self._adapter.initial(), history.window)
        self._memory = replace(other._memory, history=history, adapted=adapted, errors=())
        self._rng, self._course = other._rng, other._course
        self._adapted.load(adapted.weights)

    def fan(self, plan: Plan, most: int) -> FloatArray:
        """Return states (K, H + 1, S) that the best candidates behind a plan would lead to, as the model now has it."""
        if plan.memory is None or plan.status is PlanStatus.NO_PLAN:
            return np.empty((0, *plan.states.shape))
        kernel = self._adapted if self._trusted(self._memory) else self._prior
        led: FloatArray = kernel.rollout(plan.states[0], plan.memory[:most]).mean(axis=0, dtype=np.float64)
        return led

    def tick(self, observation: Observation) -> TickResult:
        """Decide what to do from an observation: remember, adapt, predict over the delay, plan."""
        started = time.perf_counter()
        before = self._memory
        memory = self._remember(before, observation)
        if memory.history is not before.history:
            memory = self._adapt(memory)
        adapted = time.perf_counter()
        plan, schedule = self._plan(memory, observation, started)
        planned = time.perf_counter()
        self._memory = replace(memory, plan=plan, schedule=schedule)
        fresh, still = memory.errors is not before.errors, memory.progress.still
        done = (before.progress, memory.progress, observation.state, self._period, self._pose, observation.applied)
        cost = self._course.executed_cost(Executed(*done))
        return TickResult(
            schedule=schedule,
            plan=plan,
            action=self._actions.rest if still else plan.action(observation.time + self._delay),
            status=STANDING if still else plan.status.value,
            error_prior=memory.errors[-1][0] if fresh else None,
            error_adapted=memory.errors[-1][1] if fresh else None,
            rejected=not self._trusted(memory),
            progress=memory.progress,
            cost=cost,
            adapt_ms=1e3 * (adapted - started),
            plan_ms=1e3 * (planned - adapted),
            tick_ms=1e3 * (planned - started),
            adaptation=memory.adapted.status.value,
            belief=memory.adapted.belief,
        )

    def rehearse(self, observation: Observation) -> None:
        """Do a tick for nothing: the next one then finds code and data in the caches."""
        memory, rng = self._memory, self._rng
        self._rng = copy.deepcopy(rng)
        self.tick(observation)
        self._memory, self._rng = memory, rng
        self._adapted.load(memory.adapted.weights)

    def _remember(self, memory: Memory, observation: Observation) -> Memory:
        """Append the transition that just ended, and judge both models on it before either has learned from it.

        A transition that was not measured, or that no single action drove, is left out; so is one of a robot that was
        told to stand, from which nothing is learned about running.
        """
        if not np.isfinite(observation.state).all():
            return replace(memory, state=None)
        wanted = Wanted(observation.time, observation.wanted or STILL)
        progress = self._course.locate(observation.state[[*self._pose]], memory.progress, wanted)
        if memory.state is None or observation.applied is None or self._rested(progress, observation.applied):
            return replace(memory, state=observation.state, progress=progress)
        errors = (
            self._error(self._prior, memory.state, observation.applied, observation.state),
            self._error(self._adapted, memory.state, observation.applied, observation.state),
        )
        return replace(
            memory,
            history=memory.history.append(memory.state, observation.applied, observation.state),
            state=observation.state,
            progress=progress,
            errors=(*memory.errors, errors)[-self._settings.trust :],
        )

    def _rested(self, progress: Progress, applied: FloatArray) -> bool:
        """Whether a robot that is steered stood over the last tick."""
        return progress.lead is not None and np.array_equal(applied, self._actions.rest)

    def _adapt(self, memory: Memory) -> Memory:
        """Re-fit the model to the window."""
        return replace(memory, adapted=refit(self._adapter, memory.adapted, memory.history.window))

    def _plan(self, memory: Memory, observation: Observation, started: float) -> tuple[Plan, ActionSchedule]:
        """Predict the state behind the actions under way, and search from there with the model that earned trust."""
        delay, now = self._settings.delay_ticks, observation.time
        whole = math.ceil(delay)
        start = now + (delay - whole) * self._period  # the first action under way may have begun before now
        low, high = self._actions.low, self._actions.high
        # Predict over the delay: what the actions under way, which are decided already, lead to.
        under_way = self._under_way(memory.schedule, now, whole)
        kernel = self._adapted if self._trusted(memory) else self._prior
        self._adapted.load(memory.adapted.weights)
        state = np.full(self._model.space.size, np.nan) if memory.state is None else memory.state
        expected = following.expected(under_way, memory.schedule, now, state, self._turning, self._actions)
        state, model = self._foresight(kernel, state, expected, 1.0 + delay - whole)
        previous_action = expected[-1] if delay else observation.applied
        # Search from there.
        problem = Problem(
            state=state,
            time=now + delay * self._period,
            step=self._period,
            horizon=self._settings.horizon,
            model=model,
            cost=self._course.cost(memory.progress, self._period, self._pose, previous_action),
            low=low,
            high=high,
            risk=self._settings.risk,
            chunk=self._settings.chunk,
            deadline=None if self._latest is None else started + self._latest,
            previous_action=None if previous_action is None else np.clip(previous_action, low, high),
        )
        plan = checked(self._planner(problem, memory.plan, self._rng), problem)
        # Play the actions under way, then the plan; without a new one what has been playing, or rest.
        if memory.progress.still:
            return plan, self._resting(now)
        if plan.status is PlanStatus.NO_PLAN or plan.status is PlanStatus.KEPT_PREVIOUS:
            expires = now + self._settings.expiry * self._period
            return plan, memory.schedule or ActionSchedule(now, self._period, self._actions.rest[None], expires)
        actions, share = np.concatenate([under_way, plan.actions]), self._settings.feedback
        feedback = following.feedback(memory.schedule, start, whole, plan, share) if share else None
        expires = start + len(actions) * self._period + self._settings.expiry * self._period
        return plan, ActionSchedule(start, self._period, actions, expires, feedback)

    def _resting(self, now: float) -> ActionSchedule:
        """Return the schedule of a robot that stands, as long as one with a plan."""
        rest = np.tile(self._actions.rest, (self._settings.horizon, 1))
        end = now + (len(rest) + self._settings.expiry) * self._period
        return ActionSchedule(now, self._period, rest, end)

    def _under_way(self, schedule: ActionSchedule | None, now: float, count: int) -> FloatArray:
        """Return the actions (D, A) that were decided earlier and play until the new plan takes effect."""
        rest = self._actions.rest
        times = [now + tick * self._period for tick in range(count)]
        played = [None if schedule is None else schedule.action(time, rest) for time in times]
        return np.array([rest if action is None else action for action in played]).reshape(-1, len(rest))

    def _trusted(self, memory: Memory) -> bool:
        """Whether the adapted model predicted what came next at least as well as the prior did lately."""
        if not memory.errors:
            return True
        prior, adapted = np.mean(memory.errors, axis=0)
        return bool(adapted <= prior)

    def _error(self, kernel: Kernel, state: FloatArray, action: FloatArray, next_state: FloatArray) -> float:
        """Return the normalised one-step error of a model on one transition."""
        space = self._model.space
        miss = space.difference(next_state, state) - space.difference(kernel.predict(state, action), state)
        return float(np.mean((miss / self._model.increments.std) ** 2))
