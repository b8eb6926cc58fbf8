"""A controller that another one follows at given times: with another adapter, or on another course.

What was observed, what is planned and the planner's randomness go on, so the same changes at the same times repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from controller.changes import Change
from controller.controller import Controller
from controller.courses.paths import Task
from controller.tick import Observation, TickResult
from hardware.robot import FloatArray
from planners.plan import Plan

_SLACK = 1e-6
"""Rounding that is forgiven when a tick is found at or after a change [s]."""


class Switching:
    """Drives with one of several controllers; implements `controller.loop.plan_loop.Planning`.

    Attributes:
        adapter: name of the present one.
        course: name of the present course.
        task: the same, where it lies.
        met: what changed at the newest tick.
    """

    def __init__(
        self,
        controllers: Mapping[str, Controller],
        begin: tuple[str, str],
        place: Callable[[str, FloatArray | None], Task],
        changes: Sequence[Change],
    ) -> None:
        """Begin with an adapter and a course, by name.

        Args:
            controllers: what adapts and plans, by the name of the adapter.
            begin: adapter and course of the beginning.
            place: makes a course begin where a robot is, given its state (S,), or where it usually does.
            changes: what becomes another one, in the order of their times.
        """
        self._controllers, self._begin, self._place = controllers, begin, place
        self._changes = tuple(changes)
        self.reset()

    @property
    def notes(self) -> tuple[str, ...]:
        """What changed at the newest tick, in words."""
        return tuple(f"{change.what} {change.name}" for change in self.met)

    @property
    def moved(self) -> tuple[tuple[float, float], ...] | None:
        """Points of the course [m] where it became another one at the newest tick."""
        return self.task.outline if any(change.what == "course" for change in self.met) else None

    @property
    def controller(self) -> Controller:
        """What adapts and plans now."""
        return self._controllers[self.adapter]

    def expect(self, change: Change) -> None:
        """Let one more thing change, later than all others."""
        self._changes = (*self._changes, change)

    def reset(self) -> None:
        """Forget everything that was observed, and go back to the first adapter and course."""
        self.adapter, self.course = self._begin
        self.task = self._place(self.course, None)
        self.met: tuple[Change, ...] = ()
        self._done, self._start = 0, np.nan
        for controller in self._controllers.values():
            controller.reset()
            controller.pursue(self.task)

    def tick(self, observation: Observation) -> TickResult:
        """Change what is due, and decide what to do from an observation."""
        self._start = observation.time if np.isnan(self._start) else self._start
        elapsed, before = observation.time - self._start, self._done
        while self._done < len(self._changes) and self._changes[self._done].onset <= elapsed + _SLACK:
            self._change(self._changes[self._done], observation)
            self._done += 1
        self.met = self._changes[before : self._done]
        return self.controller.tick(observation)

    def rehearse(self, observation: Observation) -> None:
        """Do a tick for nothing and forget it."""
        self.controller.rehearse(observation)

    def fan(self, plan: Plan, most: int) -> FloatArray:
        """Return what the best candidates behind a plan would lead to, see `Controller.fan`."""
        return self.controller.fan(plan, most)

    def _change(self, change: Change, observation: Observation) -> None:
        """Let another adapter go on where this one stopped, or a course begin where the robot is."""
        if change.what == "adapter":
            self._controllers[change.name].succeed(self.controller)
            self.adapter = change.name
        else:
            self.course = change.name
            self.task = self._place(change.name, observation.state)
            self.controller.pursue(self.task)
