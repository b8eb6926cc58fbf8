"""Robots by name, or by the path of a file like those that come with Limber: each says all about one robot."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from controller.settings import assets
from controller.settings.layers import ConfigError, Layer, nearest, read_yaml, resolve
from hardware.motors import VelocityServo
from hardware.spec import RobotSpec
from sim.robots.anatomy import Anatomy
from sim.strict import one_of, require

DEFAULT = "roach"
"""The robot of settings that name none."""
_SHARED = ("name", "motors", "servo")
"""What the anatomy of a robot takes from the rest of its file."""
_ADDED = ("judged", "source")
"""What a spec holds beside its file."""


@functools.cache
def names() -> tuple[str, ...]:
    """Return the robots that come with Limber."""
    return tuple(file.stem for file in assets.robots())


def located(robot: str) -> str:
    """Return the name of a robot that comes along, or the absolute path of a file. Raises ValueError."""
    if _is_path(robot):
        return str(Path(robot).resolve())
    if robot not in names():
        raise ValueError(f"unknown robot '{robot}'; {nearest(robot, names())}, or the path of a file such as ./my.yaml")
    return robot


def spec(robot: str) -> RobotSpec:
    """Return the facts about a robot, by name or file. Raises ValueError where there is none, or they cannot be."""
    return _read(located(robot))


def unusual(robot: str, rate_hz: float) -> float | None:
    """Return a control rate [Hz] where settings and models for it are named after it; None for a robot's own."""
    return None if rate_hz == spec(robot).control_hz else rate_hz


def run_config(robot: str, rate_hz: float | None = None, *, goal: bool = False) -> Path:
    """Return the settings file of a robot's runs: beside its own file (my-run.yaml), else the shipped one of its name.

    A rate is given where it is not the usual one [Hz].
    """
    *own, shipped = (assets.run_config(stem, rate_hz, goal=goal) for stem in _stems(robot))
    return next((file for file in own if file.is_file()), shipped)


def other_rates(robot: str) -> list[str]:
    """Return the unusual rates for which a robot has settings, as they are written in the names of those."""
    usual = [assets.run_config(stem) for stem in _stems(robot)]
    found = {path.stem: path.parent.glob(f"{path.stem}-*hz.yaml") for path in usual}
    return sorted({file.stem.removeprefix(f"{stem}-") for stem, files in found.items() for file in files})


def _stems(robot: str) -> list[str]:
    """Return what the names of a robot's settings files begin with, with their folder where they did not come along."""
    place, name = Path(located(robot)), spec(robot).name
    return [str(place.with_name(f"{place.stem}-run")), name] if _is_path(robot) else [name]


def checkpoint(robot: str, recipe: str, rate_hz: float | None = None, goal: str | None = None) -> Path:
    """Return the trained model of a robot: in the folder models beside its own file, else the shipped one."""
    shipped = assets.checkpoint(spec(robot).name, recipe, rate_hz, goal)
    beside = Path(located(robot)).parent / "models" / shipped.name
    return beside if _is_path(robot) and not (shipped.is_file() and not beside.is_file()) else shipped


@functools.cache
def _read(place: str) -> RobotSpec:
    path = Path(place) if _is_path(place) else assets.robot(place)
    found = replace(resolve(RobotSpec, [_complete(read_yaml(path), path.parent)]), source=place)
    from sim.perturbations import check_ranges  # not before: it brings MuJoCo along

    try:
        require(_is_path(place) or found.name == place, "name", f"{place}, as the file", found.name)
        if found.wire is not None:
            from hardware.unitree.drivers import DRIVERS  # not before: most robots have no wire

            one_of("wire.driver", found.wire.driver, DRIVERS)
            DRIVERS[found.wire.driver].check(found)
        check_ranges(found.anatomy)
        if not isinstance(found.servo, VelocityServo):
            require(not found.anatomy.stand, "anatomy.stand", "none, because servo.stand says it", "one")
            found = replace(found, anatomy=replace(found.anatomy, stand=found.servo.stand))
        if _is_path(place):
            _try_body(found.anatomy)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error
    return found


def _try_body(anatomy: Anatomy) -> None:
    """Raise ValueError unless a body that did not come along has all that the anatomy names."""
    from sim.bodies.factory import simulate
    from sim.terrain import TERRAINS

    try:
        simulate(anatomy, TERRAINS["flat"])
    except KeyError as error:  # of MuJoCo
        raise ValueError(f"anatomy: body {anatomy.body}: {' '.join(str(error.args[0]).split())}") from error
    except ValueError as error:
        raise ValueError(f"anatomy: {error}") from error


def _is_path(text: str) -> bool:
    return Path(text).name != text or Path(text).suffix != ""


def _complete(layer: Layer, folder: Path) -> Layer:
    """Return a file's values with what its anatomy takes from the rest, and the place of a body's own file."""
    for key in _ADDED:
        if key in layer.values:
            raise ConfigError(f"{layer.place}: {key}: unknown key; a robot's file does not say it")
    given = layer.values.get("anatomy")
    if not isinstance(given, Mapping):
        return layer
    servo, anatomy = layer.values.get("servo"), dict(given)
    rest = {**layer.values, "servo": servo.get("kind") if isinstance(servo, Mapping) else None}
    for key in _SHARED:
        if key in given:
            raise ConfigError(f"{layer.place}: anatomy.{key}: unknown key; expected '{key}' at the top of the file")
        if rest.get(key) is not None:
            anatomy[key] = rest[key]
    body = given.get("body")
    if isinstance(body, str) and _is_path(body):
        anatomy["body"] = str(folder / body)
    return replace(layer, values={**layer.values, "anatomy": anatomy})
