"""Robots by name, or by the path of a file like those that come with Limber: each says all about one robot."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from controller.settings import assets, robot_files
from controller.settings.layers import ConfigError, Layer, merge, nearest, read_yaml, resolve
from hardware.drives import Walking
from hardware.motors import VelocityServo
from hardware.spec import RobotSpec
from hardware.walkers.metadata import agree
from sim.robots.anatomy import FILES, PACKAGE, Anatomy
from sim.strict import one_of, require

DEFAULT = "roach"
"""The robot of settings that name none."""
_SHARED = ("name", "motors", "servo")
"""What the anatomy of a robot takes from the rest of its file."""
_ADDED = ("judged", "source")
"""What a spec holds beside its file."""
_PLUS = "+"
"""Between a robot and the contract of another policy that walks it."""


@functools.cache
def names() -> tuple[str, ...]:
    """Return the robots that come with Limber."""
    return tuple(file.stem for file in assets.robots())


def located(robot: str) -> str:
    """Return the name of a robot that comes along, or the absolute path of a file. Raises ValueError.

    Behind a plus may stand the contract of another policy that walks it: the path becomes absolute too.
    """
    robot, contract = _parts(robot)
    if contract:
        return f"{located(robot)}{_PLUS}{Path(contract).resolve()}"
    if _is_path(robot):
        return str(Path(robot).resolve())
    if robot not in names():
        own = Path(robot) / f"{robot}.yaml"
        hint = f"./{own}" if os.path.isfile(own) else "./my.yaml"  # of a name that is too long Path would raise
        raise ValueError(f"unknown robot '{robot}'; {nearest(robot, names())}, or the path of a file such as {hint}")
    return robot


def simulated(robot: str) -> str:
    """Return `located(robot)`. Raises ValueError where the robot's body is in a package that is not installed."""
    body = spec(robot).anatomy.body
    if body.startswith(PACKAGE):
        from sim.robots.mjcf import located as found  # not before: it brings MuJoCo along

        found(body)
    return located(robot)


def spec(robot: str) -> RobotSpec:
    """Return the facts about a robot, by name or file. Raises ValueError where there is none, or they cannot be."""
    return _read(located(robot))


def written(file: Path) -> RobotSpec:
    """Return the facts about a robot whose file has just been written, whatever was read there before."""
    _read.cache_clear()
    return spec(str(file))


def driven(robot: str, drive: str) -> str:
    """Return a robot with another drive: a name (walker), or the contract of a policy. Raises ValueError."""
    robot = _parts(robot)[0]
    own = spec(robot).drive.kind
    if Path(drive).suffix == ".yaml":
        walker = robot if own == "walker" else drives(robot).get("walker")
        if walker is None:
            raise ValueError(f"robot {robot}: no policy walks it; expected a robot that one does")
        return f"{walker}{_PLUS}{drive}"
    known = {own: robot} | drives(robot)
    if drive not in known:
        raise ValueError(f"unknown drive '{drive}' of robot {robot}; {nearest(drive, known)}, or a policy's contract")
    return known[drive]


def drives(robot: str) -> dict[str, str]:
    """Return the robots that come along and are another with another drive, by its kind."""
    return {spec(name).drive.kind: name for name in names() if robot in _bases(name)}


def _bases(name: str) -> list[str]:
    """Return the robots whose files one that came along is laid over, the nearest first."""
    base = read_yaml(assets.robot(name)).values.get("base")
    return [] if base is None else [str(base), *_bases(str(base))]


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
    place, name = Path(located(_parts(robot)[0])), spec(robot).name
    return [str(place.with_name(f"{place.stem}-run")), name] if _is_path(str(place)) else [name]


def checkpoint(robot: str, recipe: str, rate_hz: float | None = None, goal: str | None = None) -> Path:
    """Return the trained model of a robot: in the folder models beside its own file, else the shipped one.

    A robot that its own controller walks, and that has none, has that of the one which it is based on.
    """
    shipped = assets.checkpoint(spec(robot).name, recipe, rate_hz, goal)
    if spec(robot).own and robot in names() and not shipped.is_file():
        shipped = assets.checkpoint(_bases(robot)[0], recipe, rate_hz, goal)
    own = _parts(located(robot))[1] or located(robot)
    beside = Path(own).parent / "models" / shipped.name
    return beside if _is_path(own) and not (shipped.is_file() and not beside.is_file()) else shipped


def lent(robot: str, model: Path) -> Path | None:
    """Return the contract of the policy that walks a robot where a trained model is of another one; None elsewhere."""
    contract = _parts(robot)[1]
    return Path(contract) if contract and model.parent != Path(contract).parent / "models" else None


def training(robot: str, recipe: str, rate_hz: float, goal: str | None) -> Path | None:
    """Return the settings that train such a model of a robot: beside its own file, else of those that come along."""
    place = located(_parts(robot)[0])
    own = Path(place).with_name(f"{Path(place).stem}-train.yaml")
    for file in [own] if _is_path(place) else assets.experiments():
        said = read_yaml(file).values if file.is_file() else {}
        recipes = said.get("recipes")
        fits = (said.get("rate_hz"), said.get("goal")) == (rate_hz, goal) and (
            file == own or said.get("robot") == place
        )
        if isinstance(recipes, Mapping) and recipe in recipes and fits:
            return file
    return None


@functools.cache
def _read(source: str) -> RobotSpec:
    place, contract = _parts(source)
    path = Path(place) if _is_path(place) else assets.robot(place)
    if path.suffix in FILES:
        cure = f"limber new-robot NAME --body {path.name} writes one"
        raise ConfigError(f"{path}: expected a robot's file, got the file of a body; {cure}")
    if path.is_dir():
        raise ConfigError(f"{path}: expected a robot's file, got a folder, such as that of {path.name}.yaml")
    files = robot_files.walked(robot_files.read(path, assets.robot), Path(contract) if contract else None)
    found = replace(resolve(RobotSpec, _complete(files)), source=source)
    from sim.perturbations import check_ranges  # not before: it brings MuJoCo along

    try:
        require(_is_path(place) or found.name == place, "name", f"{place}, as the file", found.name)
        if found.wire is not None:
            from hardware.unitree.drivers import DRIVERS  # not before: most robots have no wire

            one_of("wire.driver", found.wire.driver, DRIVERS)
            DRIVERS[found.wire.driver].check(found)
        check_ranges(found.anatomy)
        if isinstance(found.drive, Walking):
            agree(found.drive.contract, found.motors)
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
    return Path(text).name != text or Path(text).suffix != "" or text == ".."


def _is_file(body: str) -> bool:
    """Whether a body is a file of its own, and neither a builder nor in a package."""
    return _is_path(body) and not body.startswith(PACKAGE)


def _parts(robot: str) -> tuple[str, str]:
    """Return a robot and the contract behind it; empty where there is none."""
    name, _, contract = robot.partition(_PLUS)
    return (name, contract) if contract.endswith(".yaml") and not Path(robot).is_file() else (robot, "")


def _complete(files: list[Layer]) -> list[Layer]:
    """Return a robot's files with what its anatomy takes from the rest, and the place of a body's own file."""
    layers: list[Layer] = []
    merged: dict[str, object] = {}
    for layer in files:
        given = layer.values.get("anatomy")
        _check_keys(layer, given)
        if isinstance(given, Mapping) and isinstance(body := given.get("body"), str) and _is_file(body):
            body = str(Path(layer.place).parent / body)
            layer = replace(layer, values={**layer.values, "anatomy": {**given, "body": body}})
        layers.append(layer)
        merged = merge(merged, layer.values)
    if not isinstance(merged.get("anatomy"), Mapping):
        return layers
    servo = merged.get("servo")
    rest = {**merged, "servo": servo.get("kind") if isinstance(servo, Mapping) else None}
    shared = {key: rest[key] for key in _SHARED if rest.get(key) is not None}
    return [*layers, replace(files[-1], values={"anatomy": shared})]


def _check_keys(layer: Layer, anatomy: object) -> None:
    for key in _ADDED:
        if key in layer.values:
            raise ConfigError(f"{layer.place}: {key}: unknown key; a robot's file does not say it")
    for key in _SHARED:
        if isinstance(anatomy, Mapping) and key in anatomy:
            raise ConfigError(f"{layer.place}: anatomy.{key}: unknown key; expected '{key}' at the top of the file")
