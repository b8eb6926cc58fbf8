"""Curves over the last seconds of a run: model error, distance from the course, time of a tick."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import viser
from viser import uplot

from controller.telemetry.run_log import FloatArray, RunHeader, TickRecord

_SECONDS, _SMOOTHING = 12.0, 0.5
"""That are shown, and over which errors are averaged [s]."""
_HEIGHT = 128
_ADAPTED, _PRIOR, _DEADLINE = "#0072B2", "#D55E00", "#1c2026"
_OTHERS = ("#009E73", "#CC79A7")
"""Of a second run beside the first: adapted, and not."""


class Curves:
    """The curves of one or two runs, on a server's panel."""

    def __init__(self, server: viser.ViserServer, headers: Sequence[RunHeader]) -> None:
        self._rate = headers[0].rate_hz
        self._records = [deque[TickRecord](maxlen=round(_SECONDS * each.rate_hz)) for each in headers]
        colours = [(_ADAPTED, _PRIOR), _OTHERS]
        errors, distances, ticks = list[uplot.Series](), list[uplot.Series](), list[uplot.Series]()
        for header, (strong, weak) in zip(headers, colours, strict=False):
            of = f" {header.brain}" if len(headers) > 1 else ""
            errors += [_series(f"adapted{of}", strong), _series(f"not adapted{of}", weak, (6, 4))]
            distances.append(_series(f"from the course{of} [mm]", strong))
            ticks.append(_series(f"tick{of} [ms]", strong))
        ticks.append(_series("deadline", _DEADLINE, (2, 4)))
        self._error = _plot(server, "Model error: how wrong the next state was predicted", errors)
        self._distance = _plot(server, "Path error", distances)
        self._tick = _plot(server, "Control tick", ticks)

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
        errors, distances, ticks = list[FloatArray](), list[FloatArray](), list[FloatArray]()
        for records in self._records:
            values = [(r.error_adapted, r.error_prior, 1e3 * abs(r.distance), r.tick_ms) for r in records]
            table = np.array(values, np.float64).reshape(-1, 4)
            table = np.pad(table, ((0, len(time) - len(table)), (0, 0)), constant_values=np.nan)
            errors += [self._smooth(table[:, 0]), self._smooth(table[:, 1])]
            distances.append(np.nan_to_num(table[:, 2]))  # a plot that holds a NaN shows nothing at all
            ticks.append(np.nan_to_num(table[:, 3]))
        ticks.append(np.full(len(time), 1e3 / self._rate))
        self._error.data = (time, *errors)
        self._distance.data = (time, *distances)
        self._tick.data = (time, *ticks)

    def _smooth(self, values: FloatArray) -> FloatArray:
        """Return the mean of the finite values of the last half second, 0 where there are none, at every tick (T,)."""
        width, finite = round(_SMOOTHING * self._rate), np.isfinite(values)
        kernel = np.ones(width)
        total = np.convolve(np.where(finite, values, 0.0), kernel)[: len(values)]
        count = np.convolve(finite.astype(np.float64), kernel)[: len(values)]
        return total / np.maximum(count, 1.0)


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
        axes=({"size": 28}, {"size": 44}),
        title=title,
        height=_HEIGHT,
        padding=(6, 8, 0, 0),
    )
