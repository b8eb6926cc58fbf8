"""What the commands of the command line have in common: flags, exit statuses, the form of an answer."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import arg

if TYPE_CHECKING:
    from controller.config import RunSettings
    from controller.runs.folder import Outcome
    from controller.settings.layers import Layer
    from controller.view.about import Address

DONE, FAILED, BAD_USAGE, BAD_CHECKPOINT, ROBOT_FAULT, INTERRUPTED = 0, 1, 2, 3, 4, 130

Name = Annotated[str | None, arg(metavar="NAME", help_behavior_hint="")]
Number = Annotated[int | float | str | None, arg(metavar="NUMBER", help_behavior_hint="")]
"""What is no number stays text, for the settings to complain about with its place."""
File = Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")]
Folder = Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="")]
Switch = Annotated[bool, arg(help_behavior_hint="")]
Repeated = tyro.conf.UseAppendAction[tuple[str, ...]]
Setting = Annotated[Repeated, arg(metavar="KEY.KEY=VALUE")]


At = Annotated[str | None, arg(metavar="ADDRESS:PORT", help_behavior_hint="")]
Drive = Annotated[str | None, arg(metavar="NAME|FILE", help_behavior_hint="")]


@dataclass(frozen=True)
class RunFlags:
    """What is not given comes from the robot's own settings."""

    robot: Name = None
    """Which robot: a name (limber list robots), or the path of a file such as ./my.yaml."""
    drive: Drive = None
    """What turns actions into set-points, where not the robot's usual: a name (limber list drives), or a contract."""
    course: Name = None
    """What to do: a path to follow, commands, or a hidden goal (limber list courses)."""
    steer: Annotated[str | None, arg(metavar="SOURCE", help_behavior_hint="")] = None
    """Where commands come from on course velocity (limber list sources)."""
    adapter: Name = None
    """Recipe of the model (limber list adapters)."""
    planner: Name = None
    """What searches for actions (limber list planners)."""
    seconds: Number = None
    """Length of the run [s]."""
    seed: Number = None
    """Fixes every random number."""
    rate: Number = None
    """Ticks per second, where the robot has settings and a model for it [Hz]."""
    checkpoint: File = None
    """Trained model, in place of the one that comes with Limber."""
    config: File = None
    """Settings file, in place of the robot's own; the settings.yaml of a run folder repeats that run."""
    set: Setting = ()
    """Any other setting, for example planner.search.candidates=200."""

    def resolve(self, others: Mapping[str, object] = MappingProxyType({})) -> RunSettings:
        """Return the settings of a run; `others` are further settings that were given."""
        from controller.config import run_settings

        given = driven({**vars(self), **others}, self.config)
        for name in ("rate", "config", "set"):
            del given[name]
        given["planner"] = None if self.planner is None else {"kind": self.planner}
        given["control"] = None if self.rate is None else {"rate_hz": self.rate}
        return run_settings(layers(given, self.set), self.config)


@dataclass(frozen=True)
class Answer:
    """What a command leaves on stdout, and its exit status."""

    data: Mapping[str, object]
    """For `--json`."""
    text: str = ""
    """Otherwise."""
    status: int = DONE
    complaint: str = ""
    """What stderr is told."""


def driven(given: Mapping[str, object], file: Path | None) -> dict[str, object]:
    """Return flags with the robot that a drive makes of the one that is named: by a flag, by a file, or by default."""
    from controller.settings import robots
    from controller.settings.layers import ConfigError, read_yaml

    flags = dict(given)
    drive = flags.pop("drive")
    if drive is None:
        return flags
    robot = flags.get("robot") or (read_yaml(file).values.get("robot") if file else None) or robots.DEFAULT
    try:
        return flags | {"robot": robots.driven(str(robot), str(drive))}
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(f"command line: --drive: {error}") from error


def layers(given: Mapping[str, object], assignments: Sequence[str]) -> list[Layer]:
    """Return flags as layers of settings: those that were given, then each `key.key=value`."""
    from controller.settings.layers import Layer, assignment

    flags = Layer("command line", {key: value for key, value in given.items() if value not in (None, ())})
    return [flags, *(assignment(text) for text in assignments)]


def viewed(wanted: bool, at: str | None) -> Address | None:
    """Return where a live page is to be shown; None where none is wanted. Raises ConfigError."""
    if not wanted and at is None:
        return None
    from controller.settings.layers import ConfigError
    from controller.view.about import Address

    if importlib.util.find_spec("viser") is None:
        raise ConfigError("command line: --view: needs viser; pip install 'limber[view]'")
    return Address() if at is None else Address.parse(at)


def ended(outcome: Outcome, following: str = "") -> Answer:
    """Return what is told of a run or a deployment that is over, and what comes next."""
    report = outcome.folder / "report.html"
    text = "\n".join([outcome.headline, *([str(report)] if report.is_file() else []), *filter(None, [following])])
    if outcome.fault is not None:
        return Answer(outcome.summary, text, ROBOT_FAULT, f"the robot stopped: {outcome.fault}")
    if outcome.interrupted:
        return Answer(outcome.summary, text, INTERRUPTED)
    return Answer(outcome.summary, text, DONE if outcome.complete else FAILED)
