"""The figures of a run, as the command line prints them and `summary.json` keeps them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from controller.courses import forward
from controller.loop.timing import LoopResult, percentiles
from controller.telemetry.run_log import Log, mean
from controller.telemetry.steered import velocity_error
from controller.telemetry.watch import diagnosed
from hardware.guard.checks import Trip


def summary(log: Log, loop: LoopResult, files: Mapping[str, str]) -> dict[str, object]:
    """The figures of a run and what its folder holds, as `run --json` prints them; null where there is none."""
    header, records, sizes = log.header, log.records, log.series("search_size")
    return {
        "robot": header.robot,
        "course": header.course,
        "perturbations": list(header.perturbations),
        "adapter": header.adapter,
        "planner": header.planner,
        "model": header.model,
        "seed": header.seed,
        "ticks": len(records),
        "seconds": records[-1].time - records[0].time + 1.0 / header.rate_hz if records else 0.0,
        "misses": loop.misses,
        "tick_ms": dataclasses.asdict(loop.tick_ms),
        "adapt_ms": dataclasses.asdict(percentiles([record.adapt_ms for record in records])),
        "plan_ms": dataclasses.asdict(percentiles([record.plan_ms for record in records])),
        "cost_mean": mean(log.series("cost")),
        "return_mean": mean(-log.series("cost")[1:]) if header.course == forward.NAME else None,
        "path_error_m": mean(np.abs(log.series("distance"))),
        "velocity_error": velocity_error(log),
        "progress_m": records[-1].progress - records[0].progress if records else 0.0,
        "fell": loop.fell,
        "interrupted": loop.interrupted,
        "goal": header.goal,
        "reward_mean": mean(log.rewards),
        "steps_to_goal": log.steps_to_goal,
        "prediction_error": {"prior": mean(log.series("error_prior")), "adapted": mean(log.series("error_adapted"))},
        "belief": list(log.belief),
        "search_size": {"mean": mean(sizes), "min": float(sizes.min()) if len(sizes) else None},
        "diagnosis": diagnosed(log),
        "statuses": dict(sorted(Counter(record.status for record in records).items())),
        "adaptations": dict(sorted(Counter(record.adaptation for record in records).items())),
        "files": dict(files),
    }


def servo_summary(events: Sequence[Mapping[str, object]], origin: float) -> dict[str, object]:
    """What a servo process told of itself, as `deploy --json` prints it; times [s] begin at `origin`."""
    told: dict[str, list[object]] = {}
    modes: list[dict[str, object]] = []
    faults: list[str] = []
    trips: Counter[str] = Counter()
    standing = set[str]()
    for event in events:
        kind, what, time = str(event["kind"]), event["what"], float(str(event["time"]))
        told.setdefault(kind, []).append(what)
        if kind in {"fault", "crash"}:
            faults.append(str(what))
        if kind != "mode" or not isinstance(what, Mapping):
            continue
        now = {str(trip).partition(":")[0] for trip in what["trips"]}
        trips.update(now - standing)
        standing = now
        if what["fault"] is not None and what["fault"] not in faults:
            faults.append(str(what["fault"]))
        if not modes or (modes[-1]["mode"], modes[-1]["fault"]) != (what["mode"], what["fault"]):
            modes.append({"time": round(time - origin, 3), "mode": what["mode"], "fault": what["fault"]})
    return {
        "modes": modes,
        "guard": dict(trips),
        "faults": faults,
        "refused": told.get("refused", []),
        "rights": told.get("right", []),
        "statistics": (told.get("statistics") or [{}])[-1],
        "left": (told.get("left") or [None])[-1],
    }


def stopped_by(given_up: Trip | None, faults: Sequence[str]) -> str | None:
    """Return why a robot was stopped, what came first before what came of it; None where nothing stopped it.

    Args:
        given_up: what ended the plan loop; its check is `robot` where that was told so by the servo process.
        faults: what the servo process told, in order.
    """
    if given_up is None or (faults and given_up.check == "robot"):
        return faults[0] if faults else None
    return "; on the way down ".join((given_up.detail, *faults[:1]))
