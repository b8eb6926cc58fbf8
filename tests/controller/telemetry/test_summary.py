"""What a servo process told, boiled down."""

from __future__ import annotations

import pytest

from controller.telemetry.summary import servo_summary, stopped_by
from hardware.guard.checks import Trip
from hardware.limits import Severity

ORIGIN = 100.0


def mode(time: float, name: str, *trips: str, fault: str | None = None) -> dict[str, object]:
    return {"time": ORIGIN + time, "kind": "mode", "what": {"mode": name, "fault": fault, "trips": list(trips)}}


def other(kind: str, what: object) -> dict[str, object]:
    return {"time": ORIGIN, "kind": kind, "what": what}


def test_modes_are_told_once_and_trips_counted_by_how_often_they_began() -> None:
    slew, torque = "warn slew: position of a 1 -> 2", "warn torque: torque of b 3 -> 4"
    told = servo_summary(
        [
            other("right", {"name": "timer slack"}),
            mode(0.5, "run"),
            mode(0.6, "run", slew),
            mode(0.7, "run", slew, torque),
            mode(0.8, "run", torque),
            mode(0.9, "run", slew),
            mode(1.0, "fault_damp", "hard roll: 60 deg", fault="roll: 60 deg"),
            other("statistics", {"cycles": 7}),
            other("left", "asked to"),
        ],
        ORIGIN,
    )
    assert told["modes"] == [
        {"time": 0.5, "mode": "run", "fault": None},
        {"time": 1.0, "mode": "fault_damp", "fault": "roll: 60 deg"},
    ]
    assert told["guard"] == {"warn slew": 2, "warn torque": 1, "hard roll": 1}
    assert told["faults"] == ["roll: 60 deg"]
    assert (told["statistics"], told["left"], told["rights"]) == ({"cycles": 7}, "asked to", [{"name": "timer slack"}])


def test_a_process_that_was_killed_told_nothing_at_the_end() -> None:
    told = servo_summary([mode(0.0, "run"), other("fault", "go2: no state for 0.51 s, limit 0.5 s")], ORIGIN)
    assert (told["statistics"], told["left"]) == ({}, None)
    assert told["faults"] == ["go2: no state for 0.51 s, limit 0.5 s"]


FALLING, TIPPED = "front-left hip motor dead (90 %)", "roll: 52 deg, limit 51.6"


@pytest.mark.parametrize(
    "given_up, faults, told",
    [
        (None, [], None),
        (None, [TIPPED, "stopped"], TIPPED),
        (Trip("robot", Severity.HARD, TIPPED), [TIPPED], TIPPED),
        (Trip("robot", Severity.HARD, "no answer"), [], "no answer"),
        (Trip("diagnosis", Severity.SOFT, FALLING), [], FALLING),
        (Trip("diagnosis", Severity.SOFT, FALLING), [TIPPED, "stopped"], f"{FALLING}; on the way down {TIPPED}"),
    ],
)
def test_a_robot_was_stopped_by_what_came_first(given_up: Trip | None, faults: list[str], told: str | None) -> None:
    assert stopped_by(given_up, faults) == told
