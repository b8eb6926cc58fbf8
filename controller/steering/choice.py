"""Which sources of commands there are, as `--steer` names them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from controller.steering.source import Source

PAGE = "page"
"""The live page, which puts its commands in a pipe."""
SOURCES: Mapping[str, str] = {PAGE: "keys and the stick of the live page (--view)"}
"""What may stand behind `--steer`, with a line on each."""


def checked(text: str) -> str:
    """Return the text of a source. Raises ValueError where there is none like that."""
    name = text.partition(":")[0]
    if name not in SOURCES:
        close = difflib.get_close_matches(name, SOURCES, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise ValueError(f"unknown source '{name}'; expected one of {', '.join(SOURCES)}{hint}")
    return text


def opened(text: str) -> Source:
    """Open a source. Raises ValueError where it cannot be."""
    raise ValueError(f"{text}: expected the live page beside it, got none")
