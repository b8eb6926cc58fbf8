"""Where a command writes to: what stderr does not take is lost without harm; what stdout does not take is a failure."""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
from collections.abc import Iterator
from typing import Any

_PATIENCE = 200.0
"""How long a reader may pause before it is left behind [ms]: a robot does not wait for it."""

_LONGEST = 1000
"""Characters of a complaint."""


class _Lossy(io.FileIO):
    """Takes all, and writes what it can: a reader may have gone, or stopped reading, or there is no room."""

    _patience = _PATIENCE

    def write(self, data: Any, /) -> int:
        """Write without waiting for somebody who does not read."""
        room = select.poll()
        room.register(self, select.POLLOUT)
        for begin in range(0, len(data), select.PIPE_BUF):
            ready = room.poll(self._patience)
            self._patience = _PATIENCE if ready else 0.0
            if ready:
                with contextlib.suppress(OSError):
                    super().write(data[begin : begin + select.PIPE_BUF])
        return len(data)


@contextlib.contextmanager
def forgiving() -> Iterator[None]:
    """Let nothing that becomes of stderr end what is inside or keep it waiting, and no letter that stdout lacks."""
    while (free := os.open(os.devnull, os.O_RDONLY)) <= 2:  # where one is closed, no other file may take its place
        pass
    os.close(free)
    if sys.stdout is None:  # it was closed: what is written there has to fail
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        number, encoding = (2, "ascii") if sys.stderr is None else (sys.stderr.fileno(), sys.stderr.encoding)
    except OSError:  # it is a test's
        yield
        return
    stderr = _Lossy(number, "w", closefd=False)
    text = io.TextIOWrapper(stderr, encoding=encoding, errors="backslashreplace", write_through=True)
    with contextlib.redirect_stderr(text):
        yield


def tell(text: str) -> str | None:
    """Write to stdout; returns why that failed. A reader that has gone, such as `head`, is none of our business."""
    try:
        print(text, end="\n" if text else "", flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is flushed at the end
        return None if isinstance(error, BrokenPipeError) else error.strerror
    return None


def complain(message: str) -> None:
    """Say on stderr what is wrong, in one line, whatever a file's name or a value holds."""
    if len(message) > _LONGEST:
        message = f"{message[: _LONGEST // 2]} ... {message[-_LONGEST // 2 :]}"
    written = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in message)
    print(f"limber: {written}", file=sys.stderr)
