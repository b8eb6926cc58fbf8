"""What the study is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """One piece of the study.

    Attributes:
        kind: what is measured.
        arena: where, or empty.
        contender: who, or empty.
        amount: a number that the kind needs, such as sequences.
    """

    kind: str
    arena: str = ""
    contender: str = ""
    amount: int = 0

    @property
    def slug(self) -> str:
        """A file name that says which cell it is."""
        parts = [self.kind, self.arena, self.contender, str(self.amount) if self.amount else ""]
        return "--".join(re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in parts if part)
