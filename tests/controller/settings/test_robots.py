"""What the files about robots say."""

from __future__ import annotations

import math
from dataclasses import asdict, fields

import pytest

from controller.settings.layers import ConfigError
from controller.settings.robots import spec
from hardware.limits import Check
from hardware.motors import PositionServo


def test_every_list_of_the_quadruped_has_one_number_per_motor() -> None:
    go2 = spec("go2")
    joints = go2.servo
    assert isinstance(joints, PositionServo)
    assert go2.wire is not None
    lists = [value for value in asdict(go2.limits).values() if isinstance(value, tuple)]
    lists += [joints.stand, joints.sit, joints.damping, go2.wire.place, go2.wire.sign, go2.wire.offset]
    lists += [joints.hold.kp, joints.hold.kd, joints.run.kp, joints.run.kd]
    assert {len(numbers) for numbers in lists} == {len(go2.motors)} == {12}
    assert sorted(go2.wire.place) == list(range(12))


def test_poses_and_gains_of_the_quadruped_are_within_its_limits() -> None:
    go2 = spec("go2")
    assert isinstance(go2.servo, PositionServo)
    margin = go2.checks.range.limit
    for pose in (go2.servo.stand, go2.servo.sit):
        for angle, low, high in zip(pose, go2.limits.position_low, go2.limits.position_high, strict=True):
            assert low + margin <= angle <= high - margin
    assert max(go2.servo.hold.kp) <= go2.limits.kp
    assert max(go2.servo.damping) <= go2.limits.kd


def test_every_check_warns_before_it_trips() -> None:
    for field in fields(spec("go2").checks):
        check: Check = getattr(spec("go2").checks, field.name)
        if check.warn is not None:
            falling = field.name in ("charge", "voltage")
            assert (check.warn > check.limit) if falling else (check.warn < check.limit)
            assert math.isfinite(check.limit)


def test_a_robot_without_a_file_is_an_error_with_the_place() -> None:
    known = "ant, go2, go2-sport, go2-walker, half-cheetah, hexapod, hopper, roach, walker2d"
    with pytest.raises(ValueError, match=rf"unknown robot 'beetle'; expected one of {known}, or the path of a file"):
        spec("beetle")
    with pytest.raises(ConfigError, match=r"/spot\.yaml: no such file"):
        spec("./spot.yaml")
