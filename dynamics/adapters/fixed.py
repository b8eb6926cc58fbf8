"""No adaptation: always the prior. The plain model-based controller of the comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dynamics.adapters.base import Adapted, Trained
from dynamics.transitions import Transitions


@dataclass(frozen=True)
class FixedSettings:
    """Nothing to set."""

    kind: Literal["fixed"] = "fixed"


@dataclass(frozen=True)
class Fixed:
    """Returns the prior, whatever was observed."""

    settings: FixedSettings
    trained: Trained
    window: int = 1
    carries: bool = False

    def initial(self) -> Adapted:
        """Return the prior."""
        return Adapted(self.trained.model.prior)

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Return the prior."""
        return self.initial()
