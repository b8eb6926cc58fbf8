"""Who may look: only browsers at the page's own address, off loopback only those with its token, and no long messages.

viser has no place for such checks, so while it starts to listen, what it calls for that is this gate's.
"""

from __future__ import annotations

import contextlib
import gzip
import http
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import websockets.asyncio.server
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from controller.view.about import Address

_log = logging.getLogger(__name__)

LONGEST = 1 << 16
"""Bytes of a message from a browser: a click has some hundred."""
_TOO_BIG = 1009  # RFC 6455, section 7.4.1
_HERE = ("localhost", "127.0.0.1", "::1")
"""Names of this machine that a browser may have typed, also at the other end of a tunnel."""

_Check = Callable[[ServerConnection, Request], Response | None]
_Handler = Callable[[ServerConnection], Awaitable[None]]


class Gate:
    """Refuses and counts; each reason is said the first time, and whenever there are ten times as many."""

    def __init__(self, address: Address, page: bytes) -> None:
        """Guard an address, where `page` takes the place of viser's own."""
        self._address, self._page = address, gzip.compress(page)
        self.sockets: dict[str, _Handler] = {}
        """What there is beside viser's own socket, by path."""
        self.refused: Counter[str] = Counter()

    @contextlib.contextmanager
    def closed(self) -> Iterator[None]:
        """Let what viser listens with be checked, where it begins to listen inside."""
        listening: Any = websockets.asyncio.server
        genuine = listening.serve

        def serve(handler: _Handler, host: str, port: int, **options: Any) -> Any:
            options |= {"max_size": LONGEST, "process_request": self._checked(options["process_request"])}
            return genuine(self._watched(handler), host, port, **options)

        listening.serve = serve
        try:
            yield
        finally:
            listening.serve = genuine

    def refuse(self, why: str, who: object) -> None:
        """Count a refusal."""
        self.refused[why] += 1
        count = self.refused[why]
        if count == 10 ** (len(str(count)) - 1):
            _log.warning("the live page refused %s: %s%s", who, why, "" if count == 1 else f" ({count} times)")

    def _checked(self, then: _Check) -> _Check:
        def check(connection: ServerConnection, request: Request) -> Response | None:
            why = self._wrong(request)
            if why is None:
                return self._index() if _is_page(request) else then(connection, request)
            self.refuse(why, (connection.remote_address or ("somebody",))[0])
            body = f"{why}\n".encode()
            return Response(http.HTTPStatus.FORBIDDEN, "Forbidden", Headers({"Content-Length": str(len(body))}), body)

        return check

    def _index(self) -> Response:
        about = {"Content-Type": "text/html; charset=utf-8", "Content-Encoding": "gzip", "Cache-Control": "no-store"}
        return Response(http.HTTPStatus.OK, "OK", Headers(about | {"Content-Length": str(len(self._page))}), self._page)

    def _wrong(self, request: Request) -> str | None:
        """Return why a browser is not let in; None where it is."""
        url, asked = urlsplit(request.path), request.headers.get("Host", "")
        known = {self._address.host} if self._address.token else {self._address.host, *_HERE}
        if (urlsplit(f"//{asked}").hostname or "") not in known and self._address.host not in ("0.0.0.0", "::"):
            return "another name than that of this page was asked for"
        socket = _is_socket(request)
        origin = request.headers.get("Origin")
        if socket and origin is not None and urlsplit(origin).netloc != asked:
            return "it was asked for by the page of somebody else"
        given = parse_qs(url.query).get("token", [""])[0]
        if (socket or _is_page(request)) and not secrets.compare_digest(given.encode(), self._address.token.encode()):
            return "a wrong token" if given else "no token"
        return None

    def _watched(self, handler: _Handler) -> _Handler:
        async def watched(connection: ServerConnection) -> None:
            assert connection.request is not None
            await self.sockets.get(urlsplit(connection.request.path).path, handler)(connection)
            sent = connection.protocol.close_sent
            if sent is not None and sent.code == _TOO_BIG:
                self.refuse(f"a message of more than {LONGEST} bytes", connection.remote_address[0])

        return watched


def _is_socket(request: Request) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket"


def _is_page(request: Request) -> bool:
    return not _is_socket(request) and urlsplit(request.path).path in ("/", "/index.html")
