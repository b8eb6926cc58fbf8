"""The report of a run as one HTML file that needs nothing else: pictures and video are inside it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from controller.reports.page import FIGURE, RUN, VIDEO, data_uri, document, table
from controller.reports.plots import write_plots
from controller.telemetry.findings import Run, detail, headline, loop_table, phase_table
from controller.telemetry.run_log import RunHeader

_CAPTIONS = {
    "plan_view": "The course and where the robot went. Rings mark where the perturbation set in.",
    "path_error": "How far the robot was from the course.",
    "reward": "What each tick was worth, mean of half a second; dotted, from where on a hidden goal counts as found.",
    "velocity_error": "How far the robot was from doing as it was told, over half a second: dashed the turn.",
    "model_error": "Squared one-step prediction error in units of the training data's spread, mean of half a second: "
    "solid as used at that tick, dashed without adaptation.",
    "diagnosis": "Probability of each kind of cause, whatever adapted; the bar above says what really acted.",
    "tick_time": "How long a control tick took, against the time there is. The count is logarithmic.",
}


def write_report(folder: Path, runs: Sequence[Run], settings: str, video: Path | None = None) -> dict[str, Path]:
    """Write report.html and its pictures into a run folder, where it is; returns the files written, by name.

    The first run is that of the folder, others are those it is compared with; `settings` are the resolved ones as YAML.
    """
    files = write_plots(folder, [run.log for run in runs])
    header = runs[0].log.header
    figures = {
        name: FIGURE.substitute(source=data_uri(file), name=name, caption=_CAPTIONS[name])
        for name, file in files.items()
    }
    figures["diagnosis"] = figures.get("diagnosis", "")
    figures["score"] = next(figures.pop(name) for name in ("path_error", "velocity_error", "reward") if name in figures)
    body = RUN.substitute(
        figures,
        setting=html.escape(_setting(header)),
        headline=html.escape(headline(runs)),
        detail=html.escape(detail(runs)),
        video="" if video is None else VIDEO.substitute(source=data_uri(video, "video/mp4")),
        phases=table(phase_table(runs)),
        loops=table(loop_table(runs)),
        settings=html.escape(settings.strip()),
        versions=html.escape(", ".join(f"{name} {version}" for name, version in header.versions.items())),
    )
    report = folder / "report.html"
    title = f"{header.robot} on {header.course} with {header.brain}"
    report.write_text(document(title, body), encoding="utf-8")
    return {"report": report, **files}


def _setting(header: RunHeader) -> str:
    facts = (
        f"{header.robot} on {header.terrain}",
        header.course,
        *header.perturbations,
        f"{header.planner} planner",
        f"{header.model} model",
        f"{header.rate_hz:g} Hz {header.mode}",
        f"seed {header.seed}",
    )
    return " · ".join(facts)
