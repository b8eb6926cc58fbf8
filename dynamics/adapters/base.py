"""The seam of all adapters: window in, weights out, and a status that says whether the window could be used."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, replace
from typing import Any, ClassVar, Protocol

import numpy as np

from dynamics.model import Model
from dynamics.network import Parts, Weights
from dynamics.transitions import Float32, FloatArray, Transitions


class Status(enum.Enum):
    """How an adaptation ended; unless it is OK, the weights owe nothing to the newest window."""

    OK = "ok"
    NOTHING_SEEN = "nothing_seen"
    NOT_FINITE = "not_finite"
    OVERSHOT = "overshot"


@dataclass(frozen=True)
class Adapted:
    """What an adapter made of the newest window.

    Attributes:
        weights: to plan with, W (E, in, out) and b (E, out) a layer, in float32.
        memory: what the adapter wants to see again at the next tick; nothing for most.
        belief: what it takes the condition to be, by channel; nothing where it does not say.
        status: OK, or why the window was not used.
    """

    weights: Weights
    memory: tuple[Float32, ...] = ()
    belief: Mapping[str, float] = field(default_factory=dict)
    status: Status = Status.OK


class AdapterSettings(Protocol):
    """What all settings of adapters have in common: they are frozen dataclasses, and `kind` is their first field."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def kind(self) -> str:
        """Name of the kind of adapter."""

    @property
    def window(self) -> int:
        """Transitions M that it is trained to look at."""


@dataclass(frozen=True)
class Adapter(ABC):
    """Turns the newest transitions into a better model.

    An adapter keeps no state of its own: what it needs from the past is the window and what it returned last. A reset
    is therefore nothing but starting again from `initial`.

    Attributes:
        settings: of its kind.
        model: the trained model; its prior is where adaptation starts.
        parts: what was learned beside it, by name.
        condition: tells the true condition (C,) of this moment; None where nothing knows it, as on a real robot.
    """

    settings: AdapterSettings
    model: Model
    parts: Parts
    condition: Callable[[], FloatArray] | None = None
    carries: ClassVar[bool] = False
    """Whether what it returned last matters; if not, the window alone decides."""

    @property
    def window(self) -> int:
        """Longest useful window M [transitions]."""
        return self.settings.window

    def initial(self) -> Adapted:
        """Return what to plan with before anything was observed: the prior, where an adapter does not say otherwise."""
        return Adapted(self.model.prior)

    @abstractmethod
    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Return weights fitted to a window of 1 to M transitions; asked for by `refit` alone.

        Args:
            current: what this returned last, or `initial`; only an adapter that carries something on looks at it.
            window: finite transitions, the newest last; never modified. A longer one counts by its last M.

        Returns:
            Weights that need not be finite, and OVERSHOT where the adapter knows that they explain the window no better
            than those that it started from.
        """


def refit(adapter: Adapter, current: Adapted, window: Transitions | None) -> Adapted:
    """Adapt to the newest window, whatever it holds.

    Args:
        adapter: what adapts.
        current: what this returned last, or the adapter's `initial`.
        window: the newest transitions, oldest first: states and next states (M, S), actions (M, A); None before the
            first one.

    Returns:
        Finite weights. Those of the adapter's `initial`, with a status that says why, where there was no window, where
        it was not finite, or where what came of it was not.
    """
    if window is None:
        return replace(adapter.initial(), status=Status.NOTHING_SEEN)
    if not window.finite:
        return replace(adapter.initial(), status=Status.NOT_FINITE)
    found = adapter.adapt(current, window)
    if all(np.isfinite(w.detach().numpy()).all() for w in found.weights):  # torch takes several times as long
        return found
    return replace(adapter.initial(), status=Status.NOT_FINITE)


LARGEST = 10_000
"""No setting of an adapter may be larger: nothing useful is, and a window or a width beyond fills any memory."""


def expect(settings: AdapterSettings, name: str, holds: bool, rule: str) -> None:
    """Raise ValueError unless a rule on one of the settings holds, and its number is at most `LARGEST`."""
    value = getattr(settings, name, None)
    if not holds or (value is not None and not value <= LARGEST):
        raise ValueError(f"{name}: expected {rule if not holds else f'at most {LARGEST:,}'}, got {value}")
