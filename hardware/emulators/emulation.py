"""What any emulated robot is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sim.perturbations import Perturbation
from sim.robots.anatomy import Anatomy


class EmulationError(RuntimeError):
    """A robot cannot be emulated, or not any longer."""


@dataclass(frozen=True)
class Emulation:
    """A robot on a network, and what happens to it."""

    anatomy: Anatomy
    terrain: str
    """A preset's name."""
    interface: str
    domain: int
    """Of DDS."""
    perturbations: tuple[Perturbation, ...]
    faults: tuple[str, ...]
    """Of itself or its wire, as text."""
    mode: str | None
    """Its own controller that runs at the start; None takes its usual one."""
    timeout: float
    """Without a good command for this long the motors are damped [s]."""
    seed: int
    seconds: float
    """How long it lives [s]."""
    view: bool
    """Show it on a page."""


Emulator = Callable[[Emulation, Callable[[], AbstractContextManager[Callable[[], bool]]]], Mapping[str, object]]
"""Is a robot until time is up or it is asked to stop (the context gives that question), and returns what it has seen.

Raises ValueError for what it cannot be asked, EmulationError for what fails.
"""
