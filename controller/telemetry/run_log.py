"""What happened in a run: one line a tick in a JSON Lines file.

The first line is the header (what was run), every further line one tick. Each line is written through at once, so that
a log is complete up to the last tick whatever ends the process.
"""

from __future__ import annotations

import dataclasses
import errno
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, TypeAdapter, ValidationError

from controller.courses.goals import HiddenGoal, parse, steps_to_goal
from controller.diagnosis.observer import Diagnosis
from controller.settings import robots
from hardware.steering import Velocity
from sim.perturbations import in_words

if TYPE_CHECKING:
    from controller.loop.plan_loop import LoopTick

FloatArray = NDArray[np.float64]

FORMAT = 1

Number = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]
"""A float; one that is not finite is NaN here and null in the file, because JSON has no NaN."""


class RunLogError(ValueError):
    """A log cannot be read; the message names the file and the line."""


@dataclass(frozen=True)
class RunHeader:
    """What was run: everything that the report needs beside the ticks."""

    robot: str
    course: str
    perturbations: tuple[str, ...]
    """As on the command line."""
    adapter: str
    planner: str
    seed: int
    terrain: str
    mode: str
    """"real time" or "lock-step"."""
    rate_hz: float
    """Rate of the plan loop [Hz]."""
    channels: tuple[str, ...]
    """Names of the state vector's numbers."""
    path: tuple[tuple[float, float], ...]
    """Points of the course, world frame [m]."""
    versions: Mapping[str, str]
    model: str = "learned"
    """What predicted while planning: "learned" or "oracle"."""
    goal: str | None = None
    """The hidden goal, which the controller is not told; None on a path."""
    source: str = ""
    """Path of the robot's file where it did not come with Limber, else its name."""
    format: int = FORMAT

    @property
    def brain(self) -> str:
        """What tells the runs of a report apart: the recipe, or the oracle that planned in its place."""
        return self.adapter if self.model == "learned" else self.model


@dataclass(frozen=True)
class TickRecord:
    """One tick as plain numbers."""

    time: Number
    """Time of the state since the start of the run [s]."""
    state: tuple[Number, ...]
    """State vector in the header's channel order."""
    action: tuple[Number, ...]
    """First action of the plan of this tick."""
    applied: tuple[Number, ...] | None
    """Action that the servo really played over the tick before; None at the first tick and after damping."""
    progress: Number
    """Distance along the course [m]."""
    distance: Number
    """Signed distance from the course, left positive [m]."""
    heading_error: Number
    """[rad]"""
    speed: Number
    """Horizontal speed [m/s]."""
    cost: Number
    """Cost of the step just executed, in the units of the course's cost."""
    error_prior: float | None
    """Squared normalised one-step error, mean over the channels, of the un-adapted model on the newest transition."""
    error_adapted: float | None
    """The same of the model as adapted before that transition was seen."""
    rejected: bool
    """The adaptation made recent errors worse and was not used."""
    status: str
    rung: str
    """What the servo played before this tick; empty at the first."""
    missed: bool
    """The plan came later than a period after the tick was due."""
    tick_ms: Number
    adapt_ms: Number
    plan_ms: Number
    perturbations: tuple[str, ...]
    """Those acting at this time."""
    qpos: tuple[Number, ...] | None = None
    """Generalised positions, for pictures: of a real robot as they are estimated."""
    adaptation: str = ""
    """`ok`, or why the adapted weights owe nothing to the newest window; empty in logs of before."""
    belief: Mapping[str, Number] = dataclasses.field(default_factory=dict)
    """What the adapter took the condition to be, by channel; empty where it does not say."""
    search_size: float = 1.0
    """Share of its usual candidates that the search was content with, so that it ended in time."""
    diagnosis: Diagnosis = dataclasses.field(default_factory=Diagnosis)
    """What was believed to be the matter, whatever adapted; empty where a robot has no trained diagnosis."""
    wanted: Velocity | None = None
    """What a robot that is steered was told: v_x, v_y [m/s] and turn [rad/s]; None on other courses."""
    command: Velocity | None = None
    """What it was to do on the way there, within its accelerations."""
    plan: tuple[tuple[Number, Number], ...] = ()
    """Where the plan of this tick leads, x and y after each step, world frame [m]."""
    signs: tuple[Number, ...] = ()
    """What that went by beside the state, of the servo's cycles over the tick before (hardware/signs.py)."""
    notes: tuple[str, ...] = ()
    """What else was changed or remarked at this tick, in words."""
    path: tuple[tuple[Number, Number], ...] | None = None
    """Points of the course, where it became another one at this tick [m]."""


_Line = TypeVar("_Line")
_HEADER = TypeAdapter(RunHeader)
_RECORD = TypeAdapter(TickRecord)


@dataclass(frozen=True)
class Log:
    """A run read back from its file."""

    header: RunHeader
    records: tuple[TickRecord, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a log; a last line cut short by a kill is left out. Raises RunLogError for other defects, OSError."""
        complete = path.read_bytes().split(b"\n")[:-1]
        header = _parse(_HEADER, complete[0] if complete else b"", f"{path}:1")
        if header.format != FORMAT:
            raise RunLogError(f"{path}:1: expected log format {FORMAT}, got {header.format}")
        lines = enumerate(complete[1:], start=2)
        return cls(header, tuple(_parse(_RECORD, line, f"{path}:{number}") for number, line in lines))

    def series(self, name: str) -> FloatArray:
        """One numeric field over time (T,); NaN where it was not available."""
        return numbers(getattr(record, name) for record in self.records)

    def channel(self, name: str) -> FloatArray:
        """One number of the state vector over time (T,); NaN where the robot has no such channel."""
        if name not in self.header.channels:
            return np.full(len(self.records), np.nan)
        index = self.header.channels.index(name)
        return np.array([record.state[index] for record in self.records], np.float64)

    @property
    def belief(self) -> tuple[str, ...]:
        """What the adapter took the condition to be over the last second, in words; empty where it does not say."""
        latest = [record.belief for record in self.records[-round(self.header.rate_hz) :] if record.belief]
        means = {name: float(np.mean([belief[name] for belief in latest])) for name in latest[0]} if latest else {}
        return in_words(means, robots.spec(self.header.source or self.header.robot).anatomy) if means else ()

    @property
    def goal(self) -> HiddenGoal | None:
        """The hidden goal of the run; None on a path."""
        return None if self.header.goal is None else parse(self.header.goal, np.random.default_rng(0))

    @property
    def rewards(self) -> FloatArray:
        """What ticks 1, 2, ... were worth (T - 1,); NaN without a hidden goal."""
        goal = self.goal
        return np.full(max(len(self.records) - 1, 0), np.nan) if goal is None else self.channel(goal.channel)[1:]

    @property
    def steps_to_goal(self) -> int | None:
        """Ticks until the hidden goal was found for good; None where it was not."""
        return None if self.goal is None else steps_to_goal(self.goal, self.rewards, 1.0 / self.header.rate_hz)

    @property
    def onset(self) -> float | None:
        """When the acting perturbations first changed after the start [s]; None where they never did."""
        for record in self.records:
            if record.perturbations != self.records[0].perturbations:
                return record.time
        return None


def from_tick(
    tick: LoopTick, channels: Sequence[str], perturbations: Sequence[str] = (), qpos: FloatArray | None = None
) -> TickRecord:
    """Flatten a tick into plain numbers: of a state vector with these channels; a robot in a plane has no vy.

    Beside that what acts on the robot, as on the command line, and its generalised positions (nq,).
    """
    observation, result = tick.observation, tick.result
    lead = result.progress.lead
    known = dict(zip(channels, observation.state.tolist(), strict=True))
    yaw, vx, vy = (float(known.get(name, 0.0)) for name in ("yaw", "vx", "vy"))
    return TickRecord(
        time=tick.time,
        state=tuple(observation.state.tolist()),
        action=tuple(result.action.tolist()),
        applied=None if observation.applied is None else tuple(observation.applied.tolist()),
        progress=result.progress.s,
        distance=result.progress.signed,
        heading_error=math.remainder(yaw - result.progress.heading, math.tau) if math.isfinite(yaw) else math.nan,
        speed=math.hypot(vx, vy),
        cost=result.cost,
        error_prior=result.error_prior,
        error_adapted=result.error_adapted,
        rejected=result.rejected,
        status=result.status,
        rung="" if tick.report is None else tick.report.rung.value,
        missed=tick.missed,
        tick_ms=tick.tick_ms,
        adapt_ms=result.adapt_ms,
        plan_ms=result.plan_ms,
        perturbations=tuple(perturbations),
        qpos=None if qpos is None else tuple(qpos.tolist()),
        adaptation=result.adaptation,
        belief=dict(result.belief),
        search_size=result.plan.size,
        plan=tuple((x, y) for x, y in result.plan.states[:, [channels.index("x"), channels.index("y")]].tolist()),
        wanted=None if lead is None else lead.wanted,
        command=None if lead is None else lead.command,
    )


class RunLog:
    """Writes a log; a context. Raises OSError where the file cannot be written, once: then it takes no more."""

    def __init__(self, path: Path, header: RunHeader) -> None:
        self._file = path.open("wb", buffering=0)
        self._write(_HEADER.dump_json(header))

    def write(self, record: TickRecord) -> None:
        """Append one tick and hand it to the system."""
        self._write(_RECORD.dump_json(record))

    def _write(self, line: bytes) -> None:
        if self._file.closed:  # it could not be written to before
            return
        code, written = errno.ENOSPC, 0
        try:
            written = self._file.write(line + b"\n")
        except OSError as error:
            code = error.errno or code
        if written <= len(line):  # a part of a line is where a log ends
            self._file.close()
            raise OSError(code, os.strerror(code), self._file.name)

    def close(self) -> None:
        """Close the file; closing twice is allowed."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def numbers(values: Iterable[float | None]) -> FloatArray:
    """Return figures as an array (N,), NaN where there is none."""
    return np.array([math.nan if value is None else value for value in values], np.float64)


def mean(values: FloatArray) -> float | None:
    """Mean of the finite values (T,), None where there are none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else None


def _parse(adapter: TypeAdapter[_Line], line: bytes, place: str) -> _Line:
    try:
        return adapter.validate_json(line)
    except ValidationError as error:
        problem = error.errors()[0]
        where = "".join(f".{part}" for part in problem["loc"])
        raise RunLogError(f"{place}{where}: {problem['msg']}") from error
