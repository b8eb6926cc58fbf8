"""Rows of numbers from a file, written by hand or by another program: each mistake is one line with its place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

_MOST_BYTES = 20_000_000
"""A day of commands at 50 Hz takes less."""


def rows(path: Path, names: Sequence[str]) -> list[tuple[int, list[float]]]:
    """Return the lines of a file of finite numbers, each with its own number.

    A first line of words is a heading, which has to name the columns. Numbers stand between commas, semicolons, tabs or
    blanks. Raises ValueError with file, line and column, OSError.
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
        if number == 1 and _heading(cells):
            _named(f"{path}:{number}", cells, names)
        elif cells and not cells[0].startswith("#"):
            found.append((number, _numbers(f"{path}:{number}", cells, names)))
    return found


def _cells(line: str) -> list[str]:
    separator = next((mark for mark in (";", ",", "\t") if mark in line), None)
    return [cell.strip() for cell in (line.split(separator) if separator else line.split())] if line.strip() else []


def _heading(cells: Sequence[str]) -> bool:
    words = [cell.lower() for cell in cells if cell]
    numeric = any(word[0].isdigit() or word[0] in "+-." or word in ("nan", "inf") for word in words)
    return bool(words) and words[0][0] != "#" and not numeric


def _named(place: str, cells: Sequence[str], names: Sequence[str]) -> None:
    """See that a heading, units left out, names the columns as they are read."""
    if [cell.lower().partition("[")[0].strip() for cell in cells] != [*names]:
        raise ValueError(f"{place}: expected the heading {', '.join(names)}, or none, got {', '.join(cells)[:80]}")


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
