from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from controller.settings.robots import spec
from controller.steering import choice
from controller.steering.datagram import WINDOW_NS, Address, Datagrams, packed
from controller.steering.helm import TIMEOUT
from controller.steering.source import Command
from hardware.steering import Velocity

NOW_NS = 1_700_000_000_000_000_000
TOKEN = b"a token of many bytes"
AHEAD = Velocity(0.25, 0.0, -0.5)


class Wall:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = NOW_NS

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def sender() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        yield client


def listening(token: bytes = b"") -> Datagrams:
    return Datagrams(Address(0, token=token), Wall())


def test_the_layout_is_the_documented_one() -> None:
    assert packed(AHEAD, NOW_NS) == b"LMB1" + struct.pack("<Qfff", NOW_NS, *AHEAD)
    assert len(packed(AHEAD, NOW_NS, TOKEN)) == 40


def test_the_newest_datagram_counts(sender: socket.socket) -> None:
    with closing(listening()) as source:
        assert source.poll(0.0) is None
        for k in range(3):
            sender.sendto(packed(Velocity(0.125 * k, 0.0, 0.0), NOW_NS + k), ("127.0.0.1", source.port))
        assert source.poll(1.0) == Command(1.0, Velocity(0.25, 0.0, 0.0))
        assert source.poll(2.0) is None
        assert source.counts() == {"commands": 3}


@pytest.mark.parametrize(
    "datagram, why",
    [
        (b"", "rubbish"),
        (b"LMB1", "rubbish"),
        (b"LMB2" + packed(AHEAD, NOW_NS)[4:], "rubbish"),
        (packed(Velocity(float("nan"), 0.0, 0.0), NOW_NS), "rubbish"),
        (packed(Velocity(0.0, 0.0, float("inf")), NOW_NS), "rubbish"),
        (packed(AHEAD, NOW_NS, TOKEN), "oversized"),
        (bytes(60_000), "oversized"),
        (packed(AHEAD, NOW_NS - WINDOW_NS - 1), "other time"),
        (packed(AHEAD, NOW_NS + WINDOW_NS + 1), "other time"),
        (packed(AHEAD, 2**64 - 1), "other time"),
    ],
)
def test_what_is_no_command_is_refused_and_counted(datagram: bytes, why: str, sender: socket.socket) -> None:
    with closing(listening()) as source:
        sender.sendto(datagram, ("127.0.0.1", source.port))
        assert source.poll(0.0) is None
        assert source.counts() == {why: 1}


def test_no_datagram_counts_twice(sender: socket.socket) -> None:
    with closing(listening()) as source:
        for stamp in (NOW_NS, NOW_NS, NOW_NS - 1, NOW_NS + 1):
            sender.sendto(packed(AHEAD, stamp), ("127.0.0.1", source.port))
        assert source.poll(0.0) is not None
        assert source.counts() == {"commands": 2, "replayed": 2}


def test_only_whoever_has_the_token_steers(sender: socket.socket) -> None:
    with closing(listening(TOKEN)) as source:
        for token in (b"", b"another token of bytes", TOKEN):
            sender.sendto(packed(AHEAD, NOW_NS, token), ("127.0.0.1", source.port))
        sender.sendto(packed(AHEAD, NOW_NS + 1, TOKEN)[:-1] + b"\0", ("127.0.0.1", source.port))
        assert source.poll(0.0) == Command(0.0, AHEAD)
        assert source.counts() == {"rubbish": 1, "wrong token": 2, "commands": 1}


def test_a_second_writer_is_refused_until_the_first_is_silent(
    sender: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(listening()) as source, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        sender.sendto(packed(AHEAD, NOW_NS), ("127.0.0.1", source.port))
        assert source.poll(0.0) is not None
        for k in range(2):
            other.sendto(packed(AHEAD, NOW_NS + 1 + k), ("127.0.0.1", source.port))
            assert source.poll(TIMEOUT * k) is None
        other.sendto(packed(AHEAD, NOW_NS + 9), ("127.0.0.1", source.port))
        assert source.poll(TIMEOUT + 0.01) is not None
        assert source.counts() == {"commands": 2, "second writer": 2}
        assert sum("second writer" in record.message for record in caplog.records) == 1


def test_a_flood_takes_a_bounded_share_of_a_tick_and_what_counts_is_new(sender: socket.socket) -> None:
    with closing(listening()) as source:
        for k in range(5000):
            sender.sendto(packed(Velocity(0.0, 0.0, k), NOW_NS + k), ("127.0.0.1", source.port))
        source.poll(0.0)
        assert source.counts()["commands"] <= 64
        while source.poll(0.1) is not None:
            pass
        assert source.counts()["commands"] < 200


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("udp", "udp: port: expected a number, as in udp:9870, got ''"),
        ("udp:70000", "udp: port: expected a number from 0 to 65535"),
        ("udp:-1", "udp: port: expected a number, as in udp:9870, got '-1'"),
        ("udp:9870,address=here", "udp: address: expected an IP address, got 'here'"),
        ("udp:9870,address=0.0.0.0", "udp: token: expected a file, because others reach 0.0.0.0, got none"),
        ("udp:9870,address=192.168.1.2", "udp: token: expected a file"),
        ("udp:9870,token=gone", "udp: token: expected a file that can be read, got: gone: No such file or directory"),
        ("udp:9870,token=short", "udp: token: expected at least 16 bytes, got 5"),
        ("udp:9870,adress=::1", r"udp: expected PORT\[,address=IP\]\[,token=FILE\], got 'adress'"),
    ],
)
def test_where_to_listen_is_checked(text: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("short").write_text("short\n")
    with pytest.raises(ValueError, match=complaint):
        choice.checked(text)


def test_by_default_only_this_machine_is_heard() -> None:
    with closing(choice.opened(choice.checked("udp:0"), spec("roach"))) as source:
        assert isinstance(source, Datagrams)
        assert source._socket.getsockname()[0] == "127.0.0.1"
    with pytest.raises(OSError, match=r"127\.0\.0\.1:\d+: "), closing(listening()) as first:
        Datagrams(Address(first.port))
