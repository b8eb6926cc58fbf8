"""Requests and the state of the sport service, byte by byte: against `struct`, and against Cyclone DDS itself."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray

from hardware.emulators.go2.wire import write_plain
from hardware.unitree.codec import WireError, decode_sport_state
from hardware.unitree.layout import CDR_HEADER, SPORT_STATE, Struct
from hardware.unitree.rpc import encode_request

WORDS = struct.Struct("<iI I 13fB B2x f B3x f 3f f 3f f 4f 4h 12f 12f 70f")
"""CDR of the whole message: stamp, error_code, IMU, mode, progress, gait, feet, where it is, path."""


def state_on_wire(mode: int = 3, velocity: tuple[float, ...] = (0.5, -0.1, 0.02), stamp: int = 7) -> bytes:
    imu, zeros = (1.0, *[0.0] * 11, 0.25, 45), [0.0] * 70
    odometry = (1.5, -2.5, 0.3, 0.31, *velocity, 0.2)
    feet = (*[0.5] * 4, 40, 41, 42, 43, *np.arange(24.0))
    return CDR_HEADER + WORDS.pack(stamp, 500, 1002, *imu, mode, 0.0, 1, 0.09, *odometry, *feet, *zeros)


def test_the_state_is_as_long_as_its_parts() -> None:
    assert SPORT_STATE.size == len(state_on_wire()) == 516


def test_every_field_of_the_state_is_read_from_its_place() -> None:
    record = decode_sport_state(state_on_wire())
    assert (int(record["stamp"]["nanosec"]), int(record["error_code"]), int(record["mode"])) == (500, 1002, 3)
    assert record["imu_state"]["quaternion"].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert float(record["imu_state"]["rpy"][2]) == 0.25
    assert int(record["imu_state"]["temperature"]) == 45
    assert int(record["gait_type"]) == 1
    assert float(record["foot_raise_height"]) == pytest.approx(0.09)
    assert record["position"].tolist() == pytest.approx([1.5, -2.5, 0.3])
    assert record["velocity"].tolist() == pytest.approx([0.5, -0.1, 0.02])
    assert float(record["body_height"]) == pytest.approx(0.31)
    assert float(record["yaw_speed"]) == pytest.approx(0.2)
    assert record["foot_force"].tolist() == [40, 41, 42, 43]
    assert record["foot_speed_body"].tolist() == list(range(12, 24))


def test_the_emulators_end_packs_what_the_drivers_end_reads() -> None:
    record = decode_sport_state(state_on_wire())
    assert write_plain(SPORT_STATE, record) == state_on_wire()


def test_what_is_between_numbers_says_nothing() -> None:
    wire = bytearray(state_on_wire())
    wire[4 + 66 : 4 + 68] = b"\xa5\xa5"
    assert decode_sport_state(bytes(wire)) == decode_sport_state(state_on_wire())


@pytest.mark.parametrize(
    "wire, why",
    [
        (b"", "length"),
        (state_on_wire()[:-4], "length"),
        (b"\0\0" + state_on_wire()[2:], "encapsulation"),
        (state_on_wire(velocity=(np.nan, 0.0, 0.0)), "not finite"),
        (state_on_wire(velocity=(0.0, 0.0, -np.inf)), "not finite"),
    ],
)
def test_a_damaged_state_is_refused_with_its_reason(wire: bytes, why: str) -> None:
    with pytest.raises(WireError, match=why):
        decode_sport_state(wire)


@given(some.binary(min_size=512, max_size=512))
@settings(max_examples=100, deadline=None)
def test_noise_is_a_state_or_an_error(noise: bytes) -> None:
    try:
        assert np.isfinite(decode_sport_state(CDR_HEADER + noise)["velocity"]).all()
    except WireError:
        return


def test_a_move_is_what_cyclone_dds_reads_as_one_that_wants_no_answer() -> None:
    pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")
    from hardware.unitree.dds import idl_type
    from hardware.unitree.layout import REQUEST

    wire = encode_request(77, 1008, json.dumps({"x": 0.5, "y": 0.0, "z": -0.1}), silent=True)
    request = idl_type(REQUEST).deserialize(wire)
    identity, policy = request.header.identity, request.header.policy
    assert (identity.id, identity.api_id, request.header.lease.id) == (77, 1008, 0)
    assert (policy.priority, policy.noreply, list(request.binary)) == (0, True, [])
    assert json.loads(request.parameter) == {"x": 0.5, "y": 0.0, "z": -0.1}


def test_a_move_has_the_bytes_of_the_published_idl() -> None:
    text = b'{"x": 0.5}\0'
    head = struct.pack("<2q q i ? 3x I", 77, 1008, 0, 0, True, len(text))
    assert encode_request(77, 1008, '{"x": 0.5}', silent=True) == CDR_HEADER + head + text + bytes(1) + bytes(4)


def test_cyclone_dds_packs_a_state_with_other_numbers_everywhere_as_the_emulator_does() -> None:
    pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")
    record = np.zeros((), SPORT_STATE.struct.dtype)
    told = _filled(SPORT_STATE.struct, record, np.random.default_rng(0))
    assert told.serialize() == write_plain(SPORT_STATE, record)


def _filled(struct: Struct, record: NDArray[np.void], rng: np.random.Generator) -> Any:
    """Fill every number of a record () and return Cyclone DDS's own object of the same content."""
    from hardware.unitree.dds import idl_type

    told: dict[str, Any] = {}
    for name, kind, *count in struct.fields:
        if isinstance(kind, Struct):
            parts = [_filled(kind, part, rng) for part in record[name].reshape(-1)]
            told[name] = parts if count else parts[0]
        else:
            record[name] = rng.integers(1, 100, count[0]) if count else rng.integers(1, 100)
            told[name] = record[name].tolist()
    return idl_type(struct)(**told)
