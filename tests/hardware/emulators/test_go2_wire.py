from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from hardware.emulators.go2.wire import Command, Refusal, check_sum, read_command, write_message
from hardware.unitree.codec import decode_state, encode_command
from hardware.unitree.layout import LOW_CMD, LOW_STATE, POS_STOP, VEL_STOP
from tests.hardware.unitree.samples import Motor, command, command_image, crc_bit_by_bit, state_image

HEALTHY: Motor = (1, 0.1, 0.2, 0.3, 20.0, 0.5)


def on_wire(image: bytes) -> bytes:
    return LOW_CMD.to_wire(image[:-4] + struct.pack("<I", crc_bit_by_bit(image)))


def test_the_driver_and_the_robot_agree_on_a_command() -> None:
    asked = command(3)
    read = read_command(encode_command(asked))
    assert isinstance(read, Command)
    assert np.array_equal((read.q, read.dq, read.tau, read.kp, read.kd), asked.astype(np.float32))
    assert read.on.all()


def test_the_driver_believes_the_robots_state() -> None:
    record = np.frombuffer(state_image(tick=99, seed=4), LOW_STATE.struct.dtype).reshape(())
    state = decode_state(write_message(LOW_STATE, record))
    assert state["motor_state"]["q"].tolist() == record["motor_state"]["q"].tolist()
    assert (int(state["tick"]), float(state["power_v"])) == (99, 28.5)


@given(some.binary(min_size=8, max_size=200).map(lambda data: data[: len(data) // 4 * 4]))
@settings(max_examples=60, deadline=None)
def test_check_sum_equals_the_definition(image: bytes) -> None:
    assert check_sum(image) == crc_bit_by_bit(image)


@pytest.mark.parametrize(
    "start, motor, refusal",
    [
        ((0xFE, 0xEE, 0xFF, 0), HEALTHY, Refusal.HEAD),
        ((0xFE, 0xEF, 0xEE, 0), HEALTHY, Refusal.LEVEL_FLAG),
        ((0xFE, 0xEF, 0xFF, 0), (0x0A, *HEALTHY[1:]), Refusal.MOTOR_MODE),
        ((0xFE, 0xEF, 0xFF, 0), (1, float("nan"), 0.0, 0.0, 0.0, 0.0), Refusal.NOT_FINITE),
    ],
)
def test_a_command_in_the_wrong_form_is_refused(start: tuple[int, ...], motor: Motor, refusal: Refusal) -> None:
    assert read_command(on_wire(command_image(start, [motor] * 12))) is refusal


def test_a_damaged_command_is_refused() -> None:
    good = encode_command(command())
    assert read_command(good[:-4]) is Refusal.LENGTH
    assert read_command(b"\0\2" + good[2:]) is Refusal.ENCAPSULATION
    assert read_command(good[:40] + bytes((good[40] ^ 4,)) + good[41:]) is Refusal.CRC


def test_stopped_loops_have_no_gain() -> None:
    ones = np.ones(12)
    rows = np.outer((POS_STOP, VEL_STOP, 1.0, 50.0, 3.0), ones)
    read = read_command(encode_command(rows))
    assert isinstance(read, Command)
    assert not read.kp.any()
    assert not read.kd.any()
    assert not read.q.any()
    assert (read.tau == 1.0).all()
