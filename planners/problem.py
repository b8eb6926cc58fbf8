"""What a planner is asked: the cheapest action sequence from a state, under a model, within bounds and a deadline.

    minimise over u_1..u_H   cost(s_0..s_H, u_1..u_H)   with s_h predicted by the model, low <= u_h <= high

A planner is a pure function `plan(problem, settings, previous, rng) -> Plan`; everything that it may know is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from time import perf_counter
from typing import Any, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
AnyFloats = NDArray[np.floating[Any]]
"""Predictions may be single precision: a roll-out kernel is faster in float32."""

CHUNK = 128
"""Candidates between two looks at the clock: about half a millisecond of roll-outs."""


class PlanningError(ValueError):
    """A problem or a planner's settings make no sense, or what a user plugged in answers in another shape."""


class PlannerSettings(Protocol):
    """What the settings of all planners have in common; a value out of range raises PlanningError."""

    @property
    def kind(self) -> str:
        """Name of the planner."""


@runtime_checkable
class Sizable(Protocol):
    """Settings of a planner whose search can be made smaller; those of others need not know of it."""

    def sized(self, share: float) -> Self:
        """Return settings of a search with a share of the candidates, in (0, 1]."""


def share_of(count: int, share: float, least: int) -> int:
    """Return a share of a count, but no less than makes sense."""
    return max(round(share * count), min(count, least))


LARGEST = 20_000
"""No count of candidates, rounds or steps may be larger: nothing useful is, and one beyond fills memory and time."""


def expect(settings: PlannerSettings, holds: bool, rule: str) -> None:
    """Raise PlanningError unless a rule about settings holds, naming its fields, and no count is above `LARGEST`."""
    told = vars(settings).items()
    large = [f"{name} {value}" for name, value in told if isinstance(value, int) and value > LARGEST]
    if large or not holds:
        got = large or [f"{name} {value}" for name, value in told if name in rule.split()]
        raise PlanningError(
            f"{settings.kind}: expected {f'at most {LARGEST:,}' if large else rule}, got {', '.join(got)}"
        )


def numbers(place: str, value: object) -> NDArray[Any]:
    """Return real numbers as an array; raise PlanningError for what is none, or hides some behind a mask."""
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:  # ragged lists, and torch's tensors with a gradient
        raise PlanningError(f"{place}: expected real numbers, got {' '.join(str(error).split())}") from error
    if array.dtype.kind not in "fiub" or isinstance(value, np.ma.MaskedArray):
        raise PlanningError(f"{place}: expected real numbers, got {array.dtype} in {type(value).__name__}")
    return array


class Model(Protocol):
    """What predicts. The planner never asks how."""

    def rollout(self, state: FloatArray, actions: FloatArray) -> AnyFloats:
        """Predict states (E, N, H + 1, S) of E ensemble members from state (S,) under actions (N, H, A).

        Index 0 of the time axis is the given state. The result is read before the next call, so it may be a buffer.
        """


Cost = Callable[[AnyFloats, FloatArray], AnyFloats]
"""Map predicted states (E, N, H + 1, S) and actions (N, H, A) to costs (E, N), or (N,) where members agree."""


@dataclass(frozen=True)
class Risk:
    """How the costs of E members become one: networks of an ensemble, or samples of the adapted weights.

    The CVaR is the mean over the worst share of the members (Rockafellar and Uryasev 2000): a share of 1 gives the
    mean, a share of one member the worst.

    Attributes:
        measure: the mean, the worst, or the CVaR of the members.
        tail: share of the members, the worst ones, over which the CVaR averages, in (0, 1]; else ValueError.
    """

    measure: Literal["mean", "worst", "cvar"] = "mean"
    tail: float = 0.3

    def __post_init__(self) -> None:
        if not 0 < self.tail <= 1:
            raise ValueError(f"tail: expected a share in (0, 1], got {self.tail}")

    def __call__(self, costs: AnyFloats) -> AnyFloats:
        """Return one cost per candidate (N,) from the costs of the members (E, N)."""
        if len(costs) == 1:
            return np.asarray(costs[0])
        match self.measure:
            case "mean":
                return np.asarray(costs.mean(axis=0))
            case "worst":
                return np.asarray(costs.max(axis=0))
            case "cvar":
                return np.asarray(_weights(len(costs), self.tail) @ np.sort(costs, axis=0))


def _weights(members: int, tail: float) -> FloatArray:
    """Weights (E,) of costs in rising order; a member that the tail cuts through counts in part."""
    worse = np.arange(members - 1.0, -1.0, -1.0)
    inside = np.clip(tail * members - worse, 0.0, 1.0)
    return np.asarray(inside / inside.sum())


@dataclass(frozen=True)
class Problem:
    """One planning problem. Raises PlanningError for shapes, bounds, a step or a horizon that cannot be.

    Attributes:
        state: where the robot is, or will be when the plan starts (S,).
        time: when the plan starts [s].
        step: how long each action is held [s].
        horizon: number of actions H.
        model: predicts candidates.
        cost: ranks candidates.
        low: smallest allowed action (A,).
        high: largest allowed action (A,).
        deadline: reading of `clock` by which the plan is due [s]; None plans without a limit.
        previous_action: the action being executed (A,), where a search without an earlier plan starts.
        clock: what `deadline` is compared with [s].
        risk: makes one cost of what the ensemble members say.
        chunk: most candidates that a search evaluates between two looks at the clock.
        size: share of its usual candidates that a search should be content with, in (0, 1].
    """

    state: FloatArray
    time: float
    step: float
    horizon: int
    model: Model
    cost: Cost
    low: FloatArray
    high: FloatArray
    deadline: float | None = None
    previous_action: FloatArray | None = None
    clock: Callable[[], float] = perf_counter
    risk: Risk = field(default_factory=Risk)
    chunk: int = CHUNK
    size: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.size <= 1:
            raise PlanningError(f"problem: expected a size in (0, 1], got {self.size}")
        if min(self.horizon, self.chunk) < 1 or not 0 < self.step < np.inf:
            got = f"{self.horizon}, {self.chunk} and {self.step}"
            raise PlanningError(f"problem: expected horizon and chunk >= 1 and a finite step > 0, got {got}")
        for name, array in (("state", self.state), ("low", self.low), ("high", self.high)):
            if (shape := numbers(f"problem: {name}", array).shape) != (array.size or 1,):
                raise PlanningError(f"problem: expected {name} (n,), got shape {shape}")
        same = self.low.ndim == 1 and self.low.shape == self.high.shape
        if not same or not bool(np.all((-np.inf < self.low) & (self.low < self.high) & (self.high < np.inf))):
            raise PlanningError(f"problem: expected finite bounds (A,), low < high, got {self.low} and {self.high}")
        if self.previous_action is not None and self.previous_action.shape != self.low.shape:
            raise PlanningError(f"problem: expected previous_action {self.low.shape}, got {self.previous_action.shape}")

    @property
    def num_actions(self) -> int:
        """Number of action channels A."""
        return len(self.low)

    def evaluate(self, actions: FloatArray) -> tuple[FloatArray, AnyFloats]:
        """Roll out candidates (N, H, A); return their costs (N,) and predicted states (E, N, H + 1, S).

        A candidate with a non-finite prediction or cost, of whichever member, costs +inf: it cannot win. Raises
        PlanningError where the model or the cost answers in another shape than that of its protocol.
        """
        with np.errstate(all="ignore"):
            states, number = numbers("model", self.model.rollout(self.state, actions)), len(actions)
            expected = (number, actions.shape[1] + 1, len(self.state))
            if states.ndim != 4 or states.shape[1:] != expected or not len(states):
                raise PlanningError(f"model: expected states (E, N, H + 1, S) of {expected}, got shape {states.shape}")
            costs = np.asarray(numbers("cost", self.cost(states, actions)), dtype=np.float64)
            if costs.shape not in ((number,), (len(states), number)):
                wanted = f"({number},) or {(len(states), number)}"
                raise PlanningError(f"cost: expected shape (N,) or (E, N), {wanted}, got {costs.shape}")
            costs = np.atleast_2d(costs)
            usable, ranked = np.isfinite(costs.sum(axis=0) + states.sum(axis=(0, 2, 3))), self.risk(costs)
            if np.shape(ranked) != (number,):
                raise PlanningError(f"risk: expected one cost per candidate, ({number},), got {np.shape(ranked)}")
            return np.where(usable, ranked, np.inf), states

    def rounds(self, limit: int | None = None) -> Iterator[int]:
        """Yield 0, 1, ... up to `limit` rounds, as long as one more of average length ends before the deadline."""
        started = self.clock()
        for finished in count() if limit is None else range(limit):
            if self.deadline is not None:
                now = self.clock()
                expected = (now - started) / finished if finished else 0.0
                if now + expected > self.deadline:
                    return
            yield finished


def cheapest(costs: FloatArray, number: int) -> NDArray[np.intp]:
    """Return the indices of the `number` least finite costs (N,), least first; fewer where fewer are finite."""
    order = np.argsort(costs, kind="stable")[:number]
    return order[np.isfinite(costs[order])]
