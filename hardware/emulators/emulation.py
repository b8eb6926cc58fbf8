"""What any emulated robot is asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from hardware.spec import RobotSpec
from sim.perturbations import Perturbation
from sim.robots.anatomy import Anatomy


class EmulationError(RuntimeError):
    """A robot cannot be emulated, or not any longer."""


@dataclass(frozen=True)
class Emulation:
    """A robot on a network, and what happens to it."""

    anatomy: Anatomy
    own: RobotSpec | None = None
    """All of it where its own controller walks; None for one whose controller only lies."""
    terrain: str = "flat"
    """A preset's name."""
    interface: str = "lo"
    domain: int = 1
    """Of DDS."""
    perturbations: tuple[Perturbation, ...] = ()
    faults: tuple[str, ...] = ()
    """Of itself or its wire, as text."""
    mode: str | None = None
    """Its own controller that runs at the start; None takes its usual one."""
    timeout: float = 0.05
    """Without a good command for this long the motors are damped [s]."""
    seed: int = 0
    seconds: float = math.inf
    """How long it lives [s]."""
    view: bool = False
    """Show it on a page."""


Stopping = Callable[[], AbstractContextManager[Callable[[], bool]]]
"""A context that gives the question whether to stop."""
Emulator = Callable[[Emulation, Stopping], Mapping[str, object]]
"""Is a robot until time is up or it is to stop, and returns what it has seen.

Raises ValueError for what it cannot be asked, EmulationError for what fails.
"""
