"""What a robot at rest has to prove: every lie that can be seen there is named, and a sound robot is armed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hardware.guard.arming import Finding, findings, prove
from hardware.limits import Arming, Check, Severity
from hardware.robot import FloatArray, Heard, RobotFault, RobotState
from tests.hardware import loopback
from tests.hardware.four_legs import COUNT, GO2, pose, state

UP = np.array([0.0, 0.0, 9.81])


def heard(angles: FloatArray | None = None, up: FloatArray = UP, **ill: object) -> Heard:
    """A fifth of a second of a robot that stands at rest, but for what is ill."""
    states: list[RobotState] = []
    for cycle in range(100):
        well = state(0.002 * cycle, angles)
        felt = {"accelerometer": up + 1e-3 * np.sin(cycle), "foot_force": np.full(4, 37.0)}
        states.append(replace(well, **{**felt, **ill}))
    return Heard(tuple(states), ("one",), 0, np.zeros(3))


def refused(said: Heard) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings(GO2, said) if finding.refused}


def lean(angle: float) -> FloatArray:
    return np.array([math.cos(angle / 2), math.sin(angle / 2), 0.0, 0.0])


def turned(joint: int, by: float) -> FloatArray:
    """The standing pose with a joint turned by so much [rad]."""
    return np.asarray(pose("stand") + by * (np.arange(COUNT) == joint))


@pytest.mark.parametrize("angles", [pose("stand"), pose("sit"), 0.5 * (pose("stand") + pose("sit"))])
def test_a_sound_robot_at_rest_is_armed(angles: FloatArray) -> None:
    said = findings(GO2, heard(angles))
    assert all(finding.severity is Severity.OFF for finding in said)
    assert {name for name in vars(GO2.arming) if name != "plans"} <= {finding.check for finding in said}
    prove(GO2, heard(angles))


@pytest.mark.parametrize(
    "check, said",
    [
        ("robots", replace(heard(), senders=("one", "another"))),
        ("robots", replace(heard(), senders=())),
        ("second_writer", replace(heard(), commands=3)),
        ("robot", heard(faults=("L2+B on the remote",))),
        ("attitude", heard(quaternion=2.0 * lean(0.0))),
        ("roll", replace(heard(quaternion=lean(1.0)), angles=np.array([1.0, 0.0, 0.0]))),
        ("temperature", heard(motor_temperature=np.full(COUNT, 81.0))),
        ("charge", heard(charge=0.1)),
        ("voltage", heard(battery=20.0)),
        ("joints", heard(turned(2, 0.9))),
        ("joints", heard(np.degrees(pose("stand")))),
        ("joints", heard(np.where(np.arange(COUNT) == 5, np.nan, pose("stand")))),
        ("pose", heard(pose("sit") * np.tile([1.0, -1.0, 1.0], 4))),
        ("pose", heard(turned(3, 0.81))),
        ("legs", heard(turned(2, 0.4))),
        ("ground", heard(pose("stand") + np.repeat([0.55, -0.6], 6) * np.tile([0.0, -0.5, 1.0], 4))),
        ("gravity", heard(up=9.81 * np.array([math.sin(0.3), 0.0, math.cos(0.3)]))),
        ("gravity", heard(up=-UP)),
        ("weight", heard(up=UP / 9.81)),
        ("weight", heard(up=1.2 * UP)),
        ("angles", replace(heard(), angles=np.array([0.0, 0.0, math.pi]))),
        ("rest", heard(gyro=np.array([0.0, 0.2, 0.3]))),
        ("rest", heard(gyro=np.full(3, np.nan))),
        ("still", heard(motor_velocity=np.full(COUNT, 0.6))),
        ("still", heard(motor_velocity=np.where(np.arange(COUNT) == 5, np.nan, 0.0))),
        ("same", heard(gyro=np.zeros(3))),
        ("same", heard(accelerometer=UP)),
        ("feet", heard(foot_force=np.full(4, 370.0))),
        ("feet", heard(foot_force=np.array([37.0, np.nan, 37.0, 37.0]))),
    ],
)
def test_what_cannot_be_of_a_robot_at_rest_is_named_and_bars_arming(check: str, said: Heard) -> None:
    assert check in refused(said)
    with pytest.raises(RobotFault, match=rf"go2: not armed: .*{check}: .*, expected "):
        prove(GO2, said)


def test_a_message_names_joints_the_value_and_the_limit() -> None:
    assert str(refused(heard(turned(3, 0.9)))["pose"]) == (
        "pose: 0.9 rad off the way from lying to standing: front_right_hip, expected at most 0.8"
    )


def test_a_slope_a_turn_and_a_payload_are_no_lies() -> None:
    slope = math.radians(12.0)
    felt = 9.81 * np.array([0.0, math.sin(slope), math.cos(slope)])
    assert not refused(replace(heard(up=felt, quaternion=lean(slope)), angles=np.array([slope, 0, 0])))
    yaw = np.array([math.cos(3.1), 0.0, 0.0, math.sin(3.1)])
    assert not refused(replace(heard(quaternion=yaw), angles=np.array([0.0, 0.0, 6.2 - 2.0 * math.pi])))
    assert not refused(heard(foot_force=np.full(4, 60.0)))


def test_what_a_robot_does_not_measure_is_said_and_no_more() -> None:
    said = replace(heard(accelerometer=np.full(1, np.nan), charge=math.nan), angles=np.full(3, np.nan))
    found = {finding.check: finding for finding in findings(GO2, said)}
    for check in ("gravity", "weight", "angles", "charge"):
        assert (found[check].found, found[check].severity) == ("not measured", Severity.WARN)
    assert not refused(said)


def test_a_robot_without_legs_has_nothing_to_prove_of_them() -> None:
    spec = loopback.make_spec()
    found = findings(spec, Heard((loopback.make_state(),), ("one",), 0, np.zeros(3)))
    assert not {"legs", "ground", "joints", "pose", "feet"} & {finding.check for finding in found}
    assert [finding.check for finding in found if finding.refused] == []


def test_a_check_is_as_severe_as_the_file_says() -> None:
    milder = replace(GO2, arming=replace(GO2.arming, pose=Check(Severity.WARN, 0.8), legs=Check()))
    found = {finding.check: finding for finding in findings(milder, heard(turned(3, 0.9)))}
    assert found["pose"].severity is Severity.WARN
    assert "legs" not in found
    prove(replace(milder, arming=replace(milder.arming, ground=Check())), heard(turned(3, 0.9)))


def test_what_has_to_be_proven_has_limits() -> None:
    with pytest.raises(ValueError, match=r"gravity.limit: expected a number, because it is looked at, got none"):
        Arming(gravity=Check(Severity.HARD))
    with pytest.raises(ValueError, match=r"rest.warn: expected less than the limit, 0.3, got 0.4"):
        Arming(rest=Check(Severity.HARD, 0.3, 0.4))
