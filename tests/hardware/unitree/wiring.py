"""A DDS domain of its own for every test, on the loopback device."""

from __future__ import annotations

import itertools
import os
import socket

_FIRST, _COUNT = 20, 200
_numbers = itertools.count(os.getpid() * 7)


def free_domain() -> int:
    """The number of a domain in which nobody takes part: the port of its first participant is free."""
    for number in itertools.islice(_numbers, _COUNT):
        domain = _FIRST + number % _COUNT
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", 7410 + 250 * domain))
            except OSError:
                continue
            return domain
    raise OSError("no DDS domain is free")
