"""A stress suite as one HTML page, as JSON, as tables for a spreadsheet and for a README."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import Any

from pydantic_core import to_json

from controller.bootstrap import Estimate
from controller.reports.page import FIGURE, data_uri, document, table
from controller.settings import robots
from controller.settings.layers import to_yaml
from controller.stress.acceptance import promises
from controller.stress.plots import write_plots
from controller.stress.settings import PROTOCOLS, Trial
from controller.stress.standings import PROMISED, Standings
from controller.stress.tables import (
    TITLES,
    condition_rows,
    detail_rows,
    markdown,
    promise_rows,
    scores_csv,
    suite_rows,
    title,
    trials_csv,
)

_BODY = Template("""  <p class="setting">$setting</p>
  <h1>$headline</h1>
  <p class="detail">$detail</p>
  $heat_map
  <h2>$suite_title</h2>
  $suite
  <h2>$promises_title</h2>
  $promises
  $profiles
  $recovery_curves
  <h2>$conditions_title</h2>
  $conditions
  <h2>The most expensive runs of each adapter</h2>
  $worst
  <h2>$details_title</h2>
  $details
  <details><summary>Settings</summary><pre>$settings</pre></details>
  <footer>$versions</footer>""")
_CAPTIONS = {
    "heat_map": "Share of the gap between plain and informed model that each adapter closed, interquartile mean "
    "over seeds. A dash: no significant gap, so there is nothing to close.",
    "profiles": "Share of all runs that closed more of the gap than the threshold, with 95 % bands; further up and to "
    "the right is better.",
    "recovery_curves": "Median distance from the course around the moment when the change set in.",
}
_DETAIL = (
    "All adapters met the same draws at the same seed. A score is the cost saved over the plain model in units of the "
    "gap to the informed model, which is told the true condition; both plan alike. Intervals are stratified bootstraps "
    "over seeds. A run that fell is charged as if the robot had stood beside the path, turned away, all along."
)


def write_report(folder: Path, standings: Standings, replays: Mapping[Trial, Path]) -> dict[str, Path]:
    """Write all into a folder; return the files by name. `replays` are reports of repeated runs, inside the folder."""
    texts = {
        "scores": ("scores.csv", scores_csv(standings)),
        "trials": ("trials.csv", trials_csv(standings)),
        "table": ("table.md", markdown(suite_rows(standings)) + "\n" + markdown(condition_rows(standings))),
        "suite": ("suite.yaml", to_yaml(standings.measured.settings)),
        "summary": ("summary.json", json.dumps(summary(standings), indent=1) + "\n"),
    }
    files = {name: folder / file for name, (file, _) in texts.items()}
    for name, (_, text) in texts.items():
        files[name].write_text(text, encoding="utf-8")
    files |= write_plots(folder, standings)
    files["report"] = folder / "report.html"
    files["report"].write_text(document("Stress suite", _body(folder, standings, files, replays)), encoding="utf-8")
    return files


def summary(standings: Standings) -> dict[str, Any]:
    """Return the figures as plain values; null stands for one that there is not or that is not finite."""
    settings = standings.measured.settings
    found = {
        "robot": robots.spec(settings.robot).name,
        "course": settings.course,
        "seconds": settings.seconds,
        "seeds": settings.seeds,
        "adapters": list(settings.adapters),
        "runs": len(standings.measured.results),
        "cpu_minutes": sum(run["cpu_s"] for run in standings.measured.results.values()) / 60.0,
        "gap_closed": standings.suites,
        "room": standings.room,
        "no_head_room": [name for name, gap in standings.room.items() if not gap.low > 0.0],
        "promises": promises(standings),
        "rows": standings.rows,
    }
    values: dict[str, Any] = json.loads(to_json(found, inf_nan_mode="null"))
    return values


def headline(standings: Standings) -> str:
    """What came of it, in one sentence."""
    adapter = standings.measured.settings.adapter
    found: Estimate | None = standings.suites.get(PROMISED, standings.suites.get("all", {})).get(adapter)
    if found is None:
        return f"{len(standings.measured.results)} runs under stress"
    return (
        f"{adapter} closes {found.value:.0%} of the gap between the plain and the informed model "
        f"[{found.low:.0%}, {found.high:.0%}]"
    )


def _body(folder: Path, standings: Standings, files: Mapping[str, Path], replays: Mapping[Trial, Path]) -> str:
    settings = standings.measured.settings
    pictures = {
        name: FIGURE.substitute(source=data_uri(files[name]), name=name, caption=caption) if name in files else ""
        for name, caption in _CAPTIONS.items()
    }
    titles = {f"{name}_title": html.escape(title(standings, name)) for name in TITLES}
    facts = (
        f"{robots.spec(settings.robot).name} on {settings.terrain}",
        settings.course,
        f"{settings.seconds:g} s",
        f"{settings.seeds} seeds",
        f"{len(settings.conditions)} conditions",
        f"{settings.planner.kind} planner, {settings.control.rate_hz:g} Hz, lock-step",
    )
    protocols = ". ".join(f"{name.capitalize()}: {line}" for name, line in PROTOCOLS.items())
    return _BODY.substitute(
        pictures | titles,
        setting=html.escape(" · ".join(facts)),
        headline=html.escape(headline(standings)),
        detail=html.escape(f"{_DETAIL} {protocols}."),
        suite=table(suite_rows(standings)),
        promises=table(promise_rows(standings)),
        conditions=table(condition_rows(standings)),
        details=table(detail_rows(standings)),
        worst=_worst(folder, standings, replays),
        settings=html.escape(to_yaml(settings).strip()),
        versions=html.escape(", ".join(f"{name} {version(name)}" for name in ("limber", "torch", "mujoco", "numpy"))),
    )


def _worst(folder: Path, standings: Standings, replays: Mapping[Trial, Path]) -> str:
    """A list of the runs that were repeated, each with a link to its report."""
    items = []
    for trial, report in replays.items():
        run = standings.measured.results[trial]
        happened = ", ".join(run["perturbations"]) or "nothing"
        text = f"{trial.adapter}, {trial.condition.name}, seed {trial.seed}"
        link = html.escape(report.relative_to(folder).as_posix())
        items.append(
            f'<li><a href="{link}">{html.escape(text)}</a>: cost {run["cost"]:.3g}; {html.escape(happened)}</li>'
        )
    return f"<ul>{''.join(items)}</ul>" if items else "<p>None were repeated.</p>"
