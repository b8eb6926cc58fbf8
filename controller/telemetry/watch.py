"""The diagnosis of a run: what it said tick by tick, beside the log, and how right it was where the truth is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import numpy as np

from controller.config import RunSettings
from controller.diagnosis.observer import Diagnosis, Observer
from controller.diagnosis.words import phrase
from controller.loop.plan_loop import LoopTick
from controller.settings import assets, robots
from controller.telemetry.run_log import Log, TickRecord
from dynamics.diagnosis import reader
from hardware import signs
from hardware.spec import RobotSpec
from sim.terrain import TERRAINS

NONE = "none"
STEADY = 0.5
"""A kind counts as named once it has been on top for this long [s]."""


class Watch:
    """Adds to every tick of a run what is believed to be the matter."""

    def __init__(self, spec: RobotSpec, trained: reader.Reader) -> None:
        """Begin a run; raises CheckpointError where the diagnosis is another robot's."""
        self._spec, self._observer = spec, Observer(spec, trained)

    @classmethod
    def over(cls, settings: RunSettings) -> Self | None:
        """Return what watches a run with these settings; None where there is no trained diagnosis for it."""
        unusual = robots.unusual(settings.robot, settings.control.rate_hz)
        file = assets.diagnosis(robots.checkpoint(settings.robot, assets.DIAGNOSIS, unusual))
        return cls(robots.spec(settings.robot), reader.load(file)) if file.is_file() else None

    def note(self, tick: LoopTick, record: TickRecord) -> TickRecord:
        """Return the record of a tick with what is believed at its time."""
        boundary = tick.boundary
        seen = None
        if boundary is not None and boundary.cycles:
            seen = signs.measure(self._spec, boundary.cycles, boundary.state)
        diagnosis = self._observer.look(tick.observation.state, tick.observation.applied, seen)
        return replace(record, diagnosis=diagnosis, signs=() if seen is None else tuple(seen.tolist()))


def again(log: Log, observer: Observer) -> list[Diagnosis]:
    """Return what a diagnosis says of a logged run, tick by tick, from what the log holds."""
    return [
        observer.look(
            np.array(record.state),
            None if record.applied is None else np.array(record.applied),
            np.array(record.signs) if record.signs else None,
        )
        for record in log.records
    ]


def diagnosed(log: Log) -> dict[str, object] | None:
    """Return the diagnosis of a run for its summary; None where there was none.

    The last words with kinds and amounts; of a simulated robot also the share of ticks at which the likeliest kind was
    one of those that acted, and the time from the onset to the first right answer that lasted; null if there was none.
    """
    if not log.records or not log.records[-1].diagnosis.causes:
        return None
    last = log.records[-1].diagnosis
    told: dict[str, object] = {"words": phrase(last), "kinds": last.kinds, "amounts": dict(last.amounts)}
    if known(log):
        said = [record for record in log.records if record.diagnosis.causes]
        told["right_share"] = float(np.mean([right(record) for record in said]))
        told["seconds_to_right"] = seconds_to_right(log)
    return told


def known(log: Log) -> bool:
    """Whether it is known what acted: on a simulated robot, whose ground is one of ours."""
    return log.header.terrain in TERRAINS


def kinds_acting(record: TickRecord) -> set[str]:
    """Return the kinds of perturbation that act at a tick, or that none does."""
    return {text.partition("@")[0].partition(":")[0] for text in record.perturbations} or {NONE}


def right(record: TickRecord) -> bool:
    """Whether the likeliest kind is one of those that act."""
    return next(iter(record.diagnosis.kinds), "") in kinds_acting(record)


def seconds_to_right(log: Log) -> float | None:
    """Return the time from the onset, or the start, to the first right answer that lasted [s]; None without one."""
    since, steady = log.onset or 0.0, round(STEADY * log.header.rate_hz)
    after = [record for record in log.records if record.time >= since]
    answers = [right(record) for record in after]
    for index, record in enumerate(after):
        if all(answers[index : index + steady]) and len(answers) - index >= min(steady, len(answers)):
            return record.time - since
    return None
