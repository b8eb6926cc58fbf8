"""What a run leaves in its servo log so that its controller can be run once more.

Once what was set up, then of every tick what it began from, what its planner was told of the time, and what it
answered. The plan is kept whole, with what the planner wanted back, so that each search can be repeated on its own, and
is cut short by its deadline at the same place. Gains are kept as far as the servo follows them.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from controller.config import RunSettings
from controller.following import FOLLOWED
from controller.loop.plan_loop import LoopTick
from controller.settings.layers import plain
from controller.tick import Observation
from dynamics.files import fingerprint
from hardware.robot import FloatArray
from hardware.servo_log.reader import ServoLog, reading
from hardware.steering import Velocity
from planners.plan import Plan, PlanFunction, PlanStatus
from planners.problem import Problem

Noted = dict[str, object]
"""One note of a log, see `hardware.servo_log.writer`."""
Errors = tuple[float | None, float | None]
"""Of a model, un-adapted and adapted."""


@dataclass(frozen=True)
class Chance:
    """What a search depends on beside its problem and the plan before it."""

    random: Mapping[str, Any]
    """State of the generator when it began."""
    deadline: float | None
    """Reading of the planner's clock by which it had to answer [s]; None without one."""
    readings: Sequence[float]
    """What that clock said each time it was asked [s]."""
    size: float = 1.0
    """Share of its usual candidates that it should be content with."""


class Witness:
    """A planner that remembers what its last search depended on; implements `PlanFunction`."""

    def __init__(self, planner: PlanFunction) -> None:
        self._planner = planner
        self.chance = Chance({}, None, ())
        """What the last search depended on."""

    def __call__(self, problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
        """Search."""
        readings: list[float] = []
        self.chance = Chance(rng.bit_generator.state, problem.deadline, readings, problem.size)

        def clock() -> float:
            readings.append(problem.clock())
            return readings[-1]

        return self._planner(replace(problem, clock=clock), previous, rng)


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
    seen: Observation
    chance: Chance
    plan: Plan
    """Its gains as far as the servo followed them."""
    errors: Errors


def of_run(settings: RunSettings, versions: Mapping[str, str]) -> Noted:
    """Return the note to begin with."""
    checkpoint = fingerprint(settings.model_file(settings.adapter))
    return {"run": {"settings": plain(settings), "checkpoint": checkpoint, "versions": dict(versions)}}


def of_tick(number: int, tick: LoopTick, chance: Chance) -> Noted:
    """Return the note of a tick; `chance` is what its `Witness` remembers."""
    seen, result, plan = tick.observation, tick.result, tick.result.plan
    search = {
        "number": number,
        "time": seen.time,
        "state": _packed(seen.state),
        "applied": _packed(seen.applied),
        "wanted": None if result.progress.lead is None else result.progress.lead.wanted,
        "random": chance.random,
        "deadline": chance.deadline,
        "readings": _packed(np.array(chance.readings, np.float64)),
        "size": chance.size,
        "plan": {
            "time": plan.time,
            "step": plan.step,
            "actions": _packed(plan.actions),
            "states": _packed(plan.states),
            "memory": _packed(plan.memory),
            "gains": None if result.schedule.feedback is None or plan.gains is None else _packed(plan.gains[:FOLLOWED]),
            "status": plan.status.value,
        },
        "error_prior": _finite(result.error_prior),
        "error_adapted": _finite(result.error_adapted),
    }
    return {"search": search}


def read(log: ServoLog) -> tuple[RunTrace | None, list[TickTrace]]:
    """Return what a log holds of its plan loop, None where nothing was left. Raises LogError for damaged notes."""
    run, ticks = None, []
    for entry in log.of("note"):
        note: dict[str, Any] = entry.json()
        with reading(f"note at {entry.time:.3f} s"):
            if "run" in note:
                run = TypeAdapter(RunTrace).validate_python(note["run"])
            elif "search" in note:
                ticks.append(_tick(note["search"]))
    return run, ticks


def _tick(told: Mapping[str, Any]) -> TickTrace:
    plan = told["plan"]
    actions, gains = _array(plan["actions"]), _unpacked(plan.get("gains"))
    if gains is not None:  # what was not followed is nothing to anybody
        gains = np.concatenate([gains, np.zeros((len(actions) - len(gains), *gains.shape[1:]))])
    answered = Plan(
        time=float(plan["time"]),
        step=float(plan["step"]),
        actions=actions,
        states=_array(plan["states"]),
        cost=math.nan,
        status=PlanStatus(plan["status"]),
        evaluations=0,
        memory=_unpacked(plan["memory"]),
        gains=gains,
    )
    prior, adapted = (None if told[name] is None else float(told[name]) for name in ("error_prior", "error_adapted"))
    return TickTrace(
        int(told["number"]),
        Observation(float(told["time"]), _array(told["state"]), _unpacked(told["applied"]), _wanted(told)),
        Chance(told["random"], told["deadline"], _array(told["readings"]).tolist(), told.get("size", 1.0)),
        answered,
        (prior, adapted),
    )


def _wanted(told: Mapping[str, Any]) -> Velocity | None:
    return None if told.get("wanted") is None else Velocity(*map(float, told["wanted"]))


def _finite(number: float | None) -> float | None:
    """Return null for what JSON has not."""
    return number if number is not None and math.isfinite(number) else None


def _packed(array: FloatArray | None) -> list[object] | None:
    """Return an array as type, shape and its bytes as text: exact, and far quicker than digits."""
    if array is None:
        return None
    return [array.dtype.str, list(array.shape), base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()]


def _unpacked(packed: Sequence[Any] | None) -> FloatArray | None:
    return None if packed is None else _array(packed)


def _array(packed: Sequence[Any]) -> FloatArray:
    kind, shape, text = packed
    if kind not in ("<f4", "<f8"):
        raise ValueError(f"expected floating-point numbers, got {kind!r:.80}")
    return np.frombuffer(base64.b64decode(text), np.dtype(kind)).reshape(shape).copy()
