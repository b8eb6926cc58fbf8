"""What the page that drives says of where its robot should go: shares of what the robot can, from its own socket."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from multiprocessing.connection import Connection
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection

from controller.steering import pipe
from hardware.steering import Axis, Steering, Velocity

PATH = "/steer"
_LONGEST = 200
"""Characters of a message."""


def page_of(connection: ServerConnection) -> str:
    """Return the name of the tab at the other end."""
    path = "" if connection.request is None else connection.request.path
    return parse_qs(urlsplit(path).query).get("page", [""])[0]


class Wheel:
    """Passes on what one tab says, and refuses all others."""

    def __init__(self, limits: Steering, commands: Connection, refuse: Callable[[str, object], None]) -> None:
        self._limits, self._commands, self._refuse = limits, commands, refuse
        self.driver = ""
        """Name of the tab that is heard."""

    async def listen(self, connection: ServerConnection) -> None:
        """Pass on what a tab says until it is gone."""
        who = page_of(connection)
        async for message in connection:
            told = self._told(message)
            if who != self.driver:
                self._refuse("a page that watches tried to steer", f"page {who}")
            elif told is None:
                self._refuse("what is no command", f"page {who}")
            else:
                pipe.send(self._commands, told)

    def _told(self, message: str | bytes) -> Velocity | None:
        """Return the velocity that a message asks for: three shares from -1 to 1; None for anything else."""
        try:
            shares = json.loads(message) if isinstance(message, str) and len(message) <= _LONGEST else None
        except ValueError:
            return None
        if not isinstance(shares, list) or len(shares) != len(Velocity._fields):
            return None
        if not all(isinstance(share, int | float) and math.isfinite(share) and abs(share) <= 1.0 for share in shares):
            return None
        limits = self._limits
        forward, lateral, turn = map(float, shares)
        return Velocity(_of(limits.forward, forward), _of(limits.lateral, lateral), _of(limits.turn, turn))


def _of(axis: Axis | None, share: float) -> float:
    """Return a share of what an axis can, in the direction of its sign."""
    return 0.0 if axis is None else share * (axis.high if share > 0.0 else -axis.low)
