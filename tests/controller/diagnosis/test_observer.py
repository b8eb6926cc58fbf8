"""Beside any controller: rows of what goes by, a belief that is kept from tick to tick."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from controller.diagnosis.observer import Diagnosis, Gathering, Observer
from controller.settings import robots
from dynamics.checkpoint import CheckpointError
from dynamics.diagnosis.reader import Facts, Reader
from dynamics.encoders import initial_recurrent
from dynamics.model import Normalizer
from dynamics.transitions import FloatArray
from hardware import signs

SPEC = robots.spec("roach")
SEEN = np.linspace(0.0, 1.0, len(signs.names(SPEC)))


def reader(inputs: tuple[str, ...] | None = None) -> Reader:
    """Return one that knows nothing."""
    names = Gathering(SPEC).names if inputs is None else inputs
    facts = Facts("roach", 0.05, 3, names, ("none", "wind", "dead_motor:left"), ("wind.speed",))
    weights = initial_recurrent(len(names), 4, facts.size, torch.Generator().manual_seed(0))
    scaling = Normalizer(np.zeros(len(names)), np.ones(len(names)), 5.0)
    return Reader(facts, scaling, Normalizer(np.zeros(1), np.ones(1)), np.array([0.5, 0.25, 0.25]), weights)


def state(tick: int) -> FloatArray:
    return np.full(len(SPEC.channels), 0.01 * tick)


@pytest.mark.parametrize("name", robots.names())
def test_every_number_of_a_row_has_a_name(name: str) -> None:
    spec = robots.spec(name)
    gathering, seen = Gathering(spec), np.zeros(len(signs.names(spec)))
    still, action = np.zeros(len(spec.channels)), np.zeros(len(spec.actions))
    assert gathering.take(still, None, None) is None
    row = gathering.take(still, action, seen)
    assert row is not None
    assert len(row) == len(gathering.names) == len(set(gathering.names))


def test_a_tick_that_no_action_drove_still_says_what_the_servo_saw() -> None:
    gathering = Gathering(SPEC)
    gathering.take(state(0), None, None)
    row = gathering.take(state(1), None, SEEN)
    assert row is not None
    known = dict(zip(gathering.names, row, strict=True))
    assert np.isnan(known["action_speed_left"])
    assert np.isnan(known["change_vx"])
    assert known["battery_mean"] == 1.0


def test_a_state_that_was_not_measured_makes_no_row_and_none_after_it() -> None:
    gathering = Gathering(SPEC)
    gathering.take(state(0), None, None)
    assert gathering.take(np.full_like(state(1), np.nan), np.zeros(2), SEEN) is None
    assert gathering.take(state(2), np.zeros(2), SEEN) is None
    assert gathering.take(state(3), np.zeros(2), SEEN) is not None


def test_a_belief_is_a_distribution_whatever_comes() -> None:
    observer = Observer(SPEC, reader())
    for tick in range(6):
        seen = None if tick in (0, 3) else SEEN
        said = observer.look(state(tick), np.zeros(2), seen)
        assert sum(said.causes.values()) == pytest.approx(1.0)
        assert [*said.causes.values()] == sorted(said.causes.values(), reverse=True)
        assert bool(said.amounts) == (seen is not None)


def test_parts_of_a_kind_are_summed_up() -> None:
    said = Diagnosis({"none": 0.4, "dead_motor:left": 0.35, "dead_motor:right": 0.25})
    assert said.kinds == pytest.approx({"dead_motor": 0.6, "none": 0.4})
    assert next(iter(said.kinds)) == "dead_motor"


def test_a_diagnosis_of_another_robot_is_refused() -> None:
    with pytest.raises(CheckpointError, match="expected the signs of robot roach, got those of a diagnosis"):
        Observer(SPEC, reader(("a", "b")))
