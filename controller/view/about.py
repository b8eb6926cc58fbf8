"""What a page is told once: what runs, what may be chosen, where it listens and to whom."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

from controller.settings.layers import ConfigError
from controller.telemetry.run_log import RunHeader
from hardware.steering import Steering

Mode = Literal["simulated", "deployed", "replayed"]
LISTENING = "listening: "
"""What the first answer of a page's process begins with where it is up; the rest is its address."""
_FIRST_PORT = 8080


@dataclass(frozen=True)
class Address:
    """Where a page listens.

    Attributes:
        host: a numeric address.
        port: of TCP; 0 lets the system choose one.
        token: what a browser has to show; empty on loopback, which nobody else reaches.
    """

    host: str = "127.0.0.1"
    port: int = _FIRST_PORT
    token: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ADDRESS:PORT; off loopback a new token is made up. Raises ConfigError."""
        host, _, port = text.rpartition(":")
        address, number = _host(host), _port(port)
        if address is None or number is None:
            near = cls(str(address or _host(text) or cls.host), number or _FIRST_PORT).place
            raise ConfigError(f"command line: --view-at: expected ADDRESS:PORT, got {text!r}; did you mean '{near}'?")
        return cls(str(address), number, "" if address.is_loopback else secrets.token_urlsafe(24))

    @property
    def place(self) -> str:
        """Return address and port as `parse` reads them."""
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Return what to type into a browser."""
        return f"http://{self.place}/{f'?token={self.token}' if self.token else ''}"


def _host(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def _port(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) < 65536 else None


@dataclass(frozen=True)
class About:
    """What a page shows.

    Attributes:
        headers: of the runs, one or two side by side.
        seconds: length of the run [s].
        mode: what may be done: everything, remarks alone, or a look at what is over.
        adapters: names of those that may take over.
        courses: names of those that may be driven.
        fast: whether the robot's time can pass as fast as the machine can.
        steering: what the robot can be told from the page; None where nobody steers it there.
    """

    headers: Sequence[RunHeader]
    seconds: float
    mode: Mode
    adapters: Sequence[str] = ()
    courses: Sequence[str] = ()
    fast: bool = False
    steering: Steering | None = None
