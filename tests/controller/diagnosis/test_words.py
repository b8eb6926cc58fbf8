"""What is believed, in words."""

from __future__ import annotations

import pytest

from controller.diagnosis.observer import Diagnosis
from controller.diagnosis.words import phrase

PLACE = {"payload.mass": (4.8, 0.4), "payload.x": (0.09, 0.02), "payload.y": (-0.01, 0.02)}
LIGHT = {"payload.mass": (0.0078, 0.0004), "payload.x": (-0.019, 0.002), "payload.y": (0.01, 0.002)}
HILL = {"slope.ahead": (0.17, 0.02), "slope.left": (0.02, 0.03)}
ACROSS = {"slope.ahead": (0.01, 0.02), "slope.left": (-0.26, 0.02)}
WORN = {
    "motor.left_gain": (0.46, 0.03),
    "motor.left_bias": (-8.5, 0.6),
    "motor.right_gain": (1.0, 0.04),
    "motor.right_bias": (0.2, 0.5),
}

SAID: list[tuple[dict[str, float], dict[str, tuple[float, float]], str]] = [
    ({}, {}, ""),
    ({"none": 0.95}, {}, "nothing unusual"),
    ({"payload": 0.9, "none": 0.1}, PLACE, "payload 4.8 ± 0.4 kg, 9 ± 2 cm ahead"),
    ({"payload": 0.9}, LIGHT, "payload 7.8 ± 0.4 g, 19 ± 2 mm behind and 10 ± 2 mm left"),
    ({"payload": 0.9}, {"payload.mass": (3.0, 0.2), "payload.x": (0.0, 0.02)}, "payload 3.0 ± 0.2 kg in the middle"),
    ({"slope": 0.9}, HILL, "slope 10 ± 1 degrees, uphill ahead"),
    ({"slope": 0.9}, ACROSS, "slope 15 ± 1 degrees, uphill to the right"),
    ({"friction": 0.8}, {"friction.mu": (0.2, 0.03)}, "friction 0.20 ± 0.03"),
    ({"leg_loss:front_left": 0.9}, {}, "front-left leg lost"),
    ({"leg_loss:left_front+right_middle": 0.9}, {}, "left-front and right-middle legs lost"),
    ({"motor:front_left_calf": 0.9}, {"motor.gain": (0.5, 0.06)}, "front-left calf motor at 50 ± 6 %"),
    ({"motor": 0.9}, WORN, "left motor at 46 ± 3 %, -8.5 ± 0.6 rad/s"),
    ({"motor": 0.9}, {}, "motors worn"),
    ({"dead_motor:front_left_calf": 0.99}, {}, "front-left calf motor dead"),
    ({"dead_motor:left": 0.99}, {}, "left motor dead"),
    ({"stuck:rear_right_hip": 0.9}, {}, "rear-right hip stuck"),
    ({"locked:rear_right_hip": 0.9}, {}, "rear-right hip locked"),
    ({"wind": 0.9}, {"wind.x": (3.0, 0.2)}, "wind x 3 ± 0.2"),
    (
        {"dead_motor:front_left_calf": 0.6, "dead_motor:front_left_thigh": 0.39},
        {},
        "dead motor, not sure where: front-left calf 60 %, front-left thigh 39 %",
    ),
    ({"payload": 0.6, "slope": 0.3, "none": 0.05}, PLACE, "not sure: payload 60 %, slope 30 %"),
    ({"none": 0.6, "motor:left": 0.2, "motor:right": 0.2}, {}, "not sure: nothing unusual 60 %, weak motor 40 %"),
]


@pytest.mark.parametrize("causes, amounts, words", SAID, ids=[words or "nothing yet" for _, _, words in SAID])
def test_what_is_believed_in_words(
    causes: dict[str, float], amounts: dict[str, tuple[float, float]], words: str
) -> None:
    assert phrase(Diagnosis(causes, amounts)) == words
