"""Episodes that a diagnosis learns from: walked along a course, and in the mirror."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis import driven
from benchmarks.diagnosis.episodes import NONE, Taken, as_cases
from benchmarks.diagnosis.mirrored import mirrored
from controller.diagnosis.observer import Gathering
from controller.settings.robots import spec


def test_an_episode_along_a_course_says_what_acts_and_since_when() -> None:
    taken = driven.take("leg_loss", np.random.SeedSequence([0, 3]), "roach", 3.0)
    assert taken.ticks.shape == (len(taken.causes), len(Gathering(spec("roach")).names))
    assert set(taken.causes[:5]) == {NONE}
    assert {name.partition(":")[0] for name in taken.causes} == {NONE, "leg_loss"}
    assert as_cases([taken], sorted(set(taken.causes)), ()).lengths.tolist() == [len(taken.causes)]


def test_the_mirror_of_an_episode_is_that_of_the_other_side_and_twice_it_is_the_same() -> None:
    robot = spec("go2-walker")
    names = Gathering(robot).names
    rows = np.random.default_rng(0).normal(size=(4, len(names)))
    causes = (NONE, "stuck:front_left_calf", "payload", "leg_loss:rear_right")
    taken = Taken(rows, causes, ({}, {}, {"payload.mass": 3.0, "payload.y": 0.1}, {}))
    image = mirrored(robot, taken)
    assert image.causes == (NONE, "stuck:front_right_calf", "payload", "leg_loss:rear_left")
    assert image.amounts[2] == {"payload.mass": 3.0, "payload.y": -0.1}
    left, right = (names.index(f"rear_{side}_hip_torque") for side in ("left", "right"))
    assert np.array_equal(image.ticks[:, left], -rows[:, right])
    assert np.array_equal(image.ticks[:, names.index("vx")], rows[:, names.index("vx")])
    again = mirrored(robot, image)
    assert again.causes == taken.causes
    assert again.amounts == taken.amounts
    assert np.array_equal(again.ticks, rows)
