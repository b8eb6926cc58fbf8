"""Commands from another process of the same program, such as the live page, through a pipe.

Messages are three doubles rather than Python objects, so that nothing that comes through can be more than numbers.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Mapping
from multiprocessing.connection import Connection

from controller.steering.source import MOST, Command
from hardware.steering import Velocity

_MESSAGE = struct.Struct("<3d")


def send(connection: Connection, velocity: Velocity) -> None:
    """Tell the other end of a pipe how the robot should move. Raises OSError where nobody is there any more."""
    connection.send_bytes(_MESSAGE.pack(*velocity))


class Piped:
    """A source at the reading end of a pipe; where the writing end is gone it is silent."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._counts = Counter[str]()

    def poll(self, now: float) -> Command | None:
        """Return the newest command in the pipe; what is none is counted and passed over."""
        newest: Command | None = None
        try:
            for _ in range(MOST):
                if self._connection.closed or not self._connection.poll():
                    break
                message = self._connection.recv_bytes(_MESSAGE.size)
                if len(message) == _MESSAGE.size and all(map(math.isfinite, _MESSAGE.unpack(message))):
                    newest = Command(now, Velocity(*_MESSAGE.unpack(message)))
                    self._counts["commands"] += 1
                else:
                    self._counts["rubbish"] += 1
        except (EOFError, OSError):  # nobody writes any more, or something too long, which leaves a pipe of no use
            self._connection.close()
            self._counts["ended"] += 1
        return newest

    def counts(self) -> Mapping[str, int]:
        """Return how many messages there were."""
        return dict(self._counts)

    def close(self) -> None:
        """Close the reading end."""
        self._connection.close()
