"""What can be named on the command line, with a line on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from controller.config import RECIPES
from controller.courses.goals import GOALS
from controller.courses.paths import COURSES
from controller.settings import robots
from controller.settings.layers import ConfigError, nearest
from planners.factory import PLANNERS
from sim.perturbations import PERTURBATIONS


def catalogue(family: str) -> dict[str, str]:
    """Return {name: description} of a family: robots, courses, perturbations, adapters or planners.

    Raises:
        ConfigError: there is no such family.
    """
    if family not in _FAMILIES:
        raise ConfigError(f"command line: list: unknown family '{family}'; {nearest(family, _FAMILIES)}")
    return dict(_FAMILIES[family]())


def _courses() -> dict[str, str]:
    paths = {name: f"{path.length:.1f} m, {'closed' if path.closed else 'open'}" for name, path in COURSES.items()}
    return paths | {name: goal.description for name, goal in GOALS.items()}


def _perturbations() -> dict[str, str]:
    return {name: (kind.__doc__ or "").strip().splitlines()[0] for name, kind in PERTURBATIONS.items()}


_FAMILIES: Mapping[str, Callable[[], Mapping[str, str]]] = MappingProxyType(
    {
        "robots": lambda: {name: robots.spec(name).description for name in robots.names()},
        "courses": _courses,
        "perturbations": _perturbations,
        "adapters": lambda: RECIPES,
        "planners": lambda: {kind: planner.description for kind, planner in PLANNERS.items()},
    }
)
