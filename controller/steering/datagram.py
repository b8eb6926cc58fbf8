"""Commands by UDP: small datagrams, on this machine unless asked for otherwise, and then with a token.

    bytes 0..4    "LMB1"
    bytes 4..12   when it was sent, nanoseconds since 1970, unsigned
    bytes 12..24  v_x, v_y [m/s], turn [rad/s], 32-bit floats; all little-endian
    bytes 24..40  with a token: the first 16 bytes of HMAC-SHA256 of what stands before, by the token

A datagram counts where its time is within five seconds of ours and later than that of the one before, so none counts
twice. Whoever was heard first steers until it is silent for as long as makes a robot stand.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import math
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.steering.helm import TIMEOUT
from controller.steering.source import MOST, Command
from hardware.steering import Velocity

_MAGIC, _LAYOUT, _PROOF = b"LMB1", struct.Struct("<4sQ3f"), 16
WINDOW_NS = 5_000_000_000
"""How far the time of a datagram may be from ours [ns]."""
_SHORTEST = 16
"""Bytes of a token."""
_BUFFER = 32_768
"""Of the socket: about 40 datagrams, so that what is read is never old."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Address:
    """Where to listen. Raises ValueError for a port or an address that is none, or one that others reach, unproven.

    Attributes:
        token: what proves a sender; empty where none has to.
    """

    port: int
    address: str = "127.0.0.1"
    token: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.port < 65536:  # 0 takes any that is free
            raise ValueError(f"udp: port: expected a number from 0 to 65535, got {self.port}")
        try:
            here = ipaddress.ip_address(self.address).is_loopback
        except ValueError:
            raise ValueError(f"udp: address: expected an IP address, got '{self.address}'") from None
        if not here and not self.token:
            raise ValueError(f"udp: token: expected a file, because others reach {self.address}, got none")
        if self.token and len(self.token) < _SHORTEST:
            raise ValueError(f"udp: token: expected at least {_SHORTEST} bytes, got {len(self.token)}")

    @classmethod
    def parsed(cls, text: str) -> Address:
        """Read `PORT[,address=IP][,token=FILE]`. Raises ValueError, OSError."""
        port, *others = text.split(",")
        given = dict(part.partition("=")[::2] for part in others)
        if unknown := given.keys() - {"address", "token"}:
            raise ValueError(f"udp: expected PORT[,address=IP][,token=FILE], got '{min(unknown)}'")
        if not port.isascii() or not port.isdigit():
            raise ValueError(f"udp: port: expected a number, as in udp:9870, got '{port}'")
        token = Path(given["token"]).read_bytes().strip() if "token" in given else b""
        return cls(int(port), given.get("address", cls.address), token)


def packed(velocity: Velocity, stamp_ns: int, token: bytes = b"") -> bytes:
    """Return the datagram that says how a robot should move, sent at some time since 1970 [ns]."""
    body = _LAYOUT.pack(_MAGIC, stamp_ns, *velocity)
    return body + _proof(body, token)


def _proof(body: bytes, token: bytes) -> bytes:
    return hmac.digest(token, body, "sha256")[:_PROOF] if token else b""


class Datagrams:
    """A source that listens on a socket. Raises OSError where the address cannot be had."""

    def __init__(self, where: Address, wall_ns: Callable[[], int] = time.time_ns) -> None:
        self._token, self._wall_ns = where.token, wall_ns
        self._length = _LAYOUT.size + len(_proof(b"", where.token))
        family = socket.AF_INET if ipaddress.ip_address(where.address).version == 4 else socket.AF_INET6
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self._socket.setblocking(False)
            self._socket.bind((where.address, where.port))
        except OSError as error:
            self._socket.close()
            expected = "expected an address of this machine, and a port that is free (0 takes one)"
            told = f"{where.address}:{where.port}: {expected}, got: {error.strerror}"
            raise OSError(error.errno, told) from error
        self._counts = Counter[str]()
        self._stamp, self._heard = 0, -math.inf
        self._sender: object = None
        _log.warning("steering: commands are taken at %s, port %d", where.address, self.port)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._socket.getsockname()[1])

    def poll(self, now: float) -> Command | None:
        """Return the newest command among the datagrams that came in."""
        newest: Command | None = None
        for _ in range(MOST):
            try:
                datagram, sender = self._socket.recvfrom(self._length + 1)
            except (
                OSError
            ):  # nothing more to read, or what a sender's machine says of our answers, which there are none
                break
            if (refusal := self._refusal(datagram, sender, now)) is not None:
                self._refuse(refusal, sender)
                continue
            stamp, *velocity = _LAYOUT.unpack_from(datagram)[1:]
            self._stamp, self._heard, self._sender = stamp, now, sender
            self._counts["commands"] += 1
            newest = Command(now, Velocity(*velocity))
        return newest

    def _refusal(self, datagram: bytes, sender: object, now: float) -> str | None:
        """Return why a datagram does not count; None where it does."""
        if len(datagram) != self._length:
            return "oversized" if len(datagram) > self._length else "rubbish"
        magic, stamp, *velocity = _LAYOUT.unpack_from(datagram)
        if magic != _MAGIC or not all(map(math.isfinite, velocity)):
            return "rubbish"
        body = datagram[: _LAYOUT.size]
        if self._token and not hmac.compare_digest(datagram[_LAYOUT.size :], _proof(body, self._token)):
            return "wrong token"
        if abs(stamp - self._wall_ns()) > WINDOW_NS:
            return "other time"
        if stamp <= self._stamp:
            return "replayed"
        if sender != self._sender and now - self._heard <= TIMEOUT:
            return "second writer"
        return None

    def _refuse(self, why: str, sender: object) -> None:
        if not self._counts[why]:
            _log.warning("steering: datagrams from %s are refused: %s", sender, why)
        self._counts[why] += 1

    def counts(self) -> Mapping[str, int]:
        """Return how many commands there were, and datagrams that were refused, by reason."""
        return dict(self._counts)

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()
