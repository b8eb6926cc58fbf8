"""Calls to a service of the robot: one request, one reply, matched by a number, within a time.

A service listens on `rt/api/<service>/request` and answers on `.../response`. Parameters and answers are JSON.
`call` waits for the answer; a loop that cannot wait posts its requests and looks for replies later.
"""

from __future__ import annotations

import contextlib
import itertools
import struct
import time
from dataclasses import dataclass

from hardware.clock import Clock
from hardware.unitree.bus import Bus
from hardware.unitree.codec import WireError
from hardware.unitree.layout import CDR_HEADER, REQUEST, RESPONSE

OK = 0
"""Status code of a call that was carried out."""
_REQUEST_START = struct.Struct("<3qi?3x")
_RESPONSE_START = struct.Struct("<2qi")
_LENGTH = struct.Struct("<I")
_PATIENCE = 1.0
"""Longest time for a service to be found and to answer [s]."""
_DEPTH = 16
"""Answers kept while nobody looks: other clients' answers come on the same topic."""


class CallFailed(RuntimeError):
    """A call had no usable answer, so nothing is known about what the robot did."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered."""

    identity: int
    """Number of the request."""
    code: int
    """0 is success; else the service's own error, such as 3203 unknown call, 3204 bad parameter, 3205 lease denied."""
    data: str


class Client:
    """Calls one service.

    Numbers of requests count up from the time, so that two clients do not take each other's answers for theirs.
    """

    def __init__(self, bus: Bus, service: str, clock: Clock) -> None:
        self._service, self._clock = service, clock
        self.posted = b""
        """The newest request as it was on the wire."""
        self._requests = bus.writer(f"rt/api/{service}/request", REQUEST)
        self._replies = bus.reader(f"rt/api/{service}/response", RESPONSE, depth=_DEPTH)
        self._numbers = itertools.count(time.time_ns())

    def call(self, api: int, parameter: str = "{}") -> Reply:
        """Ask and return the answer. Raises CallFailed when none comes that can be read."""
        deadline = self._clock.now() + _PATIENCE
        while not self.served:
            if self._clock.now() > deadline:
                raise CallFailed(f"service {self._service}: nobody serves it (waited {_PATIENCE:g} s)")
            self._clock.sleep_until(self._clock.now() + 0.01)
        number = self.post(api, parameter)
        while (left := deadline - self._clock.now()) > 0.0:
            self._replies.wait(left)
            for wire in self._replies.take():
                try:
                    reply = decode_reply(wire)
                except WireError as error:
                    raise CallFailed(f"service {self._service}, call {api}: {error}") from error
                if reply.identity == number:
                    return reply
        raise CallFailed(f"service {self._service}, call {api}: no answer within {_PATIENCE:g} s")

    @property
    def served(self) -> bool:
        """Whether somebody listens, and can answer."""
        return bool(self._requests.listeners and self._replies.senders)

    def post(self, api: int, parameter: str, *, silent: bool = False) -> int:
        """Send a request, one that wants no answer if it is `silent`, and return its number. Raises BusError."""
        number = next(self._numbers)
        self.posted = encode_request(number, api, parameter, silent=silent)
        self._requests.write(self.posted)
        return number

    def replies(self) -> list[Reply]:
        """Return what came since the last look, other clients' answers too; damaged ones are left out."""
        found = []
        for wire in self._replies.take():
            with contextlib.suppress(WireError):
                found.append(decode_reply(wire))
        return found


def encode_request(number: int, api: int, parameter: str, *, silent: bool = False) -> bytes:
    """Return a Request: identity, call, no lease, no priority, whether to be silent, parameter, no binary part."""
    text = parameter.encode() + b"\0"
    start = _REQUEST_START.pack(number, api, 0, 0, silent) + _LENGTH.pack(len(text))
    return CDR_HEADER + start + text + bytes(-len(text) % 4) + _LENGTH.pack(0)


def decode_reply(wire: bytes) -> Reply:
    """Return a Response's content; raises WireError when it is damaged, longer or shorter than it says, or not text."""
    body = wire[len(CDR_HEADER) :]
    end = _RESPONSE_START.size + _LENGTH.size
    if wire[: len(CDR_HEADER) - 1] != CDR_HEADER[:-1]:  # the last byte counts padding at the end
        raise WireError(f"encapsulation: reply: expected {CDR_HEADER.hex()}, got {wire[:4].hex()}")
    if len(body) < end:
        raise WireError(f"length: reply: expected at least {end} bytes, got {len(body)}")
    number, _, code = _RESPONSE_START.unpack_from(body)
    (length,) = _LENGTH.unpack_from(body, _RESPONSE_START.size)
    text = body[end : end + length]
    if len(text) != length or not text.endswith(b"\0"):
        raise WireError(f"length: reply: expected a text of {length} bytes with its end, got {text!r}")
    try:
        return Reply(number, code, text[:-1].decode())
    except UnicodeDecodeError as error:
        raise WireError(f"text: reply: {error}") from error
