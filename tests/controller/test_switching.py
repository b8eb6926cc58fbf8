from __future__ import annotations

import numpy as np

from controller.changes import Change
from controller.courses.paths import COURSES, Course
from controller.switching import Switching
from dynamics.transitions import FloatArray
from tests.controller.test_controller import actions, controller, drive


def placed(name: str, state: FloatArray | None) -> Course:
    return COURSES[name] if state is None else COURSES[name].placed(*state[:3])


def switching(*changes: Change) -> Switching:
    alike = {"first": controller(), "second": controller()}
    return Switching(alike, ("first", "straight"), placed, changes)


def test_one_that_is_followed_by_its_like_goes_on_as_if_nothing_had_happened() -> None:
    subject = switching(Change("adapter", "second", 0.5))
    results = drive(subject, 12)
    assert subject.adapter == "second"
    np.testing.assert_array_equal(actions(results), actions(drive(controller(), 12)))
    assert [r.error_adapted is not None for r in results] == [False] + [True] * 11  # nothing has to be seen again


def test_another_course_begins_where_the_robot_is_and_a_reset_goes_back() -> None:
    subject = switching(Change("course", "zigzag", 0.5), Change("adapter", "second", 0.5))
    away = drive(subject, 12)
    assert (subject.adapter, subject.course) == ("second", "zigzag")
    at_change = away[5].progress
    assert away[4].progress.s > 0.0
    np.testing.assert_allclose((at_change.s, at_change.distance), 0.0, atol=1e-9)
    subject.reset()
    assert (subject.adapter, subject.course) == ("first", "straight")
    assert subject.task is COURSES["straight"]
