"""The robot's services as far as low-level control needs them: which of its own controllers runs, and lying down.

Requests and answers are read and written by Cyclone DDS's Python types, not by the driver's code.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from cyclonedds.idl import IdlStruct

from hardware.unitree.bus import Bus
from hardware.unitree.idl import idl_type
from hardware.unitree.layout import REQUEST, RESPONSE, RESPONSE_HEADER, RESPONSE_STATUS

Serve = Callable[[int, str], tuple[int, str] | None]
"""Call number and parameter in, status code and data out; None is no answer."""


class Service:
    """One service on the bus, served whenever somebody calls `poll`."""

    def __init__(self, bus: Bus, name: str, serve: Serve) -> None:
        self._requests = bus.reader(f"rt/api/{name}/request", REQUEST, depth=8)
        self._answers = bus.writer(f"rt/api/{name}/response", RESPONSE)
        self._serve = serve
        self._request, self._response = idl_type(REQUEST), idl_type(RESPONSE)

    def poll(self) -> None:
        """Answer the requests that have come."""
        for wire in self._requests.take():
            try:
                request = self._request.deserialize(wire)
            except (struct.error, ValueError, IndexError):  # a request that nobody can read gets no answer
                continue
            answer = self._serve(request.header.identity.api_id, request.parameter)
            if answer is not None and not request.header.policy.noreply:
                self._answers.write(self._pack(request, *answer))

    def _pack(self, request: IdlStruct, code: int, data: str) -> bytes:
        status = idl_type(RESPONSE_STATUS)(code=code)
        header = idl_type(RESPONSE_HEADER)(identity=request.header.identity, status=status)
        wire: bytes = self._response(header=header, data=data, binary=[]).serialize()
        return wire + bytes(-len(wire) % 4)
