from __future__ import annotations

import struct

import numpy as np
import pytest

from hardware.unitree.layout import LOW_CMD, LOW_STATE, Message

each_message = pytest.mark.parametrize("message", [LOW_CMD, LOW_STATE], ids=lambda message: message.topic)


def on_wire(message: Message, field: str, part: str = "", index: int = 0) -> int:
    """Where a field's first byte is in the CDR body: set it alone and look for it."""
    image = np.zeros((), message.struct.dtype)
    place = image[field] if not part else image[field][part]
    place.reshape(-1).view("u1").reshape(place.size, -1)[index] = 0xA5
    return message.to_wire(image.tobytes()).index(0xA5) - 4


@each_message
def test_wire_and_image_have_the_published_size(message: Message) -> None:
    size = {"rt/lowcmd": 812, "rt/lowstate": 1180}[message.topic]
    assert message.size == message.struct.dtype.itemsize == size
    assert len(message.to_wire(bytes(size))) == size


@each_message
def test_the_image_of_the_wire_form_is_the_image(message: Message) -> None:
    image = np.zeros((), message.struct.dtype)
    for field in message.struct.fields:
        image[field[0]] = 1
    assert message.to_image(message.to_wire(image.tobytes())) == image.tobytes()


def test_command_fields_are_where_they_belong_in_the_cdr_body() -> None:
    found = [on_wire(LOW_CMD, "bandwidth"), on_wire(LOW_CMD, "motor_cmd", "mode")]
    motors = LOW_CMD.to_wire(struct.pack("<24x720s68x", bytes(range(36)) * 20))
    assert found == [20, 22]
    assert motors[4 + 22] == 0
    assert motors[4 + 24 : 4 + 28] == bytes((4, 5, 6, 7))  # q of the first motor
    assert motors[4 + 56] == 0  # mode of the second one
    assert on_wire(LOW_CMD, "crc") == 804


def test_state_fields_are_where_they_belong_in_the_cdr_body() -> None:
    assert on_wire(LOW_STATE, "imu_state", "quaternion") == 24
    assert on_wire(LOW_STATE, "imu_state", "temperature") == 76
    assert on_wire(LOW_STATE, "tick") == 1096
    assert on_wire(LOW_STATE, "power_v") == 1152
    assert on_wire(LOW_STATE, "crc") == 1172
    assert on_wire(LOW_STATE, "bms_state", "soc") == 1039
    image = np.zeros((), LOW_STATE.struct.dtype)
    image["motor_state"]["q"] = np.arange(1.0, 21.0)
    body = LOW_STATE.to_wire(image.tobytes())[4:]
    assert [struct.unpack_from("<f", body, 80 + 48 * motor)[0] for motor in range(20)] == list(range(1, 21))


def test_a_misspelt_field_is_an_error() -> None:
    image = np.zeros((), LOW_CMD.struct.dtype)
    with pytest.raises(ValueError, match="no field of name qd"):
        image["motor_cmd"]["qd"] = 1.0
