"""Whether what must hold does: the default against loops without a model, and against a model that does not adapt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from benchmarks.go2_table.entrants import LOOPS
from benchmarks.go2_table.figures import FEWEST, Figures, Place, Runs, difference, figures, ratio, recovery
from benchmarks.go2_table.rows import CURVES, ROWS
from controller.bootstrap import Estimate
from controller.jobs.study import Result
from controller.stress.acceptance import Promise

BAR, WORSE = 0.012, 0.003
"""Error on a straight line that is enough, and by how much more than PI a curve may cost [m]."""
LESS, LIMPING, SLOW = 0.7, 0.2, 0.9
"""Share of PI's error on curves, speed on three legs [m/s], share of the fastest entrant's speed."""
BETTER, BACK = 8, 1.0
"""Rows of curves in which adapting has to pay, and time until the error is back [s]."""


def promises(runs: Runs, default: str, estimated: Runs | None = None) -> list[Promise]:
    """Judge all that the runs can tell; nothing with fewer seeds than an interval takes."""
    judged = [*_falls(runs, default), *_straight(runs, default), *_curves(runs, default), _speed(runs, default)]
    judged += [_adapting(runs, default, other) for other in ("mb", "mb_offset") if other != default]
    judged += [_recovery(runs, default), _tick(runs, default)]
    judged += [] if estimated is None else _estimated(runs, estimated, default)
    fewest = min((len(runs.of(default, p)) for p in runs.places(names=[default])), default=0)
    return judged if fewest >= FEWEST else [replace(promise, kept=None) for promise in judged]


def _falls(runs: Runs, default: str) -> Iterator[Promise]:
    loops, what = [name for name in LOOPS if name in runs.names], f"{default}: falls, against the best loop"
    places = runs.places(names=[default, *loops])
    share = {name: {p: _share(figures(runs.of(name, p).values())) for p in places} for name in (default, *loops)}
    more = [p for p in places if share[default][p] > min((share[name][p] for name in loops), default=1.0)]
    limit = "more in no row"
    yield Promise(what, _of(more, places), limit, not more) if places and loops else Promise(what, "–", limit, None)
    for kind, limit, most in (("stands", "0 in each row", 0.0), ("limps", "at most 10 % in each row", 0.1)):
        shown = [p for p in runs.places(names=[default]) if ROWS[p[1]].promised == kind]
        found = {p: figures(runs.of(default, p).values()) for p in shown}
        bad = [p for p in shown if _share(found[p]) > most]
        fell, all_runs = sum(f.fell for f in found.values()), sum(f.runs for f in found.values())
        what = f"{default}: falls where it has to {'stand' if kind == 'stands' else 'limp on'}"
        figure = f"{fell} of {all_runs} runs; rows: {_of(bad, shown)}"
        yield Promise(what, figure, limit, not bad) if shown else Promise(what, "–", limit, None)
        if kind == "limps" and shown:
            slow = [p for p in shown if not _limps(runs.of(default, p))]
            what, limit = f"{default}: on a dead or locked joint it walks on, or stops and says why", "every run"
            yield Promise(what, f"not in {_of(slow, shown)}", f"{limit}: at least {LIMPING:g} m/s", not slow)


def _straight(runs: Runs, default: str) -> Iterator[Promise]:
    places = runs.places(("straight",), (default, "PI"))
    found = {p: [_error(runs, name, p) for name in (default, "PI")] for p in places}
    asked = [p for p, (_, loop) in found.items() if loop is not None and loop < BAR]
    far = [p for p in asked if (mine := found[p][0]) is None or mine >= BAR]
    what, limit = f"{default}: straight, error where PI keeps below {1e3 * BAR:g} mm", f"below {1e3 * BAR:g} mm"
    yield Promise(what, f"not in {_of(far, asked)}", limit, not far) if asked else Promise(what, "–", limit, None)
    whole, what = ratio(runs, default, "PI", places), f"{default}: straight, error over that of PI"
    limit = "not above 1"
    yield Promise(what, _told(whole), limit, whole.low <= 1.0) if whole else Promise(what, "–", limit, None)


def _curves(runs: Runs, default: str) -> Iterator[Promise]:
    places = runs.places(CURVES, (default, "PI"))
    whole, what = ratio(runs, default, "PI", places), f"{default}: curves, error over that of PI"
    limit = f"at most {LESS:g}"
    yield Promise(what, _told(whole), limit, whole.value <= LESS) if whole else Promise(what, "–", limit, None)
    found = {p: difference(runs.of(default, p), runs.of("PI", p)) for p in places}
    worse = [p for p, d in found.items() if d is not None and d.value > WORSE]
    what, limit = f"{default}: curves, rows worse than PI by more than {1e3 * WORSE:g} mm", "none"
    yield Promise(what, _of(worse, places), limit, not worse) if places else Promise(what, "–", limit, None)


def _speed(runs: Runs, default: str) -> Promise:
    what, limit = f"{default}: speed over that of the fastest", f"at least {SLOW:g}"
    places = [p for p in runs.places(names=runs.names) if _speeds(runs, default, p)]
    shares = [_speeds(runs, default, p) / max(_speeds(runs, name, p) for name in runs.names) for p in places]
    if not shares:
        return Promise(what, "–", limit, None)
    return Promise(
        what, f"{np.mean(shares):.2f} at the mean of {len(places)} rows", limit, bool(np.mean(shares) >= SLOW)
    )


def _adapting(runs: Runs, default: str, other: str) -> Promise:
    what, limit = f"{default} against {other} on curves", f"better in {BETTER} rows, worse in none"
    places = runs.places(CURVES, (default, other))
    if not places:
        return Promise(what, "–", limit, None)
    found = {p: difference(runs.of(default, p), runs.of(other, p)) for p in places}
    shares = {p: [_share(figures(runs.of(name, p).values())) for name in (default, other)] for p in places}
    better = [p for p, d in found.items() if (d is not None and d.high < 0.0) or shares[p][0] < shares[p][1] - 0.3]
    worse = [p for p, d in found.items() if (d is not None and d.low > 0.0) or shares[p][0] > shares[p][1] + 0.3]
    whole = _told(ratio(runs, default, other, places))
    figure = f"better in {_of(better, places)}; worse in {_of(worse, places)}; ratio {whole}"
    return Promise(what, figure, limit, len(better) >= BETTER and not worse)


def _recovery(runs: Runs, default: str) -> Promise:
    what, limit = f"{default}: time until the error is back, median", f"below {BACK:g} s"
    everything = [run for p in runs.places(names=[default]) for run in runs.of(default, p).values() if not run["fell"]]
    times = [recovery(run) for run in everything]
    left = [time for time in times if time > 0.0]
    if not times:
        return Promise(what, "–", limit, None)
    middle = float(np.percentile(left, 50.0, method="higher")) if left else 0.0
    figure = f"{middle:.2f} s where it ever left ({len(left)} of {len(times)} runs)"
    return Promise(what, figure, limit, middle < BACK)


def _tick(runs: Runs, default: str) -> Promise:
    what = f"{default}: tick at p99, median over runs"
    everything = [run for p in runs.places(names=[default]) for run in runs.of(default, p).values()]
    if not everything:
        return Promise(what, "–", "below half of its period", None)
    times, period = [run["tick_ms"][1] for run in everything], 1e3 * everything[0]["period_s"]
    return Promise(what, f"{np.median(times):.1f} ms", f"below {period / 2:g} ms", bool(np.median(times) < period / 2))


def _estimated(runs: Runs, estimated: Runs, default: str) -> Iterator[Promise]:
    places = [p for p in runs.places(names=[default]) if estimated.of(default, p)]
    what, limit = f"{default}: errors on estimated states over those on true ones", "at most 2 in each row"
    both = {p: (_error(estimated, default, p), _error(runs, default, p)) for p in places}
    ratios = {p: one / other for p, (one, other) in both.items() if one is not None and other}
    if not ratios:
        yield Promise(what, "–", limit, None)
        return
    far, middle = [p for p, r in ratios.items() if r > 2.0], float(np.median(list(ratios.values())))
    yield Promise(what, f"median {middle:.2f}; above 2 in {_of(far, list(ratios))}", limit, not far)
    more = [p for p in places if _fallen(estimated.of(default, p)) > _fallen(runs.of(default, p))]
    yield Promise(f"{default}: falls on estimated states", f"more in {_of(more, places)}", "the same", not more)


def _fallen(runs: Mapping[int, Result]) -> float:
    return _share(figures(runs.values()))


def _share(found: Figures) -> float:
    return found.fell / found.runs if found.runs else 0.0


def _limps(runs: Mapping[int, Result]) -> bool:
    standing = [run for run in runs.values() if not run["fell"]]
    return all(run["stopped"] is not None or (run["speed"] or 0.0) >= LIMPING for run in standing)


def _error(runs: Runs, name: str, place: Place) -> float | None:
    return figures(runs.of(name, place).values()).error


def _speeds(runs: Runs, name: str, place: Place) -> float:
    return figures(runs.of(name, place).values()).speed or 0.0


def _of(some: list[Place], places: list[Place]) -> str:
    """Say how many, and which while they are few."""
    shown = ", ".join(f"{course}: {row}" for course, row in some[:6]) + (" ..." if len(some) > 6 else "")
    return f"{len(some)} of {len(places)}" + (f" ({shown})" if some else "")


def _told(found: Estimate | None) -> str:
    return "–" if found is None else f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"
