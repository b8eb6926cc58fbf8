from __future__ import annotations

import pytest

from sim.perturbations import PerturbationError, check, parse
from tests.sim.anatomies import ANATOMIES


@pytest.mark.parametrize(
    "text, robot, message",
    [
        ("leg_loss:leg=left_midle", "roach", "perturbation leg_loss.leg: expected one of left_front, left_middle,"),
        ("leg_loss:leg=left_midle", "roach", "on robot roach, got 'left_midle'; did you mean 'left_middle'?"),
        ("leg_loss:leg=left_middle", "go2", "expected one of front_left, front_right, rear_left, rear_right on robot"),
        ("dead_motor:name=lefft", "roach", "dead_motor.name: expected one of left, right on robot roach, got 'lefft'"),
        ("locked:name=left,range=0.3", "go2", "locked.name: expected one of front_left_hip, "),
        ("stuck:name=left", "go2", "stuck.name: expected one of front_left_hip, "),
        ("motor:lefft=0.5", "roach", "motor: expected one of left, right on robot roach, got 'lefft'; did you mean"),
        ("motor:left=0.5", "go2", "on robot go2, got 'left'"),
        ("motor:left_bias=31", "roach", "perturbation motor.left_bias: expected -30 to 30, got '31'"),
        ("motor:rear_left_hip_bias=1", "go2", "motor.rear_left_hip_bias: expected a share of its torque"),
        ("payload:mass=0.06", "roach", "perturbation payload.mass: expected 0 to 0.05, got '0.06'"),
        ("payload:mass=11", "go2", "perturbation payload.mass: expected 0 to 10, got '11'"),
        ("payload:mass=-0.01", "roach", "perturbation payload.mass: expected 0 to 0.05"),
        ("payload:mass=0.01,y=0.05", "roach", "perturbation payload.y: expected -0.04 to 0.04"),
        ("push:z=-0.2", "roach", "perturbation push.z: expected -0.1 to 0.1"),
    ],
)
def test_what_cannot_happen_to_a_robot_is_located(text: str, robot: str, message: str) -> None:
    with pytest.raises(PerturbationError) as caught:
        check([parse(text)], ANATOMIES[robot])
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["payload:mass=9", "push:x=30", "motor:front_left_calf=0.5", "slope:deg=10"])
def test_what_can_happen_passes(text: str) -> None:
    check([parse(text)], ANATOMIES["go2"])
