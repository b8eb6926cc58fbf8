"""Statistics of the stress suite, on arrays of costs (C conditions, S seeds): gap closed, intervals, recovery time.

Every statistic is built on interquartile means with stratified-bootstrap intervals, after Agarwal et al. 2021, "Deep
reinforcement learning at the edge of the statistical precipice", https://arxiv.org/abs/2108.13264.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controller.bootstrap import RESAMPLES, Estimate, drawn_anew, estimate, interval
from planners.problem import FloatArray

SETTLED_AFTER = 3.0
"""From this long after an onset on the path error counts as settled [s]."""
SHARE = 1.2
"""How near the settled path error is near enough."""
SPAN = 0.5
"""Time over which the path error is averaged [s]."""


@dataclass(frozen=True)
class Costs:
    """Costs of an adapter beside those of the zero and the one of the scores.

    Attributes:
        plain: of the plain model (C, S).
        other: of the adapter in question at the first R <= S of these seeds (C, R).
        informed: of the informed model (C, S).
    """

    plain: FloatArray
    other: FloatArray
    informed: FloatArray

    def __post_init__(self) -> None:
        for name in ("plain", "other", "informed"):
            values = getattr(self, name)
            if values.ndim != 2 or not values.size or len(values) != len(self.plain):
                raise ValueError(f"Costs.{name}: expected (C, S) as plain {self.plain.shape}, got {values.shape}")
            if values.shape != self.plain.shape and (name == "informed" or values.shape[1] > self.plain.shape[1]):
                raise ValueError(f"Costs.{name}: expected (C, S) as plain {self.plain.shape}, got {values.shape}")
            if not np.isfinite(values).all():
                raise ValueError(f"Costs.{name}: expected finite costs")

    @property
    def saved(self) -> FloatArray:
        """What the adapter saved over the plain model at the same seeds (C, R)."""
        return self.plain[:, : self.other.shape[1]] - self.other

    @property
    def gap(self) -> FloatArray:
        """What the informed model saved (C, S)."""
        return self.plain - self.informed


def iqm(values: FloatArray) -> FloatArray:
    """Return the interquartile mean over the last axis: without the lowest and the highest quarter, rounded down."""
    ordered = np.sort(values, axis=-1)
    cut = values.shape[-1] // 4
    middle: FloatArray = ordered[..., cut : values.shape[-1] - cut].mean(axis=-1)
    return middle


def run_scores(costs: Costs) -> FloatArray:
    """Return the score of every run (C, R): the cost saved over the plain model, in units of its condition's gap."""
    scores: FloatArray = costs.saved / iqm(costs.gap)[..., None]
    return scores


def gap_closed(costs: Costs, rng: np.random.Generator) -> Estimate:
    """Return the share of the gap between plain and informed model that an adapter closes, over conditions with a gap.

    The interquartile mean over all runs of `run_scores`, over that of the informed model: the plain model has exactly
    zero, the informed model exactly one. Seeds are drawn anew within each condition, the same ones for all adapters.
    """
    saved, gap = costs.saved, costs.gap
    drawn = drawn_anew(rng, *gap.shape)
    own = drawn if saved.shape == gap.shape else drawn_anew(rng, *saved.shape)
    again = np.take_along_axis(saved[None], own, axis=-1), np.take_along_axis(gap[None], drawn, axis=-1)
    return estimate(float(_closed(saved, gap)), _closed(*again))


def paired(difference: FloatArray, rng: np.random.Generator) -> Estimate:
    """Return the interquartile mean of differences over the same seeds (S,)."""
    return estimate(float(iqm(difference)), iqm(difference[drawn_anew(rng, difference.size)]))


def profile(scores: FloatArray, thresholds: FloatArray) -> FloatArray:
    """Return the share of runs (N,) whose score is above each threshold (T,)."""
    above: FloatArray = (scores.reshape(-1)[:, None] > thresholds).mean(axis=0)
    return above


def profile_band(scores: FloatArray, thresholds: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return the 95 % band of the profile (T,) of scores (C, S), seeds drawn anew within each condition."""
    again = np.take_along_axis(scores[None], drawn_anew(rng, *scores.shape, resamples=RESAMPLES // 4), axis=-1)
    return interval(np.array([profile(one, thresholds) for one in again]))


def recovery_time(time: FloatArray, distance: FloatArray, onset: float) -> float | None:
    """Return how long after an onset [s] the distance (T,) [m] from the path was back near its new settled value [s].

    The mean over the following half second is compared with 1.2 times the settled value, the mean from three seconds
    after the onset to the end. A change needs time to show, and at the onset itself the error is still small, so what
    counts is the first return: the first moment at which the mean is within the limit after it was beyond it within
    these three seconds. 0 where it never was; None where it did not return, or the run is too short to tell.
    """
    settled = distance[time >= onset + SETTLED_AFTER]
    width = max(1, round(SPAN / float(np.median(np.diff(time))))) if len(time) > 1 else 1
    if settled.size < width or not np.isfinite(distance).all():
        return None
    smooth = np.convolve(distance, np.full(width, 1.0 / width), mode="valid")
    begins = time[: len(smooth)]
    within = smooth <= SHARE * float(settled.mean())
    beyond = (begins >= onset) & (begins < onset + SETTLED_AFTER) & ~within
    if not beyond.any():
        return 0.0
    back = begins[(begins > begins[beyond][0]) & within]
    return float(back[0] - onset) if back.size else None


def _closed(saved: FloatArray, gap: FloatArray) -> FloatArray:
    """Gap closed of what was saved (..., C, R) where the informed model saved (..., C, S)."""
    flat, unit = (*gap.shape[:-2], -1), iqm(gap)[..., None]
    closed: FloatArray = iqm((saved / unit).reshape(flat)) / iqm((gap / unit).reshape(flat))
    return closed
