from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from controller.settings import robots
from hardware.contract import Command, Contract, Observation, Term, joint
from tests.hardware.walkers.walking import gym

MOTORS = robots.spec("go2").motors
CONTRACT = gym(Path("none.onnx"))


@pytest.mark.parametrize(
    "name, expected",
    [
        ("FL_hip_joint", "front_left_hip"),
        ("RR_calf", "rear_right_calf"),
        ("LF_HAA", "front_left_hip"),
        ("RH_KFE", "rear_right_calf"),
    ],
)
def test_conventional_names_of_joints_are_understood(name: str, expected: str) -> None:
    assert joint(name) == expected


@pytest.mark.parametrize(
    "joints, grouped, first",
    [
        (("FR", "FL", "RR", "RL"), "leg", [3, 4, 5, 0]),
        (("FL", "FR", "RL", "RR"), "joint", [0, 3, 6, 9, 1]),
        (MOTORS, "leg", [0, 1, 2, 3]),
    ],
)
def test_joints_come_in_the_order_of_the_policy(joints: tuple[str, ...], grouped: str, first: list[int]) -> None:
    contract = replace(CONTRACT, joints=joints, grouped=grouped)  # type: ignore[arg-type]
    assert contract.order(MOTORS)[: len(first)] == tuple(first)
    assert sorted(contract.order(MOTORS)) == list(range(12))


def test_three_numbers_are_for_hip_thigh_and_calf_in_any_order() -> None:
    contract = replace(CONTRACT, joints=("FL", "FR", "RL", "RR"), grouped="joint", pose=(0.1, 0.2, 0.3))
    assert contract.each(contract.pose, MOTORS) == [0.1] * 4 + [0.2] * 4 + [0.3] * 4


BROKEN: list[tuple[str, object, str]] = [
    ("joints", ("FR", "FL", "RR"), "joints: expected every one of the robot's 12 once, got 9: front_right_hip"),
    ("joints", ("FR", "FL", "RR", "RR"), "joints: expected every one of the robot's 12 once"),
    ("joints", ("FR_wheel",) * 12, r"joints\[0\]: expected one of front_left_hip, .*, got 'FR_wheel'"),
    ("pose", (0.0, 0.8), "pose: expected 1 or 3 or 12 numbers, got 2"),
    ("sign", (2.0,), r"sign: expected 1 or -1, got \[2.0\]"),
    ("rate_hz", 0.0, "rate_hz: expected more than 0 and at most 1000, got 0.0"),
]


@pytest.mark.parametrize("key, value, message", BROKEN)
def test_what_does_not_fit_is_one_line(key: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(CONTRACT, **{key: value}).check(MOTORS)  # type: ignore[arg-type]


def observing(*terms: Term) -> Contract:
    return replace(CONTRACT, observation=Observation(terms))


def test_terms_and_commands_know_what_belongs_to_them() -> None:
    with pytest.raises(ValueError, match="name: expected one of .*, got 'base_ang_vle'; did you mean 'base_ang_vel'"):
        Term("base_ang_vle")
    with pytest.raises(ValueError, match="of: expected none but for the term command"):
        Term("gyro", of=("forward",))
    with pytest.raises(ValueError, match="values: expected one or more numbers, got none"):
        Term("constant")
    with pytest.raises(ValueError, match="frequency: expected a number"):
        Term("clock")
    with pytest.raises(ValueError, match=r"terms\[0\]: expected one of forward, lateral, turn, got 'height'"):
        observing(Term("command", of=("height",)))
    with pytest.raises(ValueError, match=r"terms\[0\]: expected one of forward, lateral, turn, got 'frequency'"):
        observing(Term("clock", frequency="frequency"))
    with pytest.raises(ValueError, match="grouped: expected term, because terms have histories of their own"):
        Observation((Term("gyro", history=3),))
    with pytest.raises(ValueError, match=r"rest: expected a number in \[0.2, 0.4\] for height, got 0"):
        Command((0.2,), (0.4,), ("height",))
