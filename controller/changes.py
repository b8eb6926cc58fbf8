"""What becomes another one in mid-run: the adapter, or the course."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from controller.settings.layers import nearest

What = Literal["adapter", "course"]


@dataclass(frozen=True)
class Change:
    """Another adapter or course from a time on, in text `adapter=NAME@SECONDS` or `course=NAME@SECONDS`."""

    what: What
    name: str
    onset: float
    """[s]"""

    def __str__(self) -> str:
        """Return the text that `parse` turns into an equal one."""
        return f"{self.what}={self.name}@{self.onset!r}".removesuffix(".0")


def parse(text: object) -> Change:
    """Return the change that a text says; raises ValueError for any other."""
    if not isinstance(text, str):
        raise ValueError(f"expected text like 'adapter=mb@6', got {text!r}")
    body, _, time = text.rpartition("@")
    what, _, name = body.partition("=")
    known = {choice: choice for choice in get_args(What)}
    if what not in known or not name:
        raise ValueError(f"expected text like 'adapter=mb@6', got {text!r}; {nearest(what, known)} before =")
    try:
        onset = float(time)
    except ValueError:
        onset = math.nan
    if not 0.0 < onset < math.inf:
        raise ValueError(f"{text}: expected a time after the start behind @ [s], got {time!r}")
    return Change(known[what], name, onset)
