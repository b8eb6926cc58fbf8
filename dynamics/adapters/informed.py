"""The lower bound of prediction error: a model that is told the true condition. Simulation only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from dynamics.adapters.base import Adapted, Trained
from dynamics.model import inform
from dynamics.transitions import Transitions


@dataclass(frozen=True)
class InformedSettings:
    """Nothing to set."""

    kind: Literal["informed"] = "informed"


@dataclass(frozen=True)
class Informed:
    """Folds the true condition into the weights at every tick.

    Raises:
        ValueError: nothing tells the condition.
    """

    settings: InformedSettings
    trained: Trained
    window: int = 1
    carries: bool = False

    def __post_init__(self) -> None:
        if self.trained.condition is None:
            raise ValueError("informed adapter: expected a simulated robot that knows its condition, got none")

    def initial(self) -> Adapted:
        """Return the weights for the condition of this moment."""
        assert self.trained.condition is not None
        condition = np.asarray(self.trained.condition(), np.float64)
        return Adapted(inform(self.trained.model, self.trained.model.prior, condition))

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Return the weights for the condition of this moment; the window is not needed."""
        return self.initial()
