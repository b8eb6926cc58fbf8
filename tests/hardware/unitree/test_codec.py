from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from hardware.unitree.codec import WireError, crc, decode, decode_state, encode_command, seal
from hardware.unitree.layout import LOW_CMD, LOW_STATE
from tests.hardware.unitree.samples import Motor, command, command_image, crc_bit_by_bit, state_image

STOPPED: Motor = (1, 2.146e9, 16000.0, 0.0, 0.0, 0.0)
DAMPED: Motor = (1, 0.0, 0.0, 0.0, 0.0, 3.0)


def with_crc(image: bytes) -> bytes:
    return image[:-4] + struct.pack("<I", crc_bit_by_bit(image))


def refused(wire: bytes) -> str:
    with pytest.raises(WireError) as caught:
        decode_state(wire)
    return str(caught.value).partition(":")[0]


def test_a_command_is_the_message_packed_field_by_field() -> None:
    asked = command()
    motors: list[Motor] = [(1, *numbers) for numbers in asked.T.tolist()]
    image = command_image((0xFE, 0xEF, 0xFF, 0), motors + [(1, 0.0, 0.0, 0.0, 0.0, 0.0)] * 8)
    assert encode_command(asked) == LOW_CMD.to_wire(with_crc(image))


def test_a_state_packed_field_by_field_is_read_back() -> None:
    image = state_image(tick=4711, seed=1)
    state = decode_state(seal(LOW_STATE, image))
    assert (int(state["tick"]), int(state["bms_state"]["soc"]), int(state["bms_state"]["current"])) == (4711, 77, -2500)
    assert float(state["power_v"]) == 28.5
    assert state["motor_state"]["q"][3] == np.float32(struct.unpack_from("<f", image, 80 + 3 * 48 + 4)[0])
    assert not state.flags.writeable


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e39])
@pytest.mark.parametrize("row", range(5))
def test_a_number_that_no_motor_should_see_is_not_sent(row: int, bad: float) -> None:
    rows = np.zeros((5, 12))
    rows[row, 7] = bad
    with pytest.raises(WireError, match="finite"):
        encode_command(rows)


def test_a_command_for_another_number_of_motors_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected rows of shape \(5, 12\), got \(5, 11\)"):
        encode_command(np.zeros((5, 11)))


def test_each_damage_has_its_name() -> None:
    good = seal(LOW_STATE, state_image(seed=2))
    assert refused(good[:-1]) == "length"
    assert refused(b"") == "length"
    assert refused(b"\x00\x00" + good[2:]) == "encapsulation"
    assert refused(good[:500] + bytes((good[500] ^ 1,)) + good[501:]) == "crc"
    assert refused(good[:82] + b"\x01" + good[83:]) == "padding"
    assert refused(seal(LOW_STATE, b"\x00" + state_image(seed=2)[1:])) == "head"
    broken = bytearray(state_image(seed=2))
    struct.pack_into("<f", broken, 24, np.nan)
    assert refused(seal(LOW_STATE, bytes(broken))) == "not finite"


@given(some.binary(max_size=1300))
@settings(max_examples=100, deadline=None)
def test_noise_is_never_a_state(wire: bytes) -> None:
    refused(wire)


@given(some.integers(0, 1179), some.integers(1, 255))
@settings(max_examples=200, deadline=None)
def test_one_changed_byte_is_noticed_wherever_it_is(place: int, change: int) -> None:
    good = seal(LOW_STATE, state_image(seed=3))
    refused(good[:place] + bytes((good[place] ^ change,)) + good[place + 1 :])


def test_both_directions_carry_the_check_sum_of_the_definition() -> None:
    for message, wire in ((LOW_CMD, encode_command(command(5))), (LOW_STATE, seal(LOW_STATE, state_image(seed=5)))):
        image = message.to_image(wire)
        assert struct.unpack("<I", image[-4:])[0] == crc_bit_by_bit(image) == crc(image)
        decode(message, wire)


@pytest.mark.parametrize(
    "image, golden",
    [
        (command_image((0, 0, 0, 0), []), 0x4B5A4880),
        (command_image((0xFE, 0xEF, 0xFF, 0), [STOPPED] * 20), 0x06E577CD),
        (command_image((0xFE, 0xEF, 0xFF, 0), [DAMPED] * 12), 0x6AF70837),
    ],
    ids=["all zero", "no loops", "damping"],
)
def test_published_commands_have_the_check_sums_of_the_vendors_library(image: bytes, golden: int) -> None:
    assert crc(image) == golden


@given(some.binary(min_size=8, max_size=160).map(lambda data: data[: len(data) // 4 * 4]))
@settings(max_examples=60, deadline=None)
def test_the_fast_form_equals_the_definition(image: bytes) -> None:
    assert crc(image) == crc_bit_by_bit(image)
