"""`limber list`: what can be named on the command line, with a line on each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import tyro
from tyro.conf import arg

from controller.commands.flags import Answer, Switch

FAMILIES = ("robots", "courses", "perturbations", "adapters", "planners", "drives", "sources")


@dataclass(frozen=True)
class List:
    """List what can be named on the command line."""

    what: Annotated[str, tyro.conf.Positional, arg(metavar=f"{{{'|'.join(FAMILIES)}}}")]
    """Which family."""
    json: Switch = False
    """Print a JSON object {family: {name: description}}."""

    def __call__(self) -> Answer:
        entries = _entries(self.what)
        return Answer({self.what: entries}, "\n".join(f"{name:<14} {line}" for name, line in entries.items()))


def _entries(family: str) -> Mapping[str, str]:
    """Return {name: description}; a family is imported when it is asked for, so that the answer comes at once."""
    match family:
        case "robots":
            from controller.settings import assets
            from controller.settings.layers import read_yaml

            return {file.stem: str(read_yaml(file).values["description"]) for file in assets.robots()}
        case "courses":
            from controller.courses import forward, velocity, waypoints
            from controller.courses.goals import GOALS
            from controller.courses.paths import COURSES

            described = {name: course.description for name, course in (COURSES | GOALS).items()}
            return described | {each.NAME: each.DESCRIPTION for each in (velocity, waypoints, forward)}
        case "perturbations":
            from sim.perturbations import PERTURBATIONS

            return {name: (kind.__doc__ or "").strip().splitlines()[0] for name, kind in PERTURBATIONS.items()}
        case "adapters":
            from controller.settings.assets import RECIPES

            return dict(RECIPES)
        case "drives":
            from hardware.drives import Direct, Striding, Walking

            kinds = (Direct, Striding, Walking)
            told = {str(kind.kind): (kind.__doc__ or "").strip().splitlines()[0] for kind in kinds}
            return told | {"sport": "The same, told to a controller of the robot's own."}
        case "sources":
            from controller.steering.choice import SOURCES

            return dict(SOURCES)
        case "planners":
            from planners.factory import PLANNERS

            return {kind: planner.description for kind, planner in PLANNERS.items()}
        case _:
            from controller.settings.layers import ConfigError, nearest

            raise ConfigError(f"command line: list: unknown family '{family}'; {nearest(family, FAMILIES)}")
