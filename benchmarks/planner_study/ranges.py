"""What random search may draw: ranges, choices, and a seeded draw of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Value = int | float | bool | str


@dataclass(frozen=True)
class Range:
    """Numbers between `low` and `high`, uniform in their logarithm where `log` is set, rounded where `whole` is."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def draw(self, rng: np.random.Generator) -> Value:
        """Draw one number."""
        if self.whole:
            return int(rng.integers(int(self.low), int(self.high) + 1))
        if self.log:
            return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        return float(rng.uniform(self.low, self.high))


@dataclass(frozen=True)
class Choice:
    """One of a few values."""

    values: tuple[Value, ...]

    def draw(self, rng: np.random.Generator) -> Value:
        """Draw one of them."""
        return self.values[int(rng.integers(len(self.values)))]


Space = Mapping[str, Range | Choice]
Setting = Mapping[str, Any]
"""Values by name."""


def draw(space: Space, rng: np.random.Generator) -> dict[str, Any]:
    """Draw one setting, in the order of the space."""
    return {name: values.draw(rng) for name, values in space.items()}
