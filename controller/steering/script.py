"""Commands over time from a file: a line `time, v_x, v_y, turn` in s, m/s, m/s and rad/s each holds until the next."""

from __future__ import annotations

import csv
import io
import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.steering.source import Command
from dynamics.files import whole
from hardware.steering import STILL, Velocity

HEADER = ("time", "v_x", "v_y", "turn")
_MOST_BYTES = 20_000_000
"""A day at 50 Hz takes less."""
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


def rows(path: Path, names: Sequence[str]) -> list[tuple[int, list[float]]]:
    """Return the lines of a file of finite numbers, each with its own number; a first line of words is a heading.

    Numbers stand between commas, semicolons, tabs or blanks. Raises ValueError with file, line and column, OSError.
    """
    with path.open("rb") as file:  # at most so much of it is read, because a device has no end
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"{path}: expected at most {_MOST_BYTES:,} bytes, got more")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected text in UTF-8, got byte {content[error.start]:#x}") from None
    found: list[tuple[int, list[float]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        cells = _cells(line)
        if not cells or cells[0].startswith("#") or (not found and number == 1 and _heading(cells)):
            continue
        found.append((number, _numbers(f"{path}:{number}", cells, names)))
    return found


def _cells(line: str) -> list[str]:
    separator = next((mark for mark in (";", ",", "\t") if mark in line), None)
    return [cell.strip() for cell in (line.split(separator) if separator else line.split())] if line.strip() else []


def _heading(cells: Sequence[str]) -> bool:
    return not any(cell[:1].isdigit() or cell[:1] in "+-." for cell in cells if cell) and "nan" not in map(
        str.lower, cells
    )


def _numbers(place: str, cells: Sequence[str], names: Sequence[str]) -> list[float]:
    if len(cells) != len(names):
        raise ValueError(f"{place}: expected {len(names)} numbers, {', '.join(names)}, got {len(cells)}")
    numbers = []
    for name, cell in zip(names, cells, strict=True):
        try:
            number = float(cell)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"{place}: {name}: expected a finite number, got {cell[:40]!r}")
        numbers.append(number)
    return numbers


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
