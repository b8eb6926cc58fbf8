"""`limber new-robot`: from an MJCF or URDF file to a robot that can be trained, run and stressed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import arg

from controller.commands.flags import DONE, FAILED, Answer, File, Folder, Switch

if TYPE_CHECKING:
    from controller.newcomers.folder import Newcomer


@dataclass(frozen=True)
class NewRobot:
    """Find a robot in an MJCF or URDF file, and write what Limber has to know of it; or look at a file of that kind."""

    name: Annotated[tyro.conf.Positional[str | None], arg(metavar="NAME", help_behavior_hint="")] = None
    """What it is to be called: lower-case letters, digits, - and _."""
    body: File = None
    """Its MJCF or URDF file; meshes are looked for around it, and boxes stand for those that are nowhere."""
    check: File = None
    """Look at the robot's file here, such as one that was edited, instead of writing one."""
    out: Folder = None
    """Folder for its files [NAME]."""
    json: Switch = False
    """Print what was found as one JSON object."""

    def __call__(self) -> Answer:
        from controller.newcomers.folder import introduce, judged

        if self.check is not None:
            return _answer(judged(self.check))
        name, body = self._asked()
        return _answer(introduce(name, body, Path(name) if self.out is None else self.out))

    def _asked(self) -> tuple[str, Path]:
        from controller.settings import robots
        from controller.settings.layers import ConfigError

        place, name = "command line: new-robot", self.name or ""
        if not name or self.body is None:
            raise ConfigError(f"{place}: expected NAME --body FILE, or --check FILE, got neither")
        plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum() and name == name.lower()
        if not plain:
            raise ConfigError(f"{place}: NAME: expected lower-case letters, digits, - and _, got {name!r}")
        if name in robots.names():
            raise ConfigError(f"{place}: NAME: expected another than those that come along, got {name!r}")
        if not self.body.is_file():
            raise ConfigError(f"{place}: --body: expected an MJCF or URDF file, got {self.body}, which is not there")
        return name, self.body


def _answer(newcomer: Newcomer) -> Answer:
    from controller.newcomers.steps import after
    from controller.newcomers.trial import good

    spec, following = newcomer.spec, after("new-robot", newcomer.spec)
    rows = [
        (verdict.what, verdict.found, "" if verdict.good else f"write: {verdict.cure}") for verdict in newcomer.verdicts
    ]
    legs = _motors_of(newcomer)
    facts = [
        ("robot", spec.description, ""),
        (
            "drive",
            spec.drive.kind,
            f"{len(spec.actions)} actions, {len(spec.channels)} channels, {spec.control_hz:g} Hz",
        ),
        *((leg, ", ".join(motors), "") for leg, motors in legs.items()),
    ]
    lines = [f"{what:<14} {found}{f'  {more}' if more else ''}" for what, found, more in (*facts, *rows)]
    lines += [*newcomer.notes, *(str(file) for file in newcomer.files)]
    lines += [following] if following else []
    data = {
        "robot": spec.name, "legs": legs, "motors": list(spec.motors), "drive": spec.drive.kind,
        "notes": list(newcomer.notes),
        "verdicts": {verdict.what: {"good": verdict.good, "found": verdict.found, "cure": verdict.cure}
                     for verdict in newcomer.verdicts},
        "files": [str(file) for file in newcomer.files], "next": following.removeprefix("next: "),
    }  # fmt: skip
    return Answer(data, "\n".join(lines), DONE if newcomer.files or good(newcomer.verdicts) else FAILED)


def _motors_of(newcomer: Newcomer) -> dict[str, list[str]]:
    """Return the motors of each leg, which follow one another in the robot's file."""
    spec = newcomer.spec
    count = len(spec.motors) // max(1, len(spec.anatomy.legs))
    even = count * len(spec.anatomy.legs) == len(spec.motors)
    return {
        leg: list(spec.motors[at * count : (at + 1) * count]) if even else []
        for at, leg in enumerate(spec.anatomy.legs)
    }
