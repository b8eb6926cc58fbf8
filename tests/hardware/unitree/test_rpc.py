from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from hardware.unitree.codec import WireError
from hardware.unitree.rpc import Reply, decode_reply, encode_request


def reply(number: int, code: int, text: bytes) -> bytes:
    return bytes((0, 1, 0, 0)) + struct.pack("<2qiI", number, 1001, code, len(text)) + text + bytes(-len(text) % 4 + 4)


def test_a_reply_is_read() -> None:
    assert decode_reply(reply(7, 3102, b'{"name": ""}\0')) == Reply(7, 3102, '{"name": ""}')


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        reply(1, 0, b"no end"),
        reply(1, 0, b"\xff\xfe\0"),
        reply(1, 0, b"text\0")[:-10],
        b"\0\0" + reply(1, 0, b"big endian\0")[2:],
        bytes((0, 1, 0, 0)) + struct.pack("<2qiI", 1, 1, 0, 0xFFFFFFFF),
    ],
)
def test_a_damaged_reply_is_none(wire: bytes) -> None:
    with pytest.raises(WireError):
        decode_reply(wire)


@given(some.binary(max_size=80))
@settings(max_examples=200, deadline=None)
def test_noise_never_breaks_the_reader(noise: bytes) -> None:
    try:
        decode_reply(bytes((0, 1, 0, 0)) + noise)
    except WireError:
        return


def test_a_request_is_what_cyclone_dds_itself_reads() -> None:
    pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")
    from hardware.unitree.dds import idl_type
    from hardware.unitree.layout import REQUEST

    request = idl_type(REQUEST).deserialize(encode_request(12345678901, 1002, '{"name": "mcf"}'))
    assert (request.header.identity.id, request.header.identity.api_id) == (12345678901, 1002)
    assert (request.parameter, list(request.binary), request.header.policy.noreply) == ('{"name": "mcf"}', [], False)
