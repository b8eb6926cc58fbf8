"""Whether each promise about the planners was kept, from the cells; what was not measured is said to be so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.planner_study.cells import Cell
from benchmarks.planner_study.drives import interval
from benchmarks.planner_study.entrants import DEFAULT
from benchmarks.planner_study.rivals import LENT
from benchmarks.planner_study.study import LADDER, SEQUENCES, Study, ipopt_cells
from controller.jobs.study import Result
from controller.stress.acceptance import Promise

_KERNEL_RATIO = 1.5
_FASTER_THAN_PEERS = 4.0
_FASTER_THAN_PUBLISHED = 20.0
_OPTIMALITY = 0.01
_NOISE_MS = 0.1
"""By how much the CPU time of the same chunk differs from time to time on a busy machine."""
_TIMES = (
    ("RTI", "cpu_ms", "ms", 1.5, 3.0),
    ("iCEM, 312 sequences", "cpu_ms", "ms", 4.5, 8.0),
    ("iCEM, 97 sequences", "cpu_ms", "ms", 1.8, 3.5),
    ("hybrid", "cpu_ms", "ms", 4.0, 7.0),
    ("plan evaluation", "cpu_us", "us", 20.0, 100.0),
)
"""Check, its key, unit, and limits of p50 and p99."""


def promises(study: Study) -> list[Promise]:
    """Judge all promises."""
    return [*_times(study), _kernel(study), *_peers(study), *_published(study), _optimality(study), *_anytime(study)]


def _times(study: Study) -> Iterator[Promise]:
    for name, key, unit, p50, p99 in _TIMES:
        result, limit = _check(study, name), f"p50 {p50:g}, p99 {p99:g} {unit}"
        if result is None:
            yield Promise(f"{name}: CPU time", "not measured", limit, None)
            continue
        got = result[key]
        figure = f"p50 {got['p50']:.2f}, p99 {got['p99']:.2f} {unit}"
        yield Promise(f"{name}: CPU time", figure, limit, got["p50"] <= p50 and got["p99"] <= p99)


def _kernel(study: Study) -> Promise:
    what, limit = "roll-out over bare float32 GEMM, 256 sequences", f"at most {_KERNEL_RATIO:g}"
    result = _check(study, "kernel over bare GEMM")
    if result is None:
        return Promise(what, "not measured", limit, None)
    figure = f"{result['ratio']:.2f} ({result['rollout_ms']:.2f} over {result['gemm_ms']:.2f} ms)"
    return Promise(what, figure, limit, result["ratio"] <= _KERNEL_RATIO)


def _peers(study: Study) -> Iterator[Promise]:
    for arena in study.arenas:
        ours = _equal(study, arena.name, DEFAULT)
        peers = {c.name: r for c in study.contenders if c.family == "peer" and (r := _equal(study, arena.name, c.name))}
        what, limit = f"{arena.name}: cost against each peer, equal evaluations", "worse than none of them"
        faster = f"at least {_FASTER_THAN_PEERS:g} x less time"
        if ours is None or not peers:
            yield Promise(what, "not measured", limit, None)
            yield Promise(f"{arena.name}: time at the best peer's cost", "not measured", faster, None)
            continue
        gaps = {name: interval(np.array(ours["costs"]) - np.array(peer["costs"])) for name, peer in peers.items()}
        closest = max(gaps, key=lambda name: gaps[name].mean)
        gap = gaps[closest]
        figure = f"{gap.mean:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}] to {closest}"
        yield Promise(what, figure, limit, all(gap.low <= 0 for gap in gaps.values()))
        best = min(peers, key=lambda name: float(np.mean(peers[name]["costs"])))
        promise = _faster(study, arena.name, best, peers[best], peers[best]["cpu_ms"]["p50"], _FASTER_THAN_PEERS)
        lent = _equal(study, arena.name, best + LENT)
        on_kernel = "" if lent is None else f"; on our kernel it takes {lent['cpu_ms']['p50']:.1f} ms"
        yield replace(promise, figure=promise.figure + on_kernel + _quickest(study, arena.name, peers[best]))


def _quickest(study: Study, arena: str, rival: Result) -> str:
    """Say which of the project's planners, the default aside, is as cheap as a rival in the least time."""
    theirs, times = float(np.mean(rival["costs"])), {}
    for contender in study.contenders:
        result = _equal(study, arena, contender.name)
        if contender.family == "ours" and result is not None and float(np.mean(result["costs"])) <= theirs:
            times[contender.name] = result["cpu_ms"]["p50"]
    quickest = min(times, key=lambda name: times[name], default=None)
    return "" if quickest in (None, DEFAULT) else f"; {quickest} does it in {times[quickest]:.2f} ms"


def _published(study: Study) -> Iterator[Promise]:
    own = _check(study, "published planner, 3 x 500 network")
    for arena in study.arenas:
        if not arena.delayed:
            continue
        for contender in study.contenders:
            result = _equal(study, arena.name, contender.name) if contender.family == "published" else None
            if result is None or own is None:
                continue
            ms = own[contender.name.removeprefix("published RS ")]["p50"]
            promise = _faster(study, arena.name, contender.name, result, ms, _FASTER_THAN_PUBLISHED)
            same = f"; with our network it takes {result['cpu_ms']['p50']:.1f} ms"
            yield replace(promise, figure=promise.figure + same)


def _faster(study: Study, arena: str, rival: str, result: Result, ms: float, wanted: float) -> Promise:
    """Find the smallest budget of the default planner that costs no more than a rival, and compare times."""
    what, limit = f"{arena}: time at the cost of {rival}", f"at least {wanted:g} x less"
    theirs = float(np.mean(result["costs"]))
    for amount in (*LADDER, SEQUENCES):
        ours = _equal(study, arena, DEFAULT, amount)
        if ours is None:
            continue
        cost = float(np.mean(ours["costs"]))
        if cost <= theirs:
            mine = ours["cpu_ms"]["p50"]
            figure = f"{ms / mine:.1f} x ({mine:.2f} for {ms:.1f} ms, cost {cost:.3f} for {theirs:.3f})"
            return Promise(what, figure, limit, ms / mine >= wanted)
    measured = _equal(study, arena, DEFAULT) is not None
    return Promise(what, "never as cheap" if measured else "not measured", limit, False if measured else None)


def _optimality(study: Study) -> Promise:
    what = "Newton steps against IPOPT: cost above the solution"
    limit = f"at most {_OPTIMALITY:.0%} on every problem with up to 10 steps"
    found = study.store.all(ipopt_cells(study.quick)).values()
    if not found:
        return Promise(what, "not measured", limit, None)
    ten, single, warm = ([gap for result in found for gap in result[name]] for name in ("ten", "single", "warm"))
    figures = {"10 steps from nothing": ten, "1 step a tick in closed loop": warm, "1 step from nothing": single}
    text = "; ".join(
        f"{name}: worst {max(gaps):.2%}, median {np.median(gaps):.2%} of {len(gaps)}" for name, gaps in figures.items()
    )
    return Promise(what, text, limit, max(ten) <= _OPTIMALITY)


def _anytime(study: Study) -> Iterator[Promise]:
    arena = study.arenas[0].name
    for contender in study.contenders:
        result = study.store.get(Cell("anytime", arena, contender.name)) if contender.hurries else None
        if result is None:
            continue
        least = result["rows"][0]
        late, chunk = least["late_ms"]["p99"], least["chunk_ms"]["p99"]
        figure = f"{late:+.2f} ms after {least['budget_ms']:.2f} ms, chunk {chunk:.2f} ms; cost {_mean(least):.3f}"
        figure += f" for {_mean(result['rows'][-1]):.3f} with half as much again as it needs"
        what = f"{contender.name}: a tenth of the time, lateness p99"
        yield Promise(what, figure, f"at most one chunk and {_NOISE_MS:g} ms", late <= chunk + _NOISE_MS)


def _mean(row: dict[str, Any]) -> float:
    return float(np.mean(row["costs"]))


def _check(study: Study, name: str) -> Result | None:
    return study.store.get(Cell("check", contender=name))


def _equal(study: Study, arena: str, contender: str, amount: int = SEQUENCES) -> Result | None:
    return study.store.get(Cell("equal", arena, contender, amount))


def failed(judged: Sequence[Promise]) -> list[Promise]:
    """Return those that were broken."""
    return [promise for promise in judged if promise.kept is False]
