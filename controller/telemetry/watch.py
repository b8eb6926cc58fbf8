"""The diagnosis of a run: what it said tick by tick, beside the log, and how right it was where the truth is known."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np

from controller.config import RunSettings
from controller.diagnosis.observer import Diagnosis, Observer
from controller.diagnosis.words import SURE, phrase
from controller.loop.advance import GivenUp
from controller.loop.plan_loop import LoopTick, OnTick
from controller.settings import assets, robots
from controller.settings.layers import ConfigError, nearest
from controller.telemetry.run_log import Log, TickRecord
from dynamics.diagnosis import reader
from hardware import signs
from hardware.spec import RobotSpec
from sim.terrain import TERRAINS

_log = logging.getLogger(__name__)

NONE = "none"
STEADY = 0.5
"""A kind counts as named once it has been on top for this long [s]."""

_TICKS = 3
"""For so many ticks in a row a cause has to be a fact before a robot is stopped on it."""
_DEVIATIONS = 2.5
"""A motor whose share of its torque is believed to be less than so many deviations of it may as well give none."""


class Watch:
    """Adds to every tick of a run what is believed to be the matter, and ends one with which a robot cannot walk.

    Args:
        spec: the robot.
        trained: its diagnosis; raises CheckpointError where it is another robot's.
        stop_on: causes with which it is stopped (`control.stop_on`); raises ConfigError for one that nobody knows.
    """

    def __init__(self, spec: RobotSpec, trained: reader.Reader, stop_on: Sequence[str] = ()) -> None:
        self._spec, self._observer = spec, Observer(spec, trained)
        self._stop_on, self._sure = frozenset(stop_on), 0
        self._newest: tuple[LoopTick, Diagnosis, tuple[float, ...]] | None = None
        for cause in stop_on:
            if cause not in trained.facts.causes:
                told = f"{nearest(cause, trained.facts.causes)}, got {cause}"
                raise ConfigError(f"control.stop_on: {told}")

    @classmethod
    def over(cls, settings: RunSettings) -> Self | None:
        """Return what watches a run with these settings; None where there is no trained diagnosis for it.

        Raises ConfigError where it cannot know what the run is to be stopped on.
        """
        unusual = robots.unusual(settings.robot, settings.control.rate_hz)
        file = assets.diagnosis(robots.checkpoint(settings.robot, assets.DIAGNOSIS, unusual))
        if file.is_file():
            return cls(robots.spec(settings.robot), reader.load(file), settings.control.stop_on)
        if settings.control.stop_on:
            told = "there is no diagnosis of robot %s, %s: nothing stops it on %s (control.stop_on)"
            _log.warning(told, settings.robot, file.name, ", ".join(settings.control.stop_on))
        return None

    def note(self, tick: LoopTick, record: TickRecord) -> TickRecord:
        """Return the record of a tick with what is believed at its time."""
        diagnosis, seen = self._look(tick)
        return replace(record, diagnosis=diagnosis, signs=seen)

    def judge(self, tick: LoopTick) -> None:
        """Raise GivenUp where it has been a fact for some ticks that the robot cannot walk as it is."""
        if not self._stop_on:
            return
        diagnosis = _with_doubtful_motors(self._look(tick)[0], self._stop_on)
        cause, likely = next(iter(diagnosis.causes.items()), ("", 0.0))
        self._sure = self._sure + 1 if cause in self._stop_on and likely >= SURE else 0
        if self._sure >= _TICKS:
            told = f"{phrase(diagnosis)} ({100.0 * likely:.0f} %), and {self._spec.name} is not to walk on with that"
            raise GivenUp("diagnosis", f"{told} (control.stop_on)", falling=True)

    def _look(self, tick: LoopTick) -> tuple[Diagnosis, tuple[float, ...]]:
        """Return what is believed at a tick, and its signs; it is read once, whoever asks."""
        if self._newest is None or self._newest[0] is not tick:
            boundary, seen = tick.boundary, None
            if boundary is not None and boundary.cycles:
                seen = signs.measure(self._spec, boundary.cycles, boundary.state)
            diagnosis = self._observer.look(tick.observation.state, tick.observation.applied, seen)
            self._newest = tick, diagnosis, () if seen is None else tuple(seen.tolist())
        return self._newest[1:]


def _with_doubtful_motors(diagnosis: Diagnosis, stop_on: frozenset[str]) -> Diagnosis:
    """Return what is believed where a weak motor that may as well give nothing counts as dead, if that stops.

    While a motor dies a diagnosis first believes in a weak one, of ever less torque, and half a second later in a dead
    one: for a leg that gives way, too late.
    """
    gain, deviation = diagnosis.amounts.get("motor.gain", (1.0, 0.0))
    if gain >= _DEVIATIONS * deviation:
        return diagnosis
    found: dict[str, float] = {}
    for cause, likely in diagnosis.causes.items():
        dead = re.sub(r"^motor:", "dead_motor:", cause)
        counted = dead if dead in stop_on else cause
        found[counted] = found.get(counted, 0.0) + likely
    return replace(diagnosis, causes=dict(sorted(found.items(), key=lambda item: -item[1])))


def judging(watch: Watch | None, on_tick: OnTick) -> OnTick:
    """Return what is told every tick, and then gives up a robot that cannot walk as it is."""

    def told(tick: LoopTick) -> None:
        on_tick(tick)
        if watch is not None:
            watch.judge(tick)

    return told


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
