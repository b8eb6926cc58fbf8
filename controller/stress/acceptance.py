"""What must hold of the default adapter in the stress suite, judged on the standings."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from controller.stress.settings import PLAIN
from controller.stress.standings import PROMISED, Standings, median_recovery
from sim.perturbations import LegLoss

GAP, GAP_AT_LEAST, RECOVERED = 0.7, 0.5, 1.5
"""Share of the gap to close, where its interval must begin, and the time to recover from a lost leg [s]."""
ENOUGH = 6
"""Seeds below which nothing is judged: so few differences have one sign by chance more than once in twenty times."""


@dataclass(frozen=True)
class Promise:
    """One thing that must hold, what was measured and what is promised; `kept` is None where a suite cannot tell."""

    what: str
    figure: str
    limit: str
    kept: bool | None


def promises(standings: Standings) -> list[Promise]:
    """Judge everything that the suite can tell of the default adapter."""
    settings = standings.measured.settings
    if settings.adapter not in settings.adapters:
        return []
    judged = [judge(standings, settings.adapter) for judge in (_gap, _left_out, _worse, _recovery)]
    return judged if settings.seeds >= ENOUGH else [replace(promise, kept=None) for promise in judged]


def _gap(standings: Standings, adapter: str) -> Promise:
    what, limit = f"{adapter}: gap closed, {PROMISED}", f"{GAP:.0%}, interval above {GAP_AT_LEAST:.0%}"
    found = standings.suites.get(PROMISED, {}).get(adapter)
    if found is None:
        return Promise(what, "–", limit, None)
    figure = f"{found.value:.0%} [{found.low:.0%}, {found.high:.0%}]"
    return Promise(what, figure, limit, found.value >= GAP and found.low > GAP_AT_LEAST)


def _left_out(standings: Standings, adapter: str) -> Promise:
    what, limit = f"{adapter}: better than {PLAIN} on families left out of training", "on most"
    names = {c.name for c in standings.measured.settings.conditions if c.without is not None}
    rows = [row for row in standings.rows if row.condition in names and row.adapter == adapter and row.saved]
    if not rows:
        return Promise(what, "–", limit, None)
    better = [row.condition for row in rows if row.saved is not None and row.saved.low > 0.0]
    figure = f"{len(better)} of {len(rows)}" + (f": {', '.join(better)}" if better else "")
    return Promise(what, figure, limit, 2 * len(better) > len(rows))


def _worse(standings: Standings, adapter: str) -> Promise:
    what = f"{adapter}: not significantly worse than {PLAIN} in any condition"
    rows = [row for row in standings.rows if row.adapter == adapter and row.saved]
    worse = [row.condition for row in rows if row.saved is not None and row.saved.high < 0.0]
    if not rows or adapter == PLAIN:
        return Promise(what, "–", "nowhere", None)
    return Promise(what, ", ".join(worse) or "nowhere", "nowhere", not worse)


def _recovery(standings: Standings, adapter: str) -> Promise:
    what, limit = f"{adapter}: median recovery time after losing a leg", f"under {RECOVERED:g} s"
    measured, robot = standings.measured, standings.measured.settings.robot
    runs = [
        run
        for condition in measured.settings.conditions
        if condition.protocol == "onset" and any(isinstance(p, LegLoss) for p in condition.at(0, robot))
        for run in measured.runs(condition, adapter)
    ]
    found = median_recovery(runs)
    if found is None:
        return Promise(what, "–", limit, None)
    return Promise(what, f"{found:.2f} s" if math.isfinite(found) else "most did not", limit, found < RECOVERED)
