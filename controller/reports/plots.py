"""The pictures of a run report, one function each; runs come as logs, the first one is the run itself.

Colours are those of Okabe and Ito, told apart with any colour vision: https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from controller.courses import forward
from controller.telemetry.run_log import FloatArray, Log
from controller.telemetry.steered import errors
from controller.telemetry.watch import kinds_acting, known

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""One a run."""
INK = "#1c2026"
_GREY = "#8a939e"
_COURSE = "#c9ced6"
_SMOOTHING = 0.5
_KINDS = (*COLOURS, "#E69F00", "#56B4E9", "#B8A800", _GREY)
"""One a kind of cause."""
_SHOWN = 0.1
"""A kind that never was more likely is not drawn."""


def write_plots(folder: Path, logs: Sequence[Log]) -> dict[str, Path]:
    """Draw every picture into a folder that exists; returns their files by name."""
    files = {}
    with style():
        earning = logs[0].goal is not None or logs[0].header.course == forward.NAME
        score = reward if earning else path_error if logs[0].header.path else velocity_error
        watched = [diagnosis] if any(record.diagnosis.causes for record in logs[0].records) else []
        for draw in (plan_view, model_error, score, tick_time, *watched):
            files[draw.__name__] = folder / f"{draw.__name__}.png"
            draw(logs).savefig(files[draw.__name__])
    return files


def plan_view(logs: Sequence[Log]) -> Figure:
    """The course and where each run went, seen from above; a ring where the perturbation set in."""
    figure, axes = figure_with_axes(6.2, 6.5, "Seen from above")
    for order, (log, colour) in enumerate(zip(logs, _colours(logs), strict=True)):
        x, y = log.channel("x"), log.channel("y")
        axes.plot(x, y, color=colour, label=log.header.brain, zorder=3 - 0.1 * order)
        axes.plot(x[:1], y[:1], "s", color=INK, markersize=7, zorder=4, label="start" if order == len(logs) - 1 else "")
        if log.onset is not None:
            at = int(np.searchsorted(log.series("time"), log.onset))
            label = f"perturbed, {log.onset:.1f} s" if order == len(logs) - 1 else ""
            axes.plot(x[at], y[at], "o", markersize=11, mfc="white", mec=INK, mew=2, zorder=5, label=label)
    course = np.array(logs[0].header.path, np.float64).reshape(-1, 2)
    axes.plot(*course.T, color=_COURSE, linewidth=7, solid_capstyle="round", zorder=1, label="course")
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xlabel="x [m]", ylabel="y [m]")
    axes.legend(ncols=5, loc="upper center", bbox_to_anchor=(0.5, -0.12), columnspacing=1.2, handlelength=1.4)
    return figure


def model_error(logs: Sequence[Log]) -> Figure:
    """One-step prediction error over time: solid as used for planning, dashed without adaptation."""
    figure, axes = figure_with_axes(6.8, 2.9, "Model error: how wrong the prediction of the next state was")
    for log, colour in zip(logs, _colours(logs), strict=True):
        time, prior, adapted = log.series("time"), log.series("error_prior"), log.series("error_adapted")
        axes.plot(time, _smooth(log, adapted), color=colour, label=log.header.brain)
        if not np.array_equal(prior, adapted, equal_nan=True):
            label = f"{log.header.brain}, not adapted"
            axes.plot(time, _smooth(log, prior), color=colour, linestyle="--", linewidth=1.3, label=label)
    axes.set_ylabel("normalised error")
    _over_time(axes, logs)
    return figure


def path_error(logs: Sequence[Log]) -> Figure:
    """Distance from the course over time."""
    figure, axes = figure_with_axes(6.8, 2.9, "Path error: distance from the course")
    for log, colour in zip(logs, _colours(logs), strict=True):
        distance = 1e3 * np.abs(log.series("distance"))
        axes.plot(log.series("time"), distance, color=colour, label=log.header.brain)
    axes.set_ylabel("distance [mm]")
    _over_time(axes, logs)
    return figure


def velocity_error(logs: Sequence[Log]) -> Figure:
    """How far each run was from doing as it was told over time: solid the distance, dashed the turn."""
    figure, axes = figure_with_axes(6.8, 2.9, "Velocity error: how far from what it was told, over half a second")
    turning = axes.twinx()
    for log, colour in zip(logs, _colours(logs), strict=True):
        linear, turn = errors(log).T
        axes.plot(log.series("time"), linear, color=colour, label=log.header.brain)
        turning.plot(log.series("time"), turn, color=colour, linestyle="--", linewidth=1.3)
    axes.set_ylabel("distance [m/s]")
    turning.set_ylabel("turn, dashed [rad/s]")
    turning.grid(visible=False)
    _over_time(axes, logs)
    return figure


def reward(logs: Sequence[Log]) -> Figure:
    """Reward over time, mean of half a second; dotted what counts as having found a hidden goal."""
    figure, axes = figure_with_axes(6.8, 2.9, "Reward of each step")
    for log, colour in zip(logs, _colours(logs), strict=True):
        earned = -log.series("cost")[1:] if log.goal is None else log.rewards
        axes.plot(log.series("time")[1:], _smooth(log, earned), color=colour, label=log.header.brain)
    goal = logs[0].goal
    if goal is not None:
        axes.axhline(goal.family.enough, color=INK, linewidth=1.2, linestyle=":", label="found")
    axes.set(xlabel="time [s]", ylabel="reward")
    axes.legend(loc="lower right", fontsize=10)
    return figure


def tick_time(logs: Sequence[Log]) -> Figure:
    """How long the control ticks took, against the time there is; a logarithmic count shows single late ticks."""
    figure, axes = figure_with_axes(6.8, 2.9, "Control tick: adapt and plan")
    period = 1e3 / logs[0].header.rate_hz
    longest = max((float(np.nanmax(log.series("tick_ms"), initial=0.0)) for log in logs), default=0.0)
    bins = np.linspace(0.0, 1.05 * max(period, longest), 64)
    for log, colour in zip(logs, _colours(logs), strict=True):
        ticks = log.series("tick_ms")
        kind: Literal["stepfilled", "step"] = "stepfilled" if log is logs[0] else "step"
        axes.hist(ticks, bins.tolist(), color=colour, histtype=kind, linewidth=1.8, label=log.header.brain)
    axes.axvline(period, color=INK, linewidth=1.5)
    axes.annotate(
        f"deadline {period:.0f} ms", (period, 0.93), xycoords=("data", "axes fraction"),
        xytext=(-6, 0), textcoords="offset points", ha="right", va="top",
    )  # fmt: skip
    axes.set_ylim(0.7, max(2.0, 1.3 * axes.get_ylim()[1]))
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set(xlim=(0.0, bins[-1]), xlabel="time of one tick [ms]", ylabel="ticks")
    axes.legend(loc="upper left")
    return figure


def diagnosis(logs: Sequence[Log]) -> Figure:
    """Probability of every kind of cause over time, and above it, where it is known, what really acted."""
    log = logs[0]
    figure, axes = figure_with_axes(13.2, 3.2, "Diagnosis: what was believed to be the matter")
    time, said = log.series("time"), [record.diagnosis.kinds for record in log.records]
    acting = [kinds_acting(record) if known(log) else set[str]() for record in log.records]
    likely = {kind for kinds in said for kind, probability in kinds.items() if probability > _SHOWN}
    for kind, colour in zip(sorted(likely.union(*acting)), itertools.cycle(_KINDS)):
        axes.plot(time, [kinds.get(kind, 0.0) for kinds in said], color=colour, label=kind.replace("_", " "))
        true = np.array([kind in kinds for kinds in acting])
        axes.plot(time, np.where(true, 1.06, np.nan), color=colour, linewidth=6, solid_capstyle="butt")
    axes.set_ylabel("probability")
    _over_time(axes, logs[:1])
    axes.set_ylim(0.0, 1.25)  # room for the bar of what acted, and above it for the word at the onset
    axes.set_yticks(np.linspace(0.0, 1.0, 6))
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=10)
    return figure


def style() -> AbstractContextManager[None]:
    """The looks that all pictures share, as a context."""
    return mpl.rc_context(
        {
            "font.family": "sans-serif",
            "font.size": 11,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": _GREY,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "axes.titlesize": 12,
            "axes.grid": True,
            "grid.color": "#e8ebef",
            "axes.axisbelow": True,
            "xtick.color": INK,
            "ytick.color": INK,
            "legend.frameon": False,
            "lines.linewidth": 2.0,
            "figure.constrained_layout.use": True,
            "savefig.dpi": 150,
        }
    )


def figure_with_axes(width: float, height: float, title: str) -> tuple[Figure, Axes]:
    """Return an empty picture of a size [inch] with its title."""
    figure = Figure(figsize=(width, height))
    axes = figure.subplots()
    axes.set_title(title)
    return figure, axes


def _colours(logs: Sequence[Log]) -> list[str]:
    return [COLOURS[index % len(COLOURS)] for index in range(len(logs))]


def _over_time(axes: Axes, logs: Sequence[Log]) -> None:
    """What every picture over time has: seconds, zero, the onset line, a legend."""
    end = max((log.records[-1].time for log in logs if log.records), default=0.0) + 1.0 / logs[0].header.rate_hz
    axes.set(xlabel="time [s]", xlim=(0.0, end), ylim=(0.0, 1.15 * axes.get_ylim()[1]))
    onset = logs[0].onset
    if onset is not None:
        axes.axvline(onset, color=INK, linewidth=1.2, linestyle=":")
        axes.annotate(
            "perturbed", (onset, 0.97), xycoords=("data", "axes fraction"), xytext=(4, 0),
            textcoords="offset points", va="top", fontsize=10, color=INK,
        )  # fmt: skip
    axes.legend(loc="upper left", bbox_to_anchor=(0.0, 1.0), fontsize=10)


def _smooth(log: Log, values: FloatArray) -> FloatArray:
    """Mean of the finite values of the last half second, at every tick (T,)."""
    width = max(1, round(_SMOOTHING * log.header.rate_hz))
    finite = np.isfinite(values)
    total, count = (
        np.cumsum(np.pad(series, (width, 0))) for series in (np.where(finite, values, 0.0), finite.astype(np.float64))
    )
    total, count = total[width:] - total[:-width], count[width:] - count[:-width]
    smooth: FloatArray = np.where(count > 0.0, total / np.maximum(count, 1.0), np.nan)
    return smooth
