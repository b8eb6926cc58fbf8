"""What a run leaves in its servo log so that its controller can be run once more.

Once what was set up, then of every tick what it began from and what it answered. The plan is kept whole, with what the
planner wanted back: each tick can then be searched again from where it really began, even where the deadline had cut
the one before it short. A planner's feedback gains are left out, because no search begins from them.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from controller.config import RunSettings, checkpoint_path
from controller.controller import PlanFunction, TickResult
from controller.realtime import LoopTick
from controller.strict import plain
from hardware.log_reader import LogError, ServoLog
from hardware.robot import FloatArray
from planners.plan import Plan, PlanStatus
from planners.problem import Problem

Noted = dict[str, object]
"""One note of a log, see `hardware.log_writer`."""


class Witness:
    """A planner that remembers where the random numbers of its last search began; implements `PlanFunction`."""

    def __init__(self, planner: PlanFunction) -> None:
        self._planner = planner
        self.random: Mapping[str, Any] = {}
        """State of the generator."""

    def __call__(self, problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
        """Search."""
        self.random = rng.bit_generator.state
        return self._planner(problem, previous, rng)


@dataclass(frozen=True)
class RunTrace:
    """What was set up."""

    settings: Mapping[str, object]
    """Of the run, as in its settings.yaml."""
    checkpoint: str
    """SHA-256 of the model's file."""
    versions: Mapping[str, str]


@dataclass(frozen=True)
class TickTrace:
    """What one tick began from, and what it answered."""

    number: int
    """Of the tick among those that were planned, from 0 on."""
    time: float
    """Host clock [s]."""
    state: FloatArray
    """(S,), as the controller was told."""
    applied: FloatArray | None
    """(A,)"""
    random: Mapping[str, Any]
    """State of the generator when the search began."""
    plan: Plan
    """Without feedback gains."""
    error_prior: float | None
    error_adapted: float | None


def of_run(settings: RunSettings, versions: Mapping[str, str]) -> Noted:
    """Return the note to begin with."""
    checkpoint = fingerprint(checkpoint_path(settings, settings.adapter))
    return {"run": {"settings": plain(settings), "checkpoint": checkpoint, "versions": dict(versions)}}


def of_tick(number: int, tick: LoopTick[TickResult], random: Mapping[str, Any]) -> Noted:
    """Return the note of a tick; `random` is what its `Witness` remembers."""
    seen, result, plan = tick.observation, tick.result, tick.result.plan
    search = {
        "number": number,
        "time": seen.time,
        "state": _packed(seen.state),
        "applied": _packed(seen.applied),
        "random": random,
        "plan": {
            "time": plan.time,
            "step": plan.step,
            "actions": _packed(plan.actions),
            "states": _packed(plan.states),
            "memory": _packed(plan.memory),
            "status": plan.status.value,
        },
        "error_prior": _finite(result.error_prior),
        "error_adapted": _finite(result.error_adapted),
    }
    return {"search": search}


def read(log: ServoLog) -> tuple[RunTrace | None, list[TickTrace]]:
    """Return what a log holds of its plan loop: None where nothing was left, as before this was written down.

    Raises:
        LogError: a note is damaged.
    """
    run, ticks = None, []
    for entry in log.of("note"):
        note: dict[str, Any] = entry.json()
        try:
            if "run" in note:
                run = RunTrace(**note["run"])
            elif "search" in note:
                ticks.append(_tick(**note["search"]))
        except (TypeError, ValueError, KeyError) as error:
            raise LogError(f"log: note at {entry.time:.3f} s: expected a tick of the plan loop, got {error}") from error
    return run, ticks


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _tick(
    number: int,
    time: float,
    state: Sequence[Any],
    applied: Sequence[Any] | None,
    random: Mapping[str, Any],
    plan: Mapping[str, Any],
    error_prior: float | None,
    error_adapted: float | None,
) -> TickTrace:
    answered = Plan(
        time=plan["time"],
        step=plan["step"],
        actions=_unpacked(plan["actions"]),
        states=_unpacked(plan["states"]),
        cost=math.nan,
        status=PlanStatus(plan["status"]),
        evaluations=0,
        memory=None if plan["memory"] is None else _unpacked(plan["memory"]),
    )
    given = None if applied is None else _unpacked(applied)
    return TickTrace(number, time, _unpacked(state), given, random, answered, error_prior, error_adapted)


def _finite(number: float | None) -> float | None:
    """Return null for what JSON has not."""
    return number if number is not None and math.isfinite(number) else None


def _packed(array: FloatArray | None) -> list[object] | None:
    """Return an array as type, shape and its bytes as text: exact, and far quicker than digits."""
    if array is None:
        return None
    return [array.dtype.str, list(array.shape), base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()]


def _unpacked(packed: Sequence[Any]) -> FloatArray:
    kind, shape, text = packed
    return np.frombuffer(base64.b64decode(text), np.dtype(kind)).reshape(shape).copy()
