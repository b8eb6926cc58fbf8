"""What the runs of a report show: figures before and after the perturbation, and the sentences made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from controller.courses import forward
from controller.diagnosis.words import phrase
from controller.loop.timing import LoopResult
from controller.telemetry.run_log import Log, mean
from controller.telemetry.steered import velocity_error


@dataclass(frozen=True)
class Phase:
    """Means over a part of a run; None where nothing was measured."""

    path_error: float | None
    """Distance from the course [m]."""
    cost: float | None
    """Cost per executed step."""
    error_prior: float | None
    """Model error without adaptation."""
    error_adapted: float | None


@dataclass(frozen=True)
class Run:
    """A run as the report needs it: what happened, and how its loop ended."""

    log: Log
    loop: LoopResult

    @property
    def name(self) -> str:
        """What tells the runs of a report apart."""
        return self.log.header.brain

    @property
    def before(self) -> Phase | None:
        """Up to the onset of a perturbation, where there was one."""
        onset = self.log.onset
        return None if onset is None else _phase(self.log, self.log.series("time") < onset)

    @property
    def after(self) -> Phase:
        """From the onset of a perturbation on; the whole run where there was none."""
        onset = self.log.onset
        time = self.log.series("time")
        return _phase(self.log, np.ones_like(time, bool) if onset is None else time >= onset)


def headline(runs: Sequence[Run]) -> str:
    """What happened, in one sentence."""
    first, *others = runs
    sentence = f"{_circumstance(first.log)}{first.log.header.robot} {_outcome(first)} with {first.name}"
    for other in others:
        ours, theirs = first.after.path_error, other.after.path_error
        if first.log.goal is not None or first.loop.fell or other.loop.fell or not ours or not theirs:
            sentence += f", and {_outcome(other)} with {other.name}"
        else:
            sentence += f", {millimetres(theirs)} with {other.name} ({theirs / ours:.1f} times as far)"
    return sentence[0].upper() + sentence[1:] + "."


def detail(runs: Sequence[Run]) -> str:
    """What the models and the clock did."""
    costs = [f"{number(run.after.cost)} with {run.name}" for run in runs]
    sentences = [f"Cost per step{'' if runs[0].log.onset is None else ' since then'}: {', '.join(costs)}."]
    for run in runs:
        prior, adapted, adapter = run.after.error_prior, run.after.error_adapted, run.log.header.adapter
        if prior is not None and adapted is not None and prior != adapted:
            change = "cut" if adapted < prior else "raised"
            sentences.append(f"Adaptation {change} the model error of {adapter} from {prior:.3g} to {adapted:.3g}.")
        elif adapted is not None:
            sentences.append(f"The model error of {adapter} was {adapted:.3g}.")
    loop, period = runs[0].loop, 1e3 / runs[0].log.header.rate_hz
    sentences.append(
        f"A control tick of {runs[0].name} took {loop.tick_ms.p50:.1f} ms, 99 % under {loop.tick_ms.p99:.1f} ms, "
        f"where {period:.0f} ms are available; {loop.misses} of {loop.ticks} were late."
    )
    return " ".join(sentences)


def phase_table(runs: Sequence[Run]) -> list[tuple[str, ...]]:
    """What each run reached before and after the onset: a heading, then a row each."""
    table: list[tuple[str, ...]] = [
        ("", "path error, mean", "cost per step", "model error, not adapted", "model error, adapted")
    ]
    for run in runs:
        parts = [("whole run", run.after)] if run.before is None else [("before", run.before), ("after", run.after)]
        for label, part in parts:
            figures = (part.cost, part.error_prior, part.error_adapted)
            table.append((f"{run.name}, {label}", millimetres(part.path_error), *map(number, figures)))
    return table


def loop_table(runs: Sequence[Run]) -> list[tuple[str, ...]]:
    """How each run's loop went: a heading, then a row for each fact, a column for each run."""
    columns = [_loop_facts(run) for run in runs]
    return [("", *(run.name for run in runs)), *((fact, *(column[fact] for column in columns)) for fact in columns[0])]


def _loop_facts(run: Run) -> dict[str, str]:
    records, timing = run.log.records, run.loop
    planned, adapted = Counter(record.status for record in records), Counter(record.adaptation for record in records)
    return {
        "ended": _ending(run.loop),
        **_goal_facts(run),
        "progress along the course": number(records[-1].progress if records else None, "m"),
        "tick p50 / p99 / max": f"{timing.tick_ms.p50:.1f} / {timing.tick_ms.p99:.1f} / {timing.tick_ms.max:.1f} ms",
        "late ticks": f"{timing.misses} of {timing.ticks}",
        "adaptation not trusted": f"{sum(record.rejected for record in records)} ticks",
        "believed condition at the end": ", ".join(run.log.belief) or "–",
        "diagnosis at the end": phrase(records[-1].diagnosis) or "–" if records else "–",
        "adaptation": _counts(adapted),
        "planner": _counts(planned),
    }


def _counts(statuses: Counter[str]) -> str:
    return ", ".join(f"{status.replace('_', ' ')} {count}" for status, count in statuses.most_common())


def _goal_facts(run: Run) -> dict[str, str]:
    if run.log.goal is None:
        return {}
    steps = run.log.steps_to_goal
    return {"hidden goal": str(run.log.goal), "found after": "–" if steps is None else f"{steps} ticks"}


def number(value: float | None, unit: str = "") -> str:
    """Three significant figures, or a dash where there is nothing."""
    return "–" if value is None else f"{value:.3g} {unit}".strip()


def millimetres(metres: float | None) -> str:
    """A small length in words."""
    return "–" if metres is None else f"{1e3 * metres:.0f} mm" if metres >= 0.01 else f"{1e3 * metres:.1f} mm"


def _phase(log: Log, part: NDArray[np.bool_]) -> Phase:
    return Phase(
        path_error=mean(np.abs(log.series("distance")[part])),
        cost=mean(log.series("cost")[part]),
        error_prior=mean(log.series("error_prior")[part]),
        error_adapted=mean(log.series("error_adapted")[part]),
    )


def _circumstance(log: Log) -> str:
    if not log.records:
        return ""
    at_first = log.records[0].perturbations
    if log.onset is None:
        return f"under {_in_words(at_first)}, " if at_first else ""
    changed = next(record.perturbations for record in log.records if record.time == log.onset)
    added = [text for text in changed if text not in at_first]
    return f"after {_in_words(added) if added else 'a perturbation ended'} at {log.onset:.1f} s, "


def _in_words(perturbations: Sequence[str]) -> str:
    """`leg_loss:leg=left_middle@6` as `leg loss (leg left middle)`."""
    words = []
    for text in perturbations:
        name, _, values = text.split("@")[0].replace("_", " ").partition(":")
        words.append(f"{name} ({values.replace('=', ' ').replace(',', ', ')})" if values else name)
    return " and ".join(words)


def _outcome(run: Run) -> str:
    error, course = run.after.path_error, run.log.header.course
    if run.loop.fell:
        return "fell"
    if run.log.goal is not None:
        steps, reward = run.log.steps_to_goal, mean(run.log.rewards)
        found = "did not find its goal" if steps is None else f"found its goal after {steps} ticks"
        return f"{found} (mean reward {number(reward)})"
    if (followed := velocity_error(run.log)) is not None:
        linear, turn = followed.values()
        return f"followed its commands within {linear:.3f} m/s and {turn:.2f} rad/s on average"
    if course == forward.NAME:
        way, earned = run.log.records[-1].progress, mean(-run.log.series("cost")[1:])
        return f"ran {way:.1f} m and earned {number(earned)} a step"
    return "was stopped" if error is None else f"ran {millimetres(error)} off the {course} course on average"


def _ending(loop: LoopResult) -> str:
    if loop.fell:
        return "fell"
    if loop.fault is not None:
        return "stopped by the guard"
    return "interrupted" if loop.interrupted else "as planned"
