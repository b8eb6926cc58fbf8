"""`limber list`: what can be named on the command line, with a line on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

import tyro
from tyro.conf import arg

from controller.commands.flags import Answer, Switch


@dataclass(frozen=True)
class List:
    """List what can be named on the command line."""

    what: Annotated[str, tyro.conf.Positional, arg(metavar="{robots|courses|perturbations|adapters|planners}")]
    """Which family."""
    json: Switch = False
    """Print a JSON object {family: {name: description}}."""

    def __call__(self) -> Answer:
        """Return {family: {name: description}}."""
        if self.what not in _FAMILIES:
            from controller.settings.layers import ConfigError, nearest

            raise ConfigError(f"command line: list: unknown family '{self.what}'; {nearest(self.what, _FAMILIES)}")
        entries = dict(_FAMILIES[self.what]())
        return Answer({self.what: entries}, "\n".join(f"{name:<14} {line}" for name, line in entries.items()))


def _robots() -> Mapping[str, str]:
    from controller.settings import robots

    return {name: robots.spec(name).description for name in robots.names()}


def _courses() -> Mapping[str, str]:
    from controller.courses.goals import GOALS
    from controller.courses.paths import COURSES

    paths = {name: f"{path.length:.1f} m, {'closed' if path.closed else 'open'}" for name, path in COURSES.items()}
    return paths | {name: goal.description for name, goal in GOALS.items()}


def _perturbations() -> Mapping[str, str]:
    from sim.perturbations import PERTURBATIONS

    return {name: (kind.__doc__ or "").strip().splitlines()[0] for name, kind in PERTURBATIONS.items()}


def _adapters() -> Mapping[str, str]:
    from controller.settings.recipes import RECIPES

    return RECIPES


def _planners() -> Mapping[str, str]:
    from planners.factory import PLANNERS

    return {kind: planner.description for kind, planner in PLANNERS.items()}


_FAMILIES: Mapping[str, Callable[[], Mapping[str, str]]] = MappingProxyType(
    {
        "robots": _robots,
        "courses": _courses,
        "perturbations": _perturbations,
        "adapters": _adapters,
        "planners": _planners,
    }
)
"""Each is imported when it is asked for, so that the answer comes at once."""
