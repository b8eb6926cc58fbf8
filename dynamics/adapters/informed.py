"""The lower bound of prediction error: a model that is told the true condition. Simulation only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dynamics.adapters.base import Adapted
from dynamics.model import Model, inform
from dynamics.transitions import FloatArray, Transitions


@dataclass(frozen=True)
class InformedSettings:
    """Nothing to set."""

    kind: Literal["informed"] = "informed"


@dataclass(frozen=True)
class Informed:
    """Folds the true condition into the weights at every tick.

    Attributes:
        model: a model with condition inputs.
        condition: returns the true condition (C,) of this moment.
    """

    model: Model
    condition: Callable[[], FloatArray]
    window: int = 1
    carries: bool = False

    def initial(self) -> Adapted:
        """Return the weights for the condition of this moment."""
        return Adapted(inform(self.model, self.model.prior, np.asarray(self.condition(), np.float64)))

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Return the weights for the condition of this moment; the window is not needed."""
        return self.initial()
