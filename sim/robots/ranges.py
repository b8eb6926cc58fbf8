"""What conditions are drawn from: disjoint parts for training and for tests on what was never trained on."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from sim.strict import require

Split = Literal["train", "heldout"]
SPLITS: tuple[Split, ...] = get_args(Split)
Band = tuple[float, float]


@dataclass(frozen=True)
class Bands:
    """Disjoint intervals of one parameter."""

    train: tuple[Band, ...]
    heldout: tuple[Band, ...]

    def __post_init__(self) -> None:
        for split in SPLITS:
            require(bool(self.of(split)), split, "at least one interval", "none")
            for low, high in self.of(split):
                require(-math.inf < low < high < math.inf, split, "intervals [low, high] with low < high", [low, high])
        ends = sorted((*self.train, *self.heldout))
        for (_, high), (low, _) in itertools.pairwise(ends):
            require(high <= low, "heldout", "intervals that overlap no other", f"one that begins at {low:g}")

    def of(self, split: Split) -> tuple[Band, ...]:
        """Return the intervals of a split."""
        return self.train if split == "train" else self.heldout

    def draw(self, rng: np.random.Generator, split: Split) -> float:
        """Return a value uniform over the intervals of a split."""
        bands = self.of(split)
        widths = np.array([high - low for low, high in bands])
        low, high = bands[int(rng.choice(len(bands), p=widths / widths.sum()))]
        return float(rng.uniform(low, high))


@dataclass(frozen=True)
class LegSets:
    """Which legs are lost together."""

    train: tuple[tuple[str, ...], ...] = ()
    heldout: tuple[tuple[str, ...], ...] = ()

    def of(self, split: Split) -> tuple[tuple[str, ...], ...]:
        """Return the sets of a split."""
        return self.train if split == "train" else self.heldout
