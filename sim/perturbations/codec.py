"""The text form of a perturbation, `name:key=value,...[@start[-end]]`, read and written from its dataclass fields."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, TypeVar

T = TypeVar("T", bound="Timed")

_NUMBER = r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?"
_TIMES = re.compile(rf"(?P<onset>{_NUMBER})(?:-(?P<end>{_NUMBER}))?")


@dataclass(eq=False)
class PerturbationError(ValueError):
    """A perturbation that cannot be: where, what was expected, what was given, the nearest valid choice."""

    place: str
    expected: str
    got: str
    nearest: str | None = None

    def __str__(self) -> str:
        hint = f"; did you mean {self.nearest!r}?" if self.nearest else ""
        return f"{self.place}: expected {self.expected}, got {self.got!r}{hint}"


@dataclass(frozen=True, kw_only=True)
class Timed:
    """Something that begins at its onset and is over at its end [s]; raises PerturbationError for what cannot be."""

    name: ClassVar[str]
    onset: float = 0.0
    end: float = math.inf

    def __post_init__(self) -> None:
        if not 0.0 <= self.onset < self.end or not math.isfinite(self.onset):
            expected, got = "times with 0 <= start < end", f"@{self.onset:g}-{self.end:g}"
            raise PerturbationError(f"perturbation {self.name}", expected, got)
        for item in _spoken(type(self)):
            codec, value = item.metadata["codec"], getattr(self, item.name)
            for key, number in [(codec.key, value)] if codec.ending is None else value:
                if codec.within is not None:
                    check_range(self, key or item.name, number / codec.scale, *codec.within)

    def __str__(self) -> str:
        """Return the text that `read` turns into an equal one; values at their default are left out."""
        parts = []
        for item in _spoken(type(self)):
            value, codec = getattr(self, item.name), item.metadata["codec"]
            if codec.ending is not None:
                parts += [f"{name}{codec.ending}={codec.write(number)}" for name, number in value]
            elif value != item.default:
                parts.append(f"{_key(item)}={codec.write(value)}")
        text = self.name + (":" + ",".join(parts) if parts else "")
        if math.isfinite(self.end):
            return f"{text}@{_shortest(self.onset)}-{_shortest(self.end)}"
        return f"{text}@{_shortest(self.onset)}" if self.onset > 0.0 else text


@dataclass(frozen=True)
class Codec:
    """How one field is written: its key and the two directions between text and value."""

    key: str | None
    """None: the field's name."""
    expected: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]
    within: tuple[float, float] | None = None
    """Least and largest number, as written."""
    scale: float = 1.0
    """Value of what is written as 1."""
    ending: str | None = None
    """Of a table: what each of its keys ends with, after a name; None for a single value."""
    neutral: float | None = None
    """Value in a table that changes nothing and is left out."""
    choices: tuple[str, ...] = ()
    """All that it can be; empty where that depends on the robot."""


def number(
    default: float | None = None, key: str | None = None, scale: float = 1.0, within: tuple[float, float] | None = None
) -> Any:
    """Return a field for a finite number whose text, which may be bounded, is the value divided by `scale`."""
    read, write = (lambda text: _finite(text, scale)), (lambda value: _shortest(value, scale))
    return _field(Codec(key, "a number", read, write, within, scale), default)


def angle(key: str, within: tuple[float, float] | None = None, default: float | None = None) -> Any:
    """Return a field in radians whose text is in degrees."""
    return number(default, key, math.pi / 180.0, within)


def choice(choices: Iterable[str], key: str | None = None) -> Any:
    """Return a field for one of some names."""
    names = tuple(choices)
    expected = f"one of {', '.join(names)}"
    return _field(Codec(key, expected, lambda text: _known(text, names), str, choices=names))


def name(key: str) -> Any:
    """Return a field for the name of a part; whether a robot has it is found out where the two meet."""
    return _field(Codec(key, "a name", _named, str))


def names(key: str) -> Any:
    """Return a field for a tuple of different names of parts, joined by `+` in text."""
    return _field(Codec(key, "different names joined by +", _different, "+".join))


def table(neutral: float, ending: str = "", within: tuple[float, float] | None = None) -> Any:
    """Return a field for numbers by the name of a part: a tuple of (name, number) pairs, in text `<name><ending>=...`.

    Of two tables whose endings both fit, the longer ending wins. A number that is `neutral` is left out.
    """
    return _field(Codec("", "a number", _finite, _shortest, within, ending=ending, neutral=neutral), ())


def spoken(kind: type[Timed]) -> Mapping[str, tuple[Codec, Any]]:
    """Return what can be said of a kind: by the name of its field, how, and its default or MISSING."""
    return {item.name: (item.metadata["codec"], item.default) for item in _spoken(kind)}


def read(text: str, kinds: Mapping[str, type[T]]) -> T:
    """Return the perturbation that a text names.

    Raises:
        PerturbationError: unknown name or key, missing or malformed value, times out of order.
    """
    body, at, times = text.strip().partition("@")
    name, _, pairs = body.partition(":")
    check_one(f"perturbation {text!r}", name, kinds)
    kind = kinds[name]
    values = _values(kind, name, pairs)
    if at:
        match = _TIMES.fullmatch(times)
        if match is None:
            raise PerturbationError(f"perturbation {name}", "times @start or @start-end in seconds", f"@{times}")
        values["onset"] = float(match["onset"])
        if match["end"] is not None:
            values["end"] = float(match["end"])
    return kind(**values)


def check_range(perturbation: Timed, key: str, value: float, low: float, high: float) -> None:
    """Raise PerturbationError unless low <= value <= high."""
    if not low <= value <= high:
        raise PerturbationError(f"perturbation {perturbation.name}.{key}", f"{low:g} to {high:g}", f"{value:g}")


def check_one(place: str, got: str, choices: Iterable[str], where: str = "") -> None:
    """Raise PerturbationError when a name is none of those that there are; `where` is said after them."""
    names = tuple(choices)
    if got not in names:
        raise PerturbationError(place, f"one of {', '.join(names)}{where}", got, nearest(got, names))


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the valid word most like a mistyped one, or None."""
    close = difflib.get_close_matches(word, list(words), n=1, cutoff=0.5)
    return close[0] if close else None


def _values(kind: type[Timed], name: str, pairs: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    seen: set[str] = set()
    for pair in pairs.split(",") if pairs else ():
        key, equals, raw = pair.partition("=")
        item = _meant(kind, key)
        codec = item.metadata["codec"]
        if key in seen:
            raise PerturbationError(f"perturbation {name}.{key}", "one value", pairs)
        seen.add(key)
        try:
            value = codec.read(raw)
        except _Unreadable as error:
            got = raw if equals else pair
            raise PerturbationError(f"perturbation {name}.{key}", codec.expected, got, error.nearest) from None
        if codec.ending is None:
            values[item.name] = value
        elif value != codec.neutral:
            values[item.name] = (*values.get(item.name, ()), (key.removesuffix(codec.ending), value))
    for item in _spoken(kind):
        if item.name not in values and item.default is MISSING:
            raise PerturbationError(f"perturbation {name}", f"a value for {_key(item)}", pairs)
    return values


def _meant(kind: type[Timed], key: str) -> Any:
    """Return the field that a key in a text stands for: the one of that key, else the table with the longest ending."""
    single, tables = {}, {}
    for item in _spoken(kind):
        ending = item.metadata["codec"].ending
        if ending is None:
            single[_key(item)] = item
        elif key.endswith(ending) and key != ending:
            tables[len(ending)] = item
    if key not in single and not tables:
        expected = f"one of the keys {', '.join(single)}" if single else "the name of a motor"
        raise PerturbationError(f"perturbation {kind.name}", expected, key, nearest(key, single))
    return single[key] if key in single else tables[max(tables)]


@dataclass(eq=False)
class _Unreadable(Exception):
    nearest: str | None = None


def _field(codec: Codec, default: object = None) -> Any:
    return field(default=MISSING if default is None else default, metadata={"codec": codec})


def _spoken(kind: type[Timed]) -> list[Any]:
    return [item for item in fields(kind) if "codec" in item.metadata]


def _key(item: Any) -> str:
    key = item.metadata["codec"].key
    return key if key is not None else str(item.name)


def _finite(text: str, scale: float = 1.0) -> float:
    """Return the number that is nearest to a text times a scale."""
    try:
        value = float(text) if scale == 1.0 else float(Fraction(text) * Fraction(scale))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise _Unreadable from None
    if not math.isfinite(value):
        raise _Unreadable
    return value


def _known(text: str, names: tuple[str, ...]) -> str:
    if text not in names:
        raise _Unreadable(nearest(text, names))
    return text


def _named(text: str) -> str:
    if not text.isidentifier():
        raise _Unreadable
    return text


def _different(text: str) -> tuple[str, ...]:
    parts = tuple(map(_named, text.split("+")))
    if len(set(parts)) != len(parts):
        raise _Unreadable
    return parts


def _shortest(value: float, scale: float = 1.0) -> str:
    """Return the shortest decimal text that reads back as exactly `value`."""
    for digits in range(1, 18):
        text = repr(float(f"{value / scale:.{digits}g}")).removesuffix(".0")
        if _finite(text, scale) == value:
            return text
    exact = Fraction(value) / Fraction(scale)  # some numbers are no float times the scale
    return f"{Decimal(exact.numerator) / Decimal(exact.denominator):f}"
