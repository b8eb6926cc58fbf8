"""What the commands of the command line have in common: kinds of flags, exit statuses, the form of an answer."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import arg

if TYPE_CHECKING:
    from controller.settings.layers import Layer

DONE, FAILED, BAD_USAGE, BAD_CHECKPOINT, ROBOT_FAULT, INTERRUPTED = 0, 1, 2, 3, 4, 130

Name = Annotated[str | None, arg(metavar="NAME", help_behavior_hint="")]
Number = Annotated[str | None, arg(metavar="NUMBER", help_behavior_hint="")]
File = Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")]
Folder = Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="")]
Switch = Annotated[bool, arg(help_behavior_hint="")]
Repeated = tyro.conf.UseAppendAction[tuple[str, ...]]
Setting = Annotated[Repeated, arg(metavar="KEY.KEY=VALUE")]


@dataclass(frozen=True)
class Answer:
    """What a command leaves on stdout, and its exit status."""

    data: Mapping[str, object]
    """For `--json`."""
    text: str = ""
    """Otherwise."""
    status: int = DONE


def number(text: str | None) -> int | float | str | None:
    """Read a number; what is none stays text, for the settings to complain about with its place."""
    if text is not None:
        for read in (int, float):
            with contextlib.suppress(ValueError):
                return read(text)
    return text


def layers(given: Mapping[str, object], assignments: Sequence[str]) -> list[Layer]:
    """Return flags as layers of settings: those that were given (not None), then each `key.key=value`."""
    from controller.settings.layers import Layer, assignment

    flags = Layer("command line", {key: value for key, value in given.items() if value is not None})
    return [flags, *(assignment(text) for text in assignments)]
