"""The figures of a run, as the command line prints them and `summary.json` keeps them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping

import numpy as np

from controller.telemetry import Log, mean
from controller.timing import LoopResult, percentiles


def summary(log: Log, loop: LoopResult, files: Mapping[str, str]) -> dict[str, object]:
    """The figures of a run, as `run --json` prints them; null stands for a figure that there is not.

    Args:
        log: the run.
        loop: how it ended and kept its time.
        files: what the run folder holds, by name.
    """
    header, records = log.header, log.records
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
        "misses": loop.statistics.misses,
        "tick_ms": dataclasses.asdict(loop.statistics.tick_ms),
        "adapt_ms": dataclasses.asdict(percentiles([record.adapt_ms for record in records])),
        "plan_ms": dataclasses.asdict(percentiles([record.plan_ms for record in records])),
        "cost_mean": mean(log.series("cost")),
        "path_error_m": mean(np.abs(log.series("distance"))),
        "progress_m": records[-1].progress - records[0].progress if records else 0.0,
        "fell": loop.fell,
        "goal": header.goal,
        "reward_mean": mean(log.rewards),
        "steps_to_goal": log.steps_to_goal,
        "prediction_error": {"prior": mean(log.series("error_prior")), "adapted": mean(log.series("error_adapted"))},
        "belief": list(log.belief),
        "statuses": dict(sorted(Counter(record.status for record in records).items())),
        "files": dict(files),
    }
