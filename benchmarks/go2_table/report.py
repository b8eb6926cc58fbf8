"""The table as one HTML page, as Markdown for docs, and as JSON."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from string import Template

from benchmarks.go2_table.figures import Figures, Runs, difference, figures
from benchmarks.go2_table.pictures import write_pictures
from benchmarks.go2_table.promises import promises
from benchmarks.go2_table.rows import COURSES, SECONDS, SETTLE
from controller.reports.page import FIGURE, data_uri, document, table
from controller.stress.acceptance import Promise

_BODY = Template("""  <p class="setting">$setting</p>
  <h1>$headline</h1>
  <p class="detail">$detail</p>
  <h2>What must hold</h2>
  $promises
  $parts""")
_DETAIL = (
    "Every cell: falls of runs, mean distance from the path from two seconds after the onset on over the runs that did "
    "not fall, its difference to PI at the same seeds with a 95 % interval where both stood, speed in m/s. All of "
    "it from the true state. The change sets in at second 8, on curves between 8 and 12, drawn for each seed."
)
_VERDICTS = {True: "holds", False: "does not", None: "not measured"}
REFERENCE = "PI"


def write_report(kinds: Mapping[str, Runs], robot: str, default: str, folder: Path) -> list[Path]:
    """Write report.html, table.md, summary.json and pictures of each kind of states; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    first = kinds["measured"] if "measured" in kinds else next(iter(kinds.values()))
    judged = promises(first, default, kinds.get("estimated"))
    kept, broken = (sum(promise.kept is verdict for promise in judged) for verdict in (True, False))
    parts, text = [], [f"### {robot}: what must hold", "", _markdown(_verdicts(judged)), ""]
    for states, runs in kinds.items():
        (folder / states).mkdir(exist_ok=True)
        pictures = write_pictures(runs, folder / states)
        for course in COURSES:
            rows = cells(runs, course)
            if len(rows) == 1:
                continue
            title = f"{robot}, {states} states, {course}"
            parts += [f"<h2>{html.escape(title)}</h2>", table(rows)]
            text += [f"### {title}", "", _markdown(rows), ""]
            for name in (f"errors_{course}", f"way_back_{course}"):
                if name in pictures:
                    parts.append(FIGURE.substitute(source=data_uri(pictures[name]), name=name, caption=""))
    body = _BODY.substitute(
        setting=html.escape(f"{robot} · {SECONDS:g} s · {sum(runs.count for runs in kinds.values())} runs"),
        headline=html.escape(f"Fault table: {kept} of {len(judged)} promises hold, {broken} do not"),
        detail=html.escape(_DETAIL),
        promises=table(_verdicts(judged)),
        parts="\n".join(parts),
    )
    files = [folder / name for name in ("report.html", "table.md", "summary.json")]
    files[0].write_text(document("Fault table", body), encoding="utf-8")
    files[1].write_text("\n".join(text), encoding="utf-8")
    files[2].write_text(json.dumps(summary(kinds, judged), indent=1) + "\n", encoding="utf-8")
    return files


def summary(kinds: Mapping[str, Runs], judged: Sequence[Promise]) -> dict[str, object]:
    """Return all figures as plain values."""
    rows = [
        {"states": states, "course": place[0], "row": place[1], "entrant": name, **_plain(figures(found.values()))}
        for states, runs in kinds.items()
        for place in runs.places()
        for name in runs.names
        if (found := runs.of(name, place))
    ]
    return {"promises": [asdict(promise) for promise in judged], "rows": rows, "settle_s": SETTLE}


def cells(runs: Runs, course: str) -> list[tuple[str, ...]]:
    """Return the rows of a course as text, with a head; a column an entrant."""
    rows = [(course, *runs.names)]
    for place in runs.places((course,)):
        reference = runs.of(REFERENCE, place)
        shown = []
        for name in runs.names:
            own = runs.of(name, place)
            found = figures(own.values())
            apart = difference(own, reference) if name != REFERENCE else None
            told = (
                ""
                if apart is None
                else f" ({1e3 * apart.value:+.0f} [{1e3 * apart.low:+.0f}, {1e3 * apart.high:+.0f}])"
            )
            shown.append(f"{_cell(found)}{told}" if found.runs else "–")
        rows.append((place[1], *shown))
    return rows


def _cell(found: Figures) -> str:
    fell = f"f{found.fell}/{found.runs} " if found.fell else ""
    stopped = f"s{found.stopped} " if found.stopped else ""
    if found.error is None:
        return f"{fell}{stopped}–".strip()
    back = "" if found.recovery is None or found.recovery == 0.0 else f", {_seconds(found.recovery)}"
    return f"{fell}{stopped}{1e3 * found.error:.0f} mm, {found.speed or 0.0:.2f} m/s{back}"


def _seconds(value: float) -> str:
    return f"back {value:.1f} s" if math.isfinite(value) else "not back"


def _plain(found: Figures) -> dict[str, object]:
    values = asdict(found)
    return {key: None if isinstance(value, float) and math.isinf(value) else value for key, value in values.items()}


def _verdicts(judged: Sequence[Promise]) -> list[tuple[str, ...]]:
    return [
        ("", "what must hold", "measured", "promised"),
        *((_VERDICTS[p.kept], p.what, p.figure, p.limit) for p in judged),
    ]


def _markdown(rows: Sequence[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])
