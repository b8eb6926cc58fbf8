"""Settings as text in which every value says where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from controller.settings import yaml_text

_WIDEST = 120
_DIGITS = 6


@dataclass(frozen=True)
class Said:
    """A value, and where it came from."""

    value: object
    why: str


Section = Mapping[str, "Said | Section | Sequence[Said]"]
"""Keys in their order; a value of its own, keys below, or a list with a line for each value."""


def written(heading: Sequence[str], section: Section) -> str:
    """Return a section as YAML below some lines of comment."""
    return "\n".join([*(f"# {line}" for line in heading), *_lines(section, ""), ""])


def _lines(section: Section, indent: str) -> Iterator[str]:
    for key, value in section.items():
        if isinstance(value, Said):
            yield from _line(f"{indent}{key}: ", value, indent)
        elif isinstance(value, Mapping):
            yield f"{indent}{key}:"
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{key}:"
            for each in value:
                yield from _line(f"{indent}  - ", each, indent + "  ")


def _line(begins: str, said: Said, indent: str) -> Iterator[str]:
    text = f"{begins}{flow(said.value)}"
    why = f"  # {said.why}" if said.why else ""
    if why and len(text + why) > _WIDEST:
        yield f"{indent}# {said.why}"
        why = ""
    yield text + why


def flow(value: object) -> str:
    """Return a value as YAML in one line, numbers with as many digits as matter."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple | np.ndarray):
        return "[" + ", ".join(flow(each) for each in value) + "]"
    if isinstance(value, float | np.floating):
        return _number(float(value))
    text = yaml_text.dump(value).strip().removesuffix("...").strip()
    return text if isinstance(value, str) and not set(text) & set("[]{},#:") else _quoted(value, text)


def _number(value: float) -> str:
    text = f"{value:.{_DIGITS}g}"
    if "e" in text:
        mantissa, _, power = text.partition("e")
        return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{int(power):+d}"
    return text if "." in text else f"{text}.0"


def _quoted(value: object, text: str) -> str:
    if not isinstance(value, str) or text.startswith(("'", '"')):
        return text
    return "'" + value.replace("'", "''") + "'"
