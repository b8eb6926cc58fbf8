"""When things happen to a simulated robot: perturbations and commands on the grid of physics steps.

Between two events the physics can run in one go; the time line says how far, and what holds from there on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Generic, TypeVar

from sim.conditions.condition import Condition
from sim.perturbations import Perturbation, active, compose

C = TypeVar("C")

_SLACK = 1e-6
"""Rounding that is forgiven when a time is put on the grid, in steps."""


class Timeline(Generic[C]):
    """The condition and the command of the present step, and when the next one begins. Commands are of any type C."""

    def __init__(self, intact: Condition, perturbations: Sequence[Perturbation], timestep: float) -> None:
        """Let `perturbations` act on `intact` at their own times, seen at steps of `timestep` [s]."""
        self.timestep = timestep
        self.condition = self._intact = intact
        self.steps = 0
        self.expect(perturbations)
        self.pending: list[tuple[int, C | None]] = []
        self.restart()

    def expect(self, perturbations: Sequence[Perturbation]) -> None:
        """Let these act in place of those before; what would have begun or ended by now does so at the next step."""
        self._perturbations = tuple(perturbations)
        times = {time for item in perturbations for time in (item.onset, item.last) if math.isfinite(time)}
        steps = {self.grid(time) for time in times}
        if self.steps and self._acting() != self.condition:
            steps.add(self.steps + 1)
        self._changes = tuple(sorted(steps))

    def restart(self) -> None:
        """Go back to time zero without a command."""
        self.steps = 0
        self.command: C | None = None
        self.pending.clear()
        self.meet()

    @property
    def time(self) -> float:
        """Time since the start [s]."""
        return self.steps * self.timestep

    def grid(self, time: float) -> int:
        """Return the first step at or after a time [s]."""
        return math.ceil(time / self.timestep - _SLACK)

    def send(self, command: C | None, expires: float) -> bool:
        """Take a command that holds until a time [s] and then is none; the condition's delay applies to both ends.

        Returns:
            Whether the command of the present step changed.
        """
        delay = self.condition.delay
        due = self.grid(self.time + delay)
        self.pending = [item for item in self.pending if item[0] < due]
        self.pending.append((due, command))
        if command is not None and math.isfinite(expires):
            self.pending.append((max(due, self.grid(expires + delay)), None))
        if due <= self.steps:
            self.meet()
        return due <= self.steps

    def next_event(self, target: int) -> int:
        """Return the step of the next change of condition or command, or `target` when that comes first."""
        change = next((step for step in self._changes if step > self.steps), target)
        return min(target, change, self.pending[0][0] if self.pending else target)

    def meet(self) -> bool:
        """Make condition and command those of the present step; return whether the condition may have changed."""
        changes = self.steps == 0 or self.steps in self._changes
        if changes:
            self.condition = self._acting()
        while self.pending and self.pending[0][0] <= self.steps:
            self.command = self.pending.pop(0)[1]
        return changes

    def _acting(self) -> Condition:
        """Return the condition of the present step."""
        return compose(self._intact, active(self._perturbations, self.time, _SLACK * self.timestep))
