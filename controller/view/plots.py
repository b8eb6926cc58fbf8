"""Curves over the last seconds of a run: model error, how well it does what it is to do, time of a tick."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import viser
from viser import uplot

from controller.courses.velocity import NAME as VELOCITY
from controller.telemetry.run_log import FloatArray, Log, RunHeader, TickRecord
from controller.telemetry.steered import errors

_SECONDS, _SMOOTHING = 12.0, 0.5
"""That are shown, and over which errors are averaged [s]."""
_HEIGHT = 136
_ADAPTED, _PRIOR, _DEADLINE = "#0072B2", "#D55E00", "#1c2026"
_OTHERS = ("#009E73", "#CC79A7")
"""Of a second run beside the first: adapted, and not."""


class Curves:
    """The curves of one or two runs, on a server's panel."""

    def __init__(self, server: viser.ViserServer, headers: Sequence[RunHeader]) -> None:
        self._headers, self._rate = headers, headers[0].rate_hz
        self._records = [deque[TickRecord](maxlen=round(_SECONDS * each.rate_hz)) for each in headers]
        errors, scores, ticks = list[uplot.Series](), list[uplot.Series](), list[uplot.Series]()
        title, names = _score(headers[0])
        for header, (strong, weak) in zip(headers, [(_ADAPTED, _PRIOR), _OTHERS], strict=False):
            of = f" {header.brain}" if len(headers) > 1 else ""
            errors += [_series(f"adapted{of}", strong), _series(f"not adapted{of}", weak, (6, 4))]
            looks = ((strong, None), (weak, (6.0, 4.0)))
            scores += [_series(f"{name}{of}", *look) for name, look in zip(names, looks, strict=False)]
            ticks.append(_series(f"tick{of}", strong))
        ticks.append(_series("deadline", _DEADLINE, (2, 4)))
        self._error = _plot(server, "Model error: how wrong the next state was predicted", errors)
        self._of_score = _plot(server, title, scores)
        self._tick = _plot(server, "Control tick [ms]", ticks)

    def add(self, record: TickRecord, run: int) -> None:
        """Take in a tick of a run."""
        records = self._records[run]
        if records and record.time <= records[-1].time:
            records.clear()
        records.append(record)

    def draw(self) -> None:
        """Show all that came."""
        if not any(self._records):
            return
        longest = max(self._records, key=len)
        time = np.array([record.time for record in longest])
        errors, scores, ticks = list[FloatArray](), list[FloatArray](), list[FloatArray]()
        for header, records in zip(self._headers, self._records, strict=True):
            log, missing = Log(header, tuple(records)), len(time) - len(records)
            errors += [self._smooth(_padded(log.series(name), missing)) for name in ("error_adapted", "error_prior")]
            scores += [_padded(values, missing) for values in _scored(log, self._headers[0])]
            ticks.append(_padded(log.series("tick_ms"), missing))
        ticks.append(np.full(len(time), 1e3 / self._rate))
        self._error.data = (time, *errors)
        self._of_score.data = (time, *map(np.nan_to_num, scores))  # a plot that holds a NaN shows nothing at all
        self._tick.data = (time, *map(np.nan_to_num, ticks))

    def _smooth(self, values: FloatArray) -> FloatArray:
        """Return the mean of the finite values of the last half second, 0 where there are none, at every tick (T,)."""
        width, finite = round(_SMOOTHING * self._rate), np.isfinite(values)
        kernel = np.ones(width)
        total = np.convolve(np.where(finite, values, 0.0), kernel)[: len(values)]
        count = np.convolve(finite.astype(np.float64), kernel)[: len(values)]
        return total / np.maximum(count, 1.0)


def _score(header: RunHeader) -> tuple[str, Sequence[str]]:
    """Return what tells how well a run does what it is to do, and the names of its curves."""
    if header.path:
        return "Path error [mm]", ("from the course",)
    if header.course.partition(":")[0] == VELOCITY:
        return "Velocity error, over half a second", ("m/s", "rad/s")
    return "Cost of a step", ("cost",)


def _scored(log: Log, like: RunHeader) -> Sequence[FloatArray]:
    """Return these curves of a log (T,) each, those that tell how well a run with that header does."""
    if like.path:
        return (1e3 * np.abs(log.series("distance")),)
    return (log.series("cost"),) if len(_score(like)[1]) == 1 else tuple(errors(log).T)


def _padded(values: FloatArray, missing: int) -> FloatArray:
    return np.pad(values, (0, missing), constant_values=np.nan)


def _series(label: str, colour: str, dash: tuple[float, float] | None = None) -> uplot.Series:
    found: uplot.Series = {"label": label, "stroke": colour, "width": 2}
    return found if dash is None else {**found, "dash": dash}


def _plot(server: viser.ViserServer, title: str, series: Sequence[uplot.Series]) -> viser.GuiUplotHandle:
    empty = np.array([0.0, 1e-3])
    return server.gui.add_uplot(
        data=tuple(empty for _ in range(1 + len(series))),
        series=({"label": "time [s]"}, *series),
        scales={
            "x": {"time": False},
            "y": {"range": {"min": {"pad": 0.0, "soft": 0.0, "mode": 1}, "max": {"pad": 0.1}}},
        },
        axes=({"size": 36}, {"size": 44}),
        legend={"live": False},
        title=title,
        height=_HEIGHT,
        padding=(6, 8, 0, 0),
    )
