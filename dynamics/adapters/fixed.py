"""No look at the window: the model as it was trained, or the same told the true condition.

The plain model-based controller of the comparison, and the lower bound of prediction error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from dynamics.adapters.base import Adapted, Adapter
from dynamics.model import inform
from dynamics.transitions import Transitions


@dataclass(frozen=True)
class FixedSettings:
    """Nothing to set."""

    kind: Literal["fixed"] = "fixed"
    window: ClassVar[int] = 1


@dataclass(frozen=True)
class Fixed(Adapter):
    """Returns the prior, whatever was observed."""

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        return self.initial()


@dataclass(frozen=True)
class InformedSettings:
    """Nothing to set."""

    kind: Literal["informed"] = "informed"
    window: ClassVar[int] = 1


@dataclass(frozen=True)
class Informed(Adapter):
    """Folds the true condition of the moment into the weights. Raises ValueError where nothing tells it."""

    def __post_init__(self) -> None:
        if self.condition is None:
            raise ValueError("informed adapter: expected a simulated robot that knows its condition, got none")

    def initial(self) -> Adapted:
        assert self.condition is not None
        condition = np.asarray(self.condition(), np.float64)
        return Adapted(inform(self.model, self.model.prior, condition))

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        return self.initial()
