"""A newcomer's folder: the robot's file, its settings, two pictures, and the command that comes next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controller.newcomers.robot_file import body_path, robot_file
from controller.newcomers.settings_files import settings_files
from controller.newcomers.trial import Verdict, verdicts
from controller.newcomers.walking import walk
from controller.settings import robots
from controller.settings.layers import ConfigError
from hardware.spec import RobotSpec
from sim.bodies.factory import simulate
from sim.discovery.discover import Found, discover
from sim.terrain import TERRAINS
from sim.video.clip import RenderError
from sim.video.portrait import portrait


@dataclass(frozen=True)
class Newcomer:
    """What was written, and what is to be said of it."""

    spec: RobotSpec
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]
    """What could not be found, a line each."""
    files: tuple[Path, ...]


def introduce(name: str, body: Path, folder: Path) -> Newcomer:
    """Find a robot in a file, and write its folder. Raises ConfigError in one line where that cannot be."""
    place = (folder / f"{name}.yaml").resolve()
    if place.exists():
        raise ConfigError(f"{folder}: expected a folder without {place.name}, got one with it; another with --out DIR")
    try:
        found = discover(body)
    except ValueError as error:
        raise ConfigError(f"{body}: {error}") from error
    gait = walk(found)
    steps = None if isinstance(gait, str) else gait
    texts = {place.name: robot_file(name, found, body_path(body), steps)}
    texts |= settings_files(name, found, place, gait=steps is not None)
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    spec = robots.spec(str(place))
    notes = [*found.notes, *([f"drive: no gait, but an action a motor: {gait}"] if isinstance(gait, str) else [])]
    pictures = _pictures(spec, found, folder)
    if isinstance(pictures, str):
        notes.append(pictures)
    written = [folder / file for file in texts] + ([] if isinstance(pictures, str) else pictures)
    return Newcomer(spec, tuple(verdicts(spec)), tuple(notes), tuple(written))


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


def after(step: str, spec: RobotSpec) -> str:
    """Return the command after a step (`new-robot`, `train`, `run`) of a robot with a folder; else nothing."""
    place = Path(spec.source)
    usual = [place.with_name(f"{place.stem}-{what}.yaml") for what in ("train", "stress")]
    if not place.suffix or not all(file.is_file() for file in usual):
        return ""
    train, stress = (_shown(file) for file in usual)
    match step:
        case "new-robot":
            return f"limber train --config {train} --out {_shown(place.parent / 'models')}"
        case "train":
            lost = next((sets[0] for sets in spec.anatomy.leg_sets.train), "")
            change = f"leg_loss:leg={lost}@6" if lost else "motor:" + f"{spec.motors[0]}=0.5@6"
            return f"limber run --robot {_shown(place)} --perturb {change} --adapter snail --compare mb --fast"
        case _:
            return f"limber stress --config {stress}"


def _shown(path: Path) -> str:
    """Return a path as it is written in the current folder, where it is in it."""
    here = Path.cwd()
    text = str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
    return f"'{text}'" if set(text) & set(" ()&;'") else text
