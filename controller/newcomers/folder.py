"""A newcomer's folder: the robot's file, its settings, two pictures, and the command that comes next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from controller.newcomers.robot_file import body_path, robot_file
from controller.newcomers.settings_files import settings_files
from controller.newcomers.trial import Verdict, pace, verdicts
from controller.newcomers.walking import walk
from controller.settings import robots
from controller.settings.layers import ConfigError
from hardware.spec import RobotSpec
from sim.bodies.factory import simulate
from sim.discovery.discover import Found, discover
from sim.terrain import TERRAINS
from sim.video.clip import RenderError
from sim.video.portrait import portrait

_KEEPS_UP, _SLOWEST = 0.8, 0.4
"""A gait that walks at less than so much of what it is told is told less, but no less than this share."""


@dataclass(frozen=True)
class Newcomer:
    """What was written, and what is to be said of it."""

    spec: RobotSpec
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]
    """What could not be found, a line each."""
    files: tuple[Path, ...]


def introduce(name: str, body: Path, folder: Path) -> Newcomer:
    """Find a robot in a file, write its folder, and look at what it does. Raises ConfigError where that cannot be."""
    written, found = proposed(name, body, folder)
    share = pace(written.spec)
    if share is not None and share < _KEEPS_UP:
        written = _write(name, body, folder, found, max(share, _SLOWEST))
    pictures = _pictures(written.spec, found, folder)
    notes = (*written.notes, *([pictures] if isinstance(pictures, str) else []))
    files = (*written.files, *([] if isinstance(pictures, str) else pictures))
    return replace(written, verdicts=tuple(verdicts(written.spec)), notes=notes, files=files)


def proposed(name: str, body: Path, folder: Path) -> tuple[Newcomer, Found]:
    """Find a robot in a file and write its files, which nobody has looked at yet. Raises ConfigError in one line."""
    place = (folder / f"{name}.yaml").resolve()
    if place.exists():
        raise ConfigError(f"{folder}: expected a folder without {place.name}, got one with it; another with --out DIR")
    try:
        found = discover(body)
    except ValueError as error:
        raise ConfigError(f"{body}: {error}") from error
    return _write(name, body, folder, found), found


def _write(name: str, body: Path, folder: Path, found: Found, share: float = 1.0) -> Newcomer:
    """Write the files of a robot that walks at a share of the usual speeds."""
    place, steps = (folder / f"{name}.yaml").resolve(), walk(found, share)
    gait = None if isinstance(steps, str) else steps
    texts = {place.name: robot_file(name, found, body_path(body), gait)}
    texts |= settings_files(name, found, place, gait=gait is not None)
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    notes = (*found.notes, *([f"drive: no gait, but an action a motor: {steps}"] if isinstance(steps, str) else []))
    return Newcomer(robots.written(place), (), notes, tuple(folder / file for file in texts))


def judged(file: Path) -> Newcomer:
    """Look at a robot's file that was edited. Raises ConfigError where it cannot be one."""
    spec = robots.spec(str(file))
    return Newcomer(spec, tuple(verdicts(spec)), (), ())


def _pictures(spec: RobotSpec, found: Found, folder: Path) -> list[Path] | str:
    """Write how it stands and what its legs are called; return why not where there is no way to draw."""
    physics = simulate(spec.anatomy, TERRAINS["flat"])
    size = 2.0 * max(float(found.half.max()), found.reach)
    feet = {leg: np.array(physics.data.geom(spec.anatomy.foot(leg)).xpos) for leg in spec.anatomy.legs}
    files = [folder / f"{spec.name}-stands.png", folder / f"{spec.name}-legs.png"]
    try:
        for file, names in zip(files, ({}, feet), strict=True):
            portrait(file, physics.model, physics.data, size, names)
    except RenderError as error:
        return f"pictures: {error}"
    return files
