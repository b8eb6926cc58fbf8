"""The emulated robot's own controller and its service, cycle by cycle, without a network."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from controller.settings import robots
from hardware.emulators.go2.body import PERIOD, Body
from hardware.emulators.go2.faults import parse
from hardware.emulators.go2.firmware import Firmware
from hardware.emulators.go2.sport import Api, Sport
from hardware.unitree.codec import decode_sport_state, decode_state
from sim.terrain import preset

SPEC = robots.spec("go2-sport")


def robot(*texts: str) -> Firmware:
    rng, faults = np.random.default_rng(0), [parse(text) for text in texts]
    body = Body(SPEC.anatomy, preset("flat"), (), rng)
    return Firmware(body, faults, rng, sport=Sport(SPEC, body, faults))


def live(made: Firmware, seconds: float) -> list[NDArray[np.void]]:
    """Let time pass and return what its controller said of itself."""
    said = []
    for _ in range(round(seconds / PERIOD)):
        made.cycle([])
        said += [decode_sport_state(wire) for wire in made.own_states()]
    return said


def move(made: Firmware, forward: float, seconds: float) -> NDArray[np.void]:
    """Ask for a velocity ten times a second, and return the last state."""
    for _ in range(round(10 * seconds)):
        assert made.sport(Api.MOVE, json.dumps({"x": forward, "y": 0.0, "z": 0.0})) == (0, "")
        said = live(made, 0.1)
    return said[-1]


def test_it_stands_up_balances_walks_forgets_lies_down_and_is_damped() -> None:
    made = robot()
    assert made.sport(Api.STAND_UP, "{}") == (0, "")
    said = live(made, 2.2)
    assert (int(said[0]["mode"]), int(said[-1]["mode"]), int(said[-1]["error_code"])) == (6, 6, 1002)
    assert float(said[-1]["body_height"]) > 0.25
    assert int(move(made, 0.5, 0.2)["mode"]) == 6  # joints are locked: taken, and nothing done

    assert made.sport(Api.BALANCE_STAND, "{}") == (0, "")
    assert int(move(made, 0.5, 1.0)["mode"]) == 1  # not yet
    walks = move(made, 0.5, 3.0)
    assert (int(walks["mode"]), int(walks["gait_type"])) == (3, 1)
    assert 0.35 < float(walks["velocity"][0]) < 0.65
    assert float(walks["position"][0]) > 0.3

    assert int(live(made, 1.5)[-1]["mode"]) == 1  # nobody renewed it
    assert np.abs(live(made, 0.1)[-1]["velocity"]).max() < 0.2

    assert made.sport(Api.STAND_DOWN, "{}") == (0, "")
    lies = live(made, 2.2)[-1]
    assert (int(lies["mode"]), int(lies["error_code"])) == (5, 1001)
    assert float(lies["body_height"]) < 0.15
    assert made.sport(Api.DAMP, "{}") == (0, "")
    assert int(live(made, 0.1)[-1]["mode"]) == 7
    summary = made.summary()
    assert summary["served"] == {"stand_up": 1, "move": 42, "balance_stand": 1, "stand_down": 1, "damp": 1}
    assert (summary["fell"], summary["commands_obeyed"]) == (False, 0)


def test_what_it_says_comes_fifty_times_a_second_and_agrees_with_its_low_level_state() -> None:
    made = robot()
    said = live(made, 0.2)
    assert len(said) in {10, 11}
    times = [float(each["stamp"]["sec"]) + 1e-9 * float(each["stamp"]["nanosec"]) for each in said]
    assert np.diff(times) == pytest.approx(0.02, abs=1e-6)
    low = decode_state(made.cycle([])[0])
    assert said[-1]["imu_state"]["quaternion"] == pytest.approx(low["imu_state"]["quaternion"], abs=1e-4)
    feet = said[-1]["foot_position_body"].reshape(4, 3)
    assert (np.sign(feet[:, :2]) == [[1, -1], [1, 1], [-1, -1], [-1, 1]]).all()  # FR, FL, RR, RL
    assert int(said[-1]["mode"]) == 5


@pytest.mark.parametrize(
    "parameter",
    [
        *("", "{}", "[]", "nonsense", '{"x": 1.0, "y": 0.0}', "[" * 100_000),
        *('{"x": NaN, "y": 0, "z": 0}', '{"x": 1e999, "y": 0, "z": 0}'),
        *('{"x": "a", "y": 0, "z": 0}', '{"x": [1], "y": [2], "z": [3]}'),
    ],
)
def test_a_velocity_that_cannot_be_read_is_refused(parameter: str) -> None:
    assert robot().sport(Api.MOVE, parameter) == (3204, "")


def test_calls_that_it_does_not_know_are_refused_and_move_nothing() -> None:
    made = robot()
    for api in (0, 1000, 1007, 1009, 1030, 2**62, -1):
        assert made.sport(api, "{}") == (3203, "")
    live(made, 0.1)
    assert (made.script, made.summary()["served"]) == (0.0, {})


def test_one_that_lies_does_not_balance_stop_or_walk() -> None:
    made = robot()
    for api in (Api.BALANCE_STAND, Api.STOP_MOVE):
        assert made.sport(api, "{}") == (0, "")
    assert int(move(made, 0.5, 0.3)["mode"]) == 5


def test_a_released_robot_has_no_service_and_does_not_say_where_it_is() -> None:
    made = robot()
    assert made.switcher(1003, "{}") == (0, "")
    assert made.sport(Api.STAND_UP, "{}") == (3203, "")
    said = live(made, 0.1)[-1]
    assert not said["position"].any()
    assert not said["velocity"].any()


@pytest.mark.parametrize(
    "kind, answer, states",
    [("silent", None, 5), ("gone", None, 0), ("refused", (4201, ""), 5), ("ignored", (0, ""), 5)],
)
def test_its_service_fails_as_it_is_told_to(kind: str, answer: object, states: int) -> None:
    made = robot(f"service:kind={kind}")
    assert made.sport(Api.STAND_UP, "{}") == answer
    assert len(live(made, 0.1)) == states


def test_its_state_stands_still_or_tells_an_error() -> None:
    frozen, wrong = live(robot("service:kind=frozen"), 0.1), live(robot("service:kind=error"), 0.1)
    assert len({each["stamp"].tobytes() for each in frozen}) == 1
    assert {int(each["error_code"]) for each in wrong} == {4201}


def test_a_stick_of_the_remote_is_told_in_the_low_level_state() -> None:
    state = decode_state(robot("sticks:forward=0.5").cycle([])[0])
    assert state["wireless_remote"][20:24].tobytes() == np.float32(0.5).tobytes()
