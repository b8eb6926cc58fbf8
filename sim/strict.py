"""The few words in which a part of a settings file is checked; each says key, expected, got, and the nearest choice."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterator


def require(holds: bool, key: str, expected: str, got: object) -> None:
    """Raise ValueError with a line about a key unless something holds."""
    if not holds:
        raise ValueError(f"{key}: expected {expected}, got {got}")


def numbers(part: object, *keys: str) -> Iterator[tuple[str, float]]:
    """Return the numbers under some keys of a part of the file, those in lists one by one, each with its place."""
    for key in keys:
        value = getattr(part, key)
        if isinstance(value, tuple):
            yield from ((f"{key}[{index}]", number) for index, number in enumerate(value))
        else:
            yield key, value


def positive(part: object, *keys: str) -> None:
    """Raise ValueError unless all numbers under these keys are finite and above zero."""
    for key, number in numbers(part, *keys):
        require(0.0 < number < math.inf, key, "a positive number", number)


def not_negative(part: object, *keys: str) -> None:
    """Raise ValueError unless all numbers under these keys are finite and zero or above."""
    for key, number in numbers(part, *keys):
        require(0.0 <= number < math.inf, key, "zero or a positive number", number)


def at_least(part: object, least: float, *keys: str, most: float = math.inf) -> None:
    """Raise ValueError unless no number under these keys is smaller, or larger than `most`."""
    for key, number in numbers(part, *keys):
        require(number >= least, key, f"at least {least}", number)
        require(number <= most, key, f"at most {most:,}", number)


def shares(part: object, *keys: str) -> None:
    """Raise ValueError unless all numbers under these keys are shares of a whole."""
    for key, number in numbers(part, *keys):
        require(0.0 <= number <= 1.0, key, "a share in [0, 1]", number)


def within(key: str, low: float, number: float, high: float) -> None:
    """Raise ValueError unless a number is in a range, ends included."""
    require(low <= number <= high, key, f"a number in [{low:.5g}, {high:.5g}]", f"{number:.5g}")


def distinct(key: str, names: Collection[str]) -> None:
    """Raise ValueError unless there are names, all of them different."""
    require(0 < len(names) == len(set(names)), key, "one or more different names", ", ".join(names) or "none")
    for name in names:
        require(name.isidentifier(), key, "names of letters, digits and _", repr(name))


def one_of(key: str, name: str, choices: Collection[str]) -> None:
    """Raise ValueError unless a name is among the choices."""
    if name not in choices:
        close = difflib.get_close_matches(name, choices, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise ValueError(f"{key}: expected one of {', '.join(choices)}, got {name!r}{hint}")
