"""The emulated robot cycle by cycle, without a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.emulators.go2.body import PERIOD, Body
from hardware.emulators.go2.faults import parse
from hardware.emulators.go2.firmware import Firmware
from hardware.robot import FloatArray
from hardware.unitree.codec import WireError, decode_state, encode_command
from hardware.unitree.layout import MOTORS, POS_STOP, VEL_STOP
from hardware.unitree.mapping import pressed
from sim.robots import go2
from sim.terrain import preset
from tests.hardware.four_legs import GO2

CHECK, SELECT, RELEASE = 1001, 1002, 1003
NONE = np.zeros(12)
STAND = np.array(go2.STAND)  # the same in the wire's order: left and right are alike
DAMPING = np.outer((POS_STOP, 0.0, 0.0, 0.0, 3.0), NONE + 1.0)


def robot(*faults: str) -> Firmware:
    rng = np.random.default_rng(0)
    return Firmware(Body(GO2.anatomy, preset("flat"), (), rng), [parse(text) for text in faults], rng)


def released(*faults: str) -> Firmware:
    made = robot(*faults)
    assert made.switcher(RELEASE, "{}") == (0, "")
    return made


def drive(made: Firmware, seconds: float, command: FloatArray = DAMPING) -> list[bytes]:
    """Send a command in every cycle and return the states that arrive."""
    return [state for _ in range(round(seconds / PERIOD)) for state in made.cycle([encode_command(command)])]


def idle(made: Firmware, seconds: float) -> list[bytes]:
    return [state for _ in range(round(seconds / PERIOD)) for state in made.cycle([])]


def ticks(states: Sequence[bytes]) -> list[int]:
    return [int(decode_state(state)["tick"]) for state in states]


def servo(q: np.ndarray, kp: float = 60.0, kd: float = 5.0) -> FloatArray:
    return np.array((q, NONE, NONE, NONE + kp, NONE + kd))


def rise(made: Firmware, seconds: float = 1.5) -> bytes:
    """Stand up from where it lies; return the last state."""
    start, count, state = made._body.joints[0], round(seconds / PERIOD), b""
    for cycle in range(count):
        blend = min(1.0, 1.5 * cycle / count)
        state = made.cycle([encode_command(servo((1.0 - blend) * start + blend * STAND))])[-1]
    return state


def test_it_lies_still_and_talks_until_it_is_commanded() -> None:
    states = idle(robot(), 0.1)
    assert ticks(states) == list(range(2, 101, 2))
    first, last = decode_state(states[0]), decode_state(states[-1])
    assert np.array_equal(first["motor_state"]["q"], last["motor_state"]["q"])
    assert 0.95 < np.linalg.norm(last["imu_state"]["accelerometer"]) / 9.81 < 1.05
    assert 20.0 < float(last["power_v"]) < 33.0


def test_it_obeys_nobody_while_its_own_controller_runs() -> None:
    made = robot()
    drive(made, 0.1)
    report = made.summary()
    assert (report["commands_obeyed"], report["refused"]) == (0, {"not_released": 50})


def test_it_stands_up_when_told_to_and_its_feet_carry_it() -> None:
    made = released()
    state = decode_state(rise(made))
    assert made._body.physics.position[2] > 0.27
    weight = 9.81 * float(made._body.physics.model.body_mass.sum())
    assert state["foot_force"].sum() == pytest.approx(weight, rel=0.2)
    assert np.abs(state["motor_state"]["q"][:12] - STAND).max() < 0.2
    assert made.summary()["outside_limits"] == 0


def test_it_damps_itself_soon_after_commands_stop() -> None:
    made = released()
    rise(made)
    idle(made, 0.04)
    assert made.summary()["damped"] is False
    idle(made, 1.0)
    report = made.summary()
    assert (report["damped"], report["timeouts"]) == (True, 1)
    assert made._body.physics.position[2] < 0.2


def test_stopped_loops_leave_the_legs_limp() -> None:
    made = released()
    rise(made)
    drive(made, 0.6, np.outer((POS_STOP, VEL_STOP, 0.0, 60.0, 5.0), NONE + 1.0))
    assert made._body.physics.position[2] < 0.2


def test_bad_messages_are_counted_by_reason_and_not_obeyed() -> None:
    made = released()
    good = encode_command(servo(STAND))
    made.cycle([good[:-1] + bytes((good[-1] ^ 1,)), good[:100], b""])
    assert made.summary()["refused"] == {"crc": 1, "length": 2}
    assert made.summary()["commands_obeyed"] == 0


def test_it_notices_commands_that_no_guard_should_have_let_through() -> None:
    made = released()
    drive(made, 0.01)
    fast = np.outer((0.0, 40.0, 0.0, 0.0, 0.1), NONE + 1.0)
    for command in (servo(STAND + 3.0, kp=1.0), fast, servo(STAND)):
        made.cycle([encode_command(command)])
    outside = made.summary()["outside"]
    assert outside == {"position": 1, "velocity": 1, "torque": 1}


@pytest.mark.parametrize(
    "answer, check, release",
    [
        ("denied", (0, '{"form": "0", "name": "normal"}'), (3205, "")),
        ("silent", None, None),
        ("kept", (0, '{"form": "0", "name": "normal"}'), (0, "")),
        ("garbled", (0, '{"form": "0", "name": "norm'), (0, "")),
    ],
)
def test_it_can_be_stubborn_about_its_mode(answer: str, check: object, release: object) -> None:
    made = robot(f"mode_refused:answer={answer}")
    assert made.switcher(CHECK, "{}") == check
    assert made.switcher(RELEASE, "{}") == release


def test_its_own_controller_can_be_started_again_and_takes_over() -> None:
    made = released()
    drive(made, 0.1)
    assert made.switcher(SELECT, '{"name": "nonsense"}') == (3204, "")
    assert made.switcher(SELECT, '{"name": "mcf"}') == (0, "")
    drive(made, 0.1)
    assert made.summary()["refused"] == {"not_released": 50}
    assert made.switcher(1234, "{}") == (3203, "")


def test_a_motor_that_fails_says_so_and_is_limp() -> None:
    made = released("motor_fault:name=front_right_calf@0.5")
    drive(made, 0.4)
    before = decode_state(drive(made, 0.05)[-1])["motor_state"]
    after = decode_state(drive(made, 0.2)[-1])["motor_state"]
    place = MOTORS.index("front_right_calf")
    assert before["mode"][:12].all()
    assert after["mode"][:12].tolist() == [int(motor != place) for motor in range(12)]
    assert after["lost"][place] > 0 == before["lost"][place]
    assert after["tau_est"][place] == 0.0


def test_what_the_state_says_of_heat_battery_and_remote_follows_the_script() -> None:
    made = released("overheat:name=rear_left_hip,celsius=88@0.1", "battery_low:soc=7@0.1", "remote_stop@0.1")
    before = decode_state(drive(made, 0.05)[-1])
    after = decode_state(drive(made, 0.1)[-1])
    assert (int(before["bms_state"]["soc"]), int(after["bms_state"]["soc"])) == (100, 7)
    assert int(after["motor_state"]["temperature"][MOTORS.index("rear_left_hip")]) == 88
    assert (pressed(before), pressed(after)) == (frozenset(), frozenset({"L2", "B"}))


def test_motors_heat_up_when_they_work() -> None:
    made = released()
    rise(made)
    before = made._body.temperature.copy()
    for _ in range(500):
        made.cycle([encode_command(servo(STAND))])
    assert (made._body.temperature > before).any()
    assert made._body.temperature.max() < 80.0


def test_messages_get_lost_both_ways() -> None:
    made = released("drop:share=0.5@0.1")
    drive(made, 0.1)
    assert 60 < len(drive(made, 0.4)) < 140
    obeyed = made.summary()["commands_obeyed"]
    assert isinstance(obeyed, int)
    assert 110 < obeyed < 190


def test_a_cut_line_carries_nothing_and_the_robot_damps_itself() -> None:
    made = released("drop@0.1-0.3")
    drive(made, 0.11)
    assert drive(made, 0.18) == []
    assert made.summary()["timeouts"] == 1
    drive(made, 0.02)
    assert len(drive(made, 0.1)) == 50


def test_late_states_are_late() -> None:
    made = released("delay:ms=20@0.1")
    drive(made, 0.1)
    times = [(round(1000 * made._now), tick) for _ in range(50) for tick in ticks(drive(made, PERIOD))]
    assert all(now - tick == pytest.approx(20, abs=2) for now, tick in times)


def test_states_overtake_each_other() -> None:
    made = released("reorder:share=0.3@0.1")
    drive(made, 0.1)
    seen = ticks(drive(made, 0.4))
    assert seen != sorted(seen)
    assert len(seen) > 190


def test_frozen_states_repeat_the_tick_with_a_good_check_sum() -> None:
    made = released("freeze@0.1-0.2")
    drive(made, 0.11)
    assert len(set(ticks(drive(made, 0.08)))) == 1
    assert len(set(ticks(drive(made, 0.2)))) > 90


def test_damaged_states_are_never_believed() -> None:
    made = released("bad_crc@0.1")
    drive(made, 0.11)
    for state in drive(made, 0.1):
        with pytest.raises(WireError):
            decode_state(state)


def test_a_reboot_is_silence_and_then_a_robot_that_knows_nothing() -> None:
    made = released("reboot:seconds=0.2@0.1")
    drive(made, 0.1)
    assert drive(made, 0.19) == []
    assert made.switcher(CHECK, "{}") is None
    states = drive(made, 0.1)
    assert ticks(states)[0] < 20
    assert made.mode == "normal"
    assert made.summary()["damped"] is True


def test_a_run_is_repeated_bit_by_bit_from_its_seed() -> None:
    first, second = (drive(released("drop:share=0.3", "bad_crc:share=0.2"), 0.3) for _ in range(2))
    assert first == second


def told(fault: str) -> NDArray[np.void]:
    return decode_state(rise(released(fault)))


@pytest.mark.parametrize(
    "fault, field, change",
    [
        ("feet:kind=swapped", "foot_force", lambda feet: feet[[1, 0, 3, 2]]),
        ("imu:kind=other", "quaternion", lambda attitude: -attitude),
        ("imu:kind=sign", "gyroscope", lambda gyro: -gyro),
        ("torques:kind=none", "tau_est", lambda torques: 0.0 * torques),
        ("torques:kind=sign", "tau_est", lambda torques: -torques),
        ("joints:kind=jumped", "q", lambda q: q + np.eye(12)[1] * 0.3),
        ("joints:kind=turn", "q", lambda q: q + np.eye(12)[1] * 2.0 * np.pi),
        ("joints:kind=leg", "q", lambda q: q[[0, 2, 1, *range(3, 12)]]),
    ],
)
def test_sensors_lie_as_they_are_told_to(fault: str, field: str, change: Callable[[FloatArray], FloatArray]) -> None:
    def said(state: NDArray[np.void]) -> FloatArray:
        where = {"q": "motor_state", "tau_est": "motor_state", "foot_force": None}.get(field, "imu_state")
        return np.array((state if where is None else state[where])[field][:12], np.float64)

    assert said(told(fault)) == pytest.approx(change(said(told("delay:ms=0"))), abs=1e-6)


@pytest.mark.parametrize("does, lowest, highest", [("stand", 0.25, 0.4), ("damp", 0.0, 0.15), ("recover", 0.0, 0.4)])
def test_its_own_controller_that_is_back_obeys_nobody_else(does: str, lowest: float, highest: float) -> None:
    made = released(f"mode_back:does={does}@1.5")
    rise(made)
    obeyed = made.obeyed
    drive(made, 1.0)
    assert (made.obeyed, made.refusals["not_released"]) == (obeyed, round(1.0 / PERIOD))
    assert lowest < made._body.physics.position[2] < highest


def test_a_deaf_one_goes_on_with_the_last_command() -> None:
    made = released("deaf@1.5")
    rise(made)
    drive(made, 1.0)
    assert made.timeouts == 0
    assert made._body.joints[0] == pytest.approx(STAND, abs=0.2)


def test_one_that_is_carried_hangs_level_in_the_air() -> None:
    made = released("lifted@1.5")
    rise(made)
    drive(made, 2.0, servo(STAND))
    assert made._body.physics.position[2] > 0.4
    assert not made._body.physics.foot_force.any()
    assert made._body.tilt < 0.1
