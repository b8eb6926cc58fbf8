from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from hardware.unitree.crc import crc
from tests.hardware.unitree.samples import Motor, command_image, crc_bit_by_bit

STOPPED: Motor = (1, 2.146e9, 16000.0, 0.0, 0.0, 0.0)
DAMPED: Motor = (1, 0.0, 0.0, 0.0, 0.0, 3.0)


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
