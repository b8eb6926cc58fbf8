"""No adaptation: always the prior. The plain model-based controller of the comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dynamics.adapters.base import Adapted
from dynamics.model import Model
from dynamics.transitions import Transitions


@dataclass(frozen=True)
class FixedSettings:
    """Nothing to set."""

    kind: Literal["fixed"] = "fixed"


@dataclass(frozen=True)
class Fixed:
    """Returns the prior, whatever was observed."""

    model: Model
    window: int = 1
    carries: bool = False

    def initial(self) -> Adapted:
        """Return the prior."""
        return Adapted(self.model.prior)

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Return the prior."""
        return self.initial()
