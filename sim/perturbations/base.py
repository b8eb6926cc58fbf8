"""What all perturbations share: a name, times, and a text form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from sim.perturbations import codec


@dataclass(frozen=True, kw_only=True)
class Timed:
    """Something that begins and is over; raises PerturbationError for values that cannot be.

    Attributes:
        name: what it is called in text.
        onset: time at which it begins [s].
        end: time at which it is over [s].
    """

    name: ClassVar[str]
    onset: float = 0.0
    end: float = math.inf

    def __post_init__(self) -> None:
        codec.check_times(self)

    def __str__(self) -> str:
        """Return the text form."""
        return codec.write(self)
