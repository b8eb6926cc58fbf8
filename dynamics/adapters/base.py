"""Every adapter is the same sentence: window in, weights out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from dynamics.network import Weights
from dynamics.transitions import Transitions


@dataclass(frozen=True)
class Adapted:
    """What an adapter made of the newest window.

    Attributes:
        weights: to plan with, leading axis (E,).
        memory: what the adapter wants to see again at the next tick; nothing for most.
        belief: what it takes the condition to be, by channel; nothing where it does not say.
    """

    weights: Weights
    memory: tuple[Weights, ...] = ()
    belief: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


class Adapter(Protocol):
    """Turns the newest transitions into a better model.

    An adapter keeps no state of its own: what it needs from the past is the window and what it returned last. A reset
    is therefore nothing but starting again from `initial`.
    """

    @property
    def window(self) -> int:
        """Longest useful window M [transitions]."""
        ...

    @property
    def carries(self) -> bool:
        """Whether what it returned last matters; if not, the window alone decides."""
        ...

    def initial(self) -> Adapted:
        """Return what to plan with before anything was observed."""
        ...

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Return weights fitted to a window of 1 to M finite transitions, oldest first.

        Args:
            current: what this returned last; only an adapter that carries something on looks at it.
            window: transitions, the newest last; never modified.
        """
        ...
