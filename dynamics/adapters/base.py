"""Every adapter is the same sentence: window in, weights out."""

from __future__ import annotations

from typing import Protocol

from dynamics.network import Weights
from dynamics.transitions import Transitions


class Adapter(Protocol):
    """Turns the newest transitions into a better model.

    An adapter keeps no state of its own: what it needs from the past is the window and the weights that it
    returned last. A reset is therefore nothing but starting again from `initial`.
    """

    @property
    def window(self) -> int:
        """Longest useful window M [transitions]."""
        ...

    def initial(self) -> Weights:
        """Return the weights to plan with before anything was observed."""
        ...

    def adapt(self, current: Weights, window: Transitions) -> Weights:
        """Return weights fitted to a window of 1 to M finite transitions, oldest first.

        Args:
            current: the weights in use; only an adapter that fine-tunes looks at them.
            window: transitions, the newest last; never modified.
        """
        ...
