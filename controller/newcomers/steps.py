"""A newcomer's way: the command that comes after each step of a robot with a folder of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from controller.settings import robots
from controller.settings.layers import Layer
from hardware.spec import RobotSpec

_ODD = set(" ()&;'\"$")
"""Letters that a shell takes for its own."""


def after(step: Literal["new-robot", "train", "run"], spec: RobotSpec) -> str:
    """Return the line that says what comes after a step; none for a robot without settings of its own beside it."""
    place = Path(spec.source)
    train, stress = (place.with_name(f"{place.stem}-{what}.yaml") for what in ("train", "stress"))
    if not place.suffix or not (train.is_file() and stress.is_file()):
        return ""
    match step:
        case "new-robot":
            return f"next: limber train --config {_shown(train)} --out {_shown(place.parent / 'models')}"
        case "train":
            lost = next((f"leg_loss:leg={sets[0]}@6" for sets in spec.anatomy.leg_sets.train), None)
            change = lost or f"motor:{spec.motors[0]}=0.5@6"
            return f"next: limber run --robot {_shown(place)} --perturb {change} --adapter snail --compare mb --fast"
        case "run":
            return f"next: limber stress --config {_shown(stress)}"


def after_training(layers: Sequence[Layer]) -> str:
    """Return the line that says what comes after a training with these settings."""
    said = [str(layer.values["robot"]) for layer in layers if "robot" in layer.values]
    return after("train", robots.spec(said[-1])) if said else ""


def _shown(path: Path) -> str:
    """Return a path as it is written in the current folder, where it is in it."""
    here = Path.cwd()
    text = str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
    return f"'{text}'" if set(text) & _ODD else text
