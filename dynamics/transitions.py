"""Transitions and the windows that learning cuts from them.

Axis letters, used in every shape of this package:
    B  windows (conditions) in a batch     E  ensemble members      N  candidate sequences
    M  support transitions                 K  query transitions     T  time steps of an episode
    H  planning horizon                    S  state channels        A  action channels
    F  encoded input features              D  increment channels (= S)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Float32 = NDArray[np.float32]
"""What networks run in; tests run them in double precision too."""


@dataclass(frozen=True)
class Transitions:
    """A run of transitions (s_t, u_t, s_t+1), oldest first.

    Attributes:
        states: (..., T, S) state before the action, SI units.
        actions: (..., T, A) action held over the step.
        next_states: (..., T, S) state after the step.
    """

    states: FloatArray
    actions: FloatArray
    next_states: FloatArray

    def __len__(self) -> int:
        return int(self.states.shape[-2])

    @property
    def finite(self) -> bool:
        """Whether every number is finite."""
        return all(bool(np.isfinite(part).all()) for part in vars(self).values())

    def last(self, count: int) -> Transitions:
        """Return the newest `count` transitions (all of them when there are fewer)."""
        if count < 1:
            raise ValueError(f"count: expected at least 1, got {count}")
        newest = (..., slice(-count, None), slice(None))
        return Transitions(self.states[newest], self.actions[newest], self.next_states[newest])


@dataclass(frozen=True)
class History:
    """The newest clean transitions of a run: the window that adaptation sees. `append` returns a new history."""

    capacity: int
    transitions: tuple[tuple[FloatArray, FloatArray, FloatArray], ...] = ()

    def append(self, state: FloatArray, action: FloatArray, next_state: FloatArray) -> History:
        """Return the history with one more transition, the oldest dropped beyond `capacity`."""
        newest = (state.copy(), action.copy(), next_state.copy())
        return History(self.capacity, (*self.transitions, newest)[-self.capacity :])

    def __len__(self) -> int:
        return len(self.transitions)

    @property
    def window(self) -> Transitions | None:
        """The stored transitions, oldest first, or None when there are none."""
        if not self.transitions:
            return None
        states, actions, next_states = (np.stack(parts) for parts in zip(*self.transitions, strict=True))
        return Transitions(states, actions, next_states)
