from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("viser")
import websockets.exceptions
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from controller.view.gate import LONGEST
from tests.controller.view.pages import running, until

pytestmark = pytest.mark.alone
VISER = [Subprotocol("viser-v1.1.1")]


def status(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def drained(connection: Any) -> None:
    while True:
        connection.recv(timeout=60)


def test_who_is_not_let_in_is_told_and_counted(tmp_path: Path) -> None:
    with running(
        tmp_path / "run", "run", "--fast", "--seconds", "8000", "--no-video", "--view-at", "127.0.0.2:0"
    ) as run:
        url = run.url
        socket = url.replace("http", "ws")
        assert url.startswith("http://127.0.0.2:")
        assert status(url) == 200
        assert status(url, Host="evil.example") == 403
        with pytest.raises(websockets.exceptions.InvalidStatus):
            connect(socket, origin="http://evil.example", subprotocols=VISER)  # type: ignore[arg-type]
        with connect(socket, subprotocols=VISER) as long:
            long.send(bytes(LONGEST + 1))
            with pytest.raises(websockets.exceptions.ConnectionClosedError):
                drained(long)
        said = until(lambda: "".join(run.said) if "65536 bytes" in "".join(run.said) else "")
        assert "another name than that of this page" in said
        assert "by the page of somebody else" in said
        assert run.process.poll() is None
        assert run.end() == 130
    assert "127.0.0.2" in run.url


def test_off_loopback_a_token_is_asked_for(tmp_path: Path) -> None:
    with running(tmp_path / "run", "run", "--fast", "--seconds", "8000", "--no-video", "--view-at", "0.0.0.0:0") as run:
        url, _, token = run.url.partition("?")
        url = url.replace("0.0.0.0", "127.0.0.1")
        assert len(token) > 30
        assert [status(url), status(f"{url}?token=guess"), status(f"{url}?{token}")] == [403, 403, 200]
        socket = url.replace("http", "ws")
        for wrong in (socket, f"{socket}?token=guess", f"{socket}steer?token="):
            with pytest.raises(websockets.exceptions.InvalidStatus):
                connect(wrong, subprotocols=VISER)
        with connect(f"{socket}?{token}", subprotocols=VISER) as let_in:
            assert let_in.recv(timeout=20)
        until(lambda: [line for line in run.said if "a wrong token" in line])


def test_a_page_that_stalls_and_one_that_dies_hold_up_nothing(tmp_path: Path) -> None:
    with running(
        tmp_path / "run", "run", "--fast", "--seconds", "8000", "--no-video", "--view-at", "127.0.0.1:0"
    ) as run:
        socket = run.url.replace("http", "ws")
        with connect(socket, subprotocols=VISER, max_queue=1):  # and never read
            until(run.ticks)
            begun = run.ticks()[-1]["time"]
            until(lambda: run.ticks()[-1]["time"] > begun + 10.0)
        with connect(socket, subprotocols=VISER) as rude:
            rude.send(b"rubbish")
        begun = run.ticks()[-1]["time"]
        until(lambda: run.ticks()[-1]["time"] > begun + 2.0)
        assert status(run.url) == 200
        assert run.end() == 130


def test_a_run_without_a_page_imports_nothing_of_it() -> None:
    told = "import sys, controller.runs.simulated, controller.commands.run; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout.split()
    assert "controller.runs.simulated" in modules
    assert not [name for name in modules if name.startswith(("viser", "websockets", "controller.view."))]
