"""A controller that is told, before each tick, how its robot should move."""

from __future__ import annotations

from dataclasses import replace

from controller.loop.plan_loop import Planning
from controller.steering.helm import Helm
from controller.tick import Observation, TickResult
from hardware.steering import STILL


class SteeredPlanning:
    """Asks the helm and passes it on; implements `Planning`. Time begins at the first tick behind a reset."""

    def __init__(self, controller: Planning, helm: Helm) -> None:
        self._controller, self._helm = controller, helm
        self._start: float | None = None
        self._wanted = STILL

    def tick(self, observation: Observation) -> TickResult:
        """Decide what to do from an observation and the newest command."""
        self._start = observation.time if self._start is None else self._start
        self._wanted = self._helm.wanted(observation.time - self._start)
        return self._controller.tick(replace(observation, wanted=self._wanted))

    def reset(self) -> None:
        """Forget everything that was observed or told."""
        self._start = None
        self._helm.reset()
        self._controller.reset()

    def rehearse(self, observation: Observation) -> None:
        """Do a tick for nothing, with the command of the last one."""
        self._controller.rehearse(replace(observation, wanted=self._wanted))
