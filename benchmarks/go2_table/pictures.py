"""The pictures of the table: errors row by row, and the way back after an onset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.go2_table.figures import Place, Runs, figures
from benchmarks.go2_table.rows import COURSES
from controller.reports.plots import INK, style

_COLOURS = ("#E69F00", "#0072B2", "#56B4E9", "#D55E00", "#009E73", "#CC79A7", "#1c2026", "#8a939e", "#7a5195")
_BEFORE, _AFTER = 2.0, 8.0
"""What is shown around an onset [s]."""
_MOST = 9


def write_pictures(runs: Runs, folder: Path) -> dict[str, Path]:
    """Draw them into a folder that exists; returns their files by name."""
    drawn = {f"errors_{course}": errors(runs, course) for course in COURSES if runs.places((course,))}
    drawn |= {f"way_back_{course}": way_back(runs, course) for course in COURSES if runs.places((course,))}
    files = {name: folder / f"{name}.png" for name in drawn}
    with style():
        for name, figure in drawn.items():
            figure.savefig(files[name], bbox_inches="tight")
    return files


def errors(runs: Runs, course: str) -> Figure:
    """A line a row, a mark an entrant: its mean error; hollow where some fell, at the edge where none walked on."""
    places = runs.places((course,))
    figure = Figure(figsize=(9.0, 1.6 + 0.27 * len(places)), layout="constrained")
    axes: Axes = figure.subplots()
    for order, (name, colour) in enumerate(_looks(runs).items()):
        for height, place in enumerate(places):
            found = figures(runs.of(name, place).values())
            if not found.runs:
                continue
            y, x = height + 0.08 * (order - len(runs.names) / 2), found.error
            face = colour if not found.fell else "white"
            label = name if height == 0 else ""
            if x is None:
                axes.plot(1.0, y, "x", color=colour, markersize=6, transform=axes.get_yaxis_transform(), clip_on=False)
            else:
                axes.plot(1e3 * x, y, "o", mec=colour, mfc=face, markersize=6, label=label)
    axes.set_yticks(range(len(places)), [row for _, row in places])
    axes.invert_yaxis()
    axes.set(xlabel="mean distance from the path [mm]", title=f"{course}: hollow: some fell; x: none walked on")
    if any(figures(runs.of(name, place).values()).error for name in runs.names for place in places):
        axes.set_xscale("log")  # of nothing there is none
    axes.grid(axis="x", which="both", alpha=0.3)
    handles = [axes.plot([], [], "o", color=colour, label=name)[0] for name, colour in _looks(runs).items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def way_back(runs: Runs, course: str) -> Figure:
    """Median distance from the path around the onset, a panel a row: those in which most goes wrong."""
    places = [p for p in runs.places((course,)) if p[1] != "none"]
    shown = sorted(places, key=lambda p: -(figures(runs.of(runs.names[0], p).values()).error or 0.0))[:_MOST]
    columns = min(3, max(1, len(shown)))
    figure = Figure(figsize=(4.0 * columns, 0.6 + 2.4 * -(-len(shown) // columns)), layout="constrained")
    panels = figure.subplots(-(-len(shown) // columns) or 1, columns, squeeze=False).ravel()
    for panel, place in zip(panels, shown, strict=False):
        for name, colour in _looks(runs).items():
            time, distance = _around(runs, name, place)
            panel.plot(time, distance, color=colour, linewidth=1.5)
        panel.axvline(0.0, color=INK, linewidth=1.0, linestyle=":")
        panel.set_title(place[1], fontsize=10)
        panel.set_ylim(bottom=0.0)
    for panel in panels[len(shown) :]:
        panel.set_axis_off()
    figure.supxlabel("time since the onset [s]", fontsize=10)
    figure.supylabel(f"{course}: distance, median [mm]", fontsize=10)
    handles = [panels[0].plot([], [], color=colour, label=name)[0] for name, colour in _looks(runs).items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


def _around(runs: Runs, name: str, place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Return times around the onset (T,) [s] and the median over runs of the distance (T,) [mm]."""
    found = list(runs.of(name, place).values())
    if not found:
        return np.zeros(0), np.zeros(0)
    time = np.arange(-_BEFORE, _AFTER, found[0]["period_s"])
    curves = []
    for run in found:
        own = np.arange(len(run["distance_mm"])) * run["period_s"] - run["onset_s"]
        curves.append(np.interp(time, own, np.abs(run["distance_mm"]), left=np.nan, right=np.nan))
    alive = np.isfinite(curves).any(axis=0)
    return time[alive], np.nanmedian(np.array(curves)[:, alive], axis=0)


def _looks(runs: Runs) -> dict[str, str]:
    return dict(zip(runs.names, _COLOURS, strict=False))
