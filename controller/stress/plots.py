"""The pictures of a stress suite: heat map, performance profiles, recovery curves."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from controller.reports.plots import INK, figure_with_axes, style
from controller.settings.assets import RECIPES
from controller.stress.scores import SPAN, profile, profile_band, run_scores
from controller.stress.settings import INFORMED, ORACLE, PLAIN, StressCondition
from controller.stress.standings import Standings
from controller.telemetry.run_log import numbers
from planners.problem import FloatArray

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#1c2026")
"""Okabe and Ito, https://jfly.uni-koeln.de/color/"""
_DASHES = ("-", "--", ":")
_MOST_CURVES = 9
_THRESHOLDS = np.linspace(-1.0, 2.0, 121)
_BEFORE, _AFTER = 1.0, 6.0
"""What a recovery curve shows around the onset [s]."""


def write_plots(folder: Path, standings: Standings) -> dict[str, Path]:
    """Draw every picture into a folder that exists; returns their files by name, without those that would be empty."""
    files = {}
    with style():
        for draw in (heat_map, profiles, recovery_curves):
            if (figure := draw(standings)) is not None:
                files[draw.__name__] = folder / f"{draw.__name__}.png"
                figure.savefig(files[draw.__name__])
    return files


def heat_map(standings: Standings) -> Figure | None:
    """Gap closed, adapters over conditions; grey where there is no head-room. None without head-room anywhere."""
    settings = standings.measured.settings
    shown = [name for name in settings.adapters if name not in (PLAIN, INFORMED)] or list(settings.adapters)
    scores = np.array([[_score(standings, c, adapter) for c in settings.conditions] for adapter in shown])
    if np.isnan(scores).all():
        return None
    width, height = max(6.4, 1.6 + 0.62 * len(settings.conditions)), 2.0 + 0.45 * len(shown)
    figure, axes = figure_with_axes(width, height, "Gap closed: 0 as the plain model, 1 as the informed one")
    axes.set_facecolor("#d9dde2")
    axes.grid(visible=False)
    axes.imshow(scores, cmap="RdBu", vmin=-1.2, vmax=1.2, aspect="auto")
    for (row, column), value in np.ndenumerate(scores):
        text, colour = ("–", INK) if np.isnan(value) else (f"{value:.2f}", "white" if abs(value) > 0.7 else INK)
        axes.text(column, row, text, ha="center", va="center", fontsize=9, color=colour)
    names = [condition.name for condition in settings.conditions]
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(shown)), shown)
    for place, (before, after) in enumerate(pairwise(settings.conditions)):
        if before.protocol != after.protocol:
            axes.axvline(place + 0.5, color="white", linewidth=4)
    return figure


def profiles(standings: Standings) -> Figure | None:
    """Share of runs that closed more of the gap than a threshold. None without head-room anywhere."""
    measured = standings.measured
    roomy = standings.roomy(measured.settings.conditions)
    if not roomy:
        return None
    figure, axes = figure_with_axes(7.2, 4.2, "Performance profiles")
    for adapter, (colour, dash) in _looks(standings).items():
        scores = run_scores(measured.costs(roomy, adapter))
        if adapter == PLAIN:
            continue
        low, high = profile_band(scores, _THRESHOLDS, np.random.default_rng(0))
        axes.plot(_THRESHOLDS, profile(scores, _THRESHOLDS), color=colour, linestyle=dash, label=adapter)
        axes.fill_between(_THRESHOLDS, low, high, color=colour, alpha=0.15, linewidth=0)
    for anchor in (0.0, 1.0):
        axes.axvline(anchor, color=INK, linewidth=1.0, linestyle=":")
    axes.set(xlabel="gap closed, more than", ylabel="share of runs", ylim=(0.0, 1.02))
    axes.legend(loc="lower left")
    return figure


def recovery_curves(standings: Standings) -> Figure | None:
    """Median path error around the onset, a panel a condition. None where nothing sets in during the runs."""
    settings = standings.measured.settings
    shown = [c for c in settings.conditions if _onset(standings, c) is not None][:_MOST_CURVES]
    if not shown:
        return None
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(4.2 * columns, 0.6 + 2.5 * rows))
    panels: list[Axes] = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for panel, condition in zip(panels, shown, strict=False):
        for adapter, (colour, dash) in _looks(standings).items():
            time, curve = _curve(standings, condition, adapter)
            panel.plot(time, curve, color=colour, linestyle=dash, linewidth=1.6, label=adapter)
        panel.set_title(condition.name)
        panel.axvline(0.0, color=INK, linewidth=1.0, linestyle=":")
        panel.set_ylim(bottom=0.0)
    for panel in panels[len(shown) :]:
        panel.set_visible(False)
    figure.supxlabel("time since the onset [s]", fontsize=11)
    figure.supylabel("path error, median [mm]", fontsize=11)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=len(labels))
    return figure


def _score(standings: Standings, condition: StressCondition, adapter: str) -> float:
    score = standings.row(condition.name, adapter).score
    return np.nan if score is None else score.value


def _looks(standings: Standings) -> dict[str, tuple[str, str]]:
    """Colour and dash of every adapter that took part; an adapter looks the same in every suite."""
    shown = standings.measured.settings.adapters
    places = {name: place for place, name in enumerate(dict.fromkeys([*RECIPES, ORACLE, *shown]))}
    pairs = {name: divmod(places[name], len(_COLOURS)) for name in shown}
    return {name: (_COLOURS[colour], _DASHES[dash % len(_DASHES)]) for name, (dash, colour) in pairs.items()}


def _onset(standings: Standings, condition: StressCondition) -> float | None:
    run = standings.measured.runs(condition, standings.measured.settings.adapters[0])[0]
    onset: float | None = run["onset_s"]
    return onset


def _curve(standings: Standings, condition: StressCondition, adapter: str) -> tuple[FloatArray, FloatArray]:
    """Time since the onset [s] and median path error over the runs, mean of the half second from then on [mm] (T,)."""
    runs, rate = standings.measured.runs(condition, adapter), standings.measured.settings.control.rate_hz
    length = max(len(run["distance_mm"]) for run in runs)
    table = np.full((len(runs), length), np.nan)
    for row, run in zip(table, runs, strict=True):
        row[: len(run["distance_mm"])] = numbers(run["distance_mm"])
    width = min(length, max(1, round(SPAN * rate)))
    smooth = np.lib.stride_tricks.sliding_window_view(table, width, axis=1).mean(axis=-1)
    time = np.arange(smooth.shape[1]) / rate - (_onset(standings, condition) or 0.0)
    part = (time >= -_BEFORE) & (time <= _AFTER) & np.isfinite(smooth).any(axis=0)
    return time[part], np.nanmedian(smooth[:, part], axis=0)
