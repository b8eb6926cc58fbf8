"""No look at the window: the model as it was trained, or the same told the true condition.

The plain model-based controller of the comparison, and the lower bound of prediction error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from dynamics.adapters.base import Adapted, Adapter, expect
from dynamics.model import inform
from dynamics.transitions import Transitions


@dataclass(frozen=True)
class FixedSettings:
    """How its model is trained.

    Attributes:
        rollout: steps over which predictions are judged in training, on the model's own; 1 judges every step alone.
    """

    kind: Literal["fixed"] = "fixed"
    rollout: int = 1
    window: ClassVar[int] = 1

    def __post_init__(self) -> None:
        expect(self, "rollout", self.rollout >= 1, "at least 1")


@dataclass(frozen=True)
class Fixed(Adapter):
    """Returns the prior, whatever was observed."""

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        return self.initial()


@dataclass(frozen=True)
class InformedSettings:
    """How its model is trained.

    Attributes:
        rollout: steps over which predictions are judged in training, on the model's own; 1 judges every step alone.
    """

    kind: Literal["informed"] = "informed"
    rollout: int = 1
    window: ClassVar[int] = 1

    def __post_init__(self) -> None:
        expect(self, "rollout", self.rollout >= 1, "at least 1")


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
