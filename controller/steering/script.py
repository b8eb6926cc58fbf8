"""Commands over time from a file: a line `time, v_x, v_y, turn` in s, m/s, m/s and rad/s each holds until the next."""

from __future__ import annotations

import csv
import io
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.settings.number_rows import rows
from controller.steering.source import Command
from dynamics.files import whole
from hardware.steering import STILL, Velocity

HEADER = ("time", "v_x", "v_y", "turn")
_SLACK = 1e-6
"""What a comparison of two times forgives [s]."""


def read(path: Path) -> tuple[Command, ...]:
    """Read a script; before its first line nothing is wanted. Raises ValueError with file and line, OSError."""
    commands: list[Command] = []
    for number, row in rows(path, HEADER):
        command = Command(row[0], Velocity(*row[1:]))
        if row[0] < 0.0 or (commands and row[0] <= commands[-1].time):
            least = f"later than {commands[-1].time:g}" if commands else "not negative"
            raise ValueError(f"{path}:{number}: time: expected a number of seconds {least}, got {row[0]:g}")
        commands.append(command)
    if not commands:
        raise ValueError(f"{path}: expected lines {', '.join(HEADER)}, got none")
    return tuple(commands)


def write(path: Path, commands: Iterable[Command]) -> None:
    """Write a script that `read` reads the same commands from; the file appears whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    before: Velocity | None = None
    for command in commands:
        if command.velocity != before:
            writer.writerow([command.time, *command.velocity])
        before = command.velocity
    with whole(path) as partial:
        partial.write_text(text.getvalue(), encoding="utf-8")


@dataclass(frozen=True)
class Script:
    """A source that says the line of the time; it never falls silent."""

    commands: tuple[Command, ...]

    def poll(self, now: float) -> Command:
        """Return what the script wants now."""
        index = bisect_right(self.commands, now + _SLACK, key=lambda command: command.time)
        return Command(now, self.commands[index - 1].velocity if index else STILL)

    def counts(self) -> Mapping[str, int]:
        """Return nothing: a script was checked when it was read."""
        return {}

    def close(self) -> None:
        """Let go of nothing: the file was read."""
