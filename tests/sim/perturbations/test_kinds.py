from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from sim.perturbations import (
    Condition,
    LegLoss,
    Motor,
    Payload,
    Perturbation,
    Push,
    Slope,
    active,
    channels,
    compose,
    describe,
    kinds,
    parse,
    register,
)
from sim.perturbations.codec import number
from sim.perturbations.world import PUSH_SECONDS
from sim.robots.anatomy import Anatomy
from tests.sim.anatomies import ANATOMIES
from tests.sim.walking import physics, walk


@pytest.fixture
def thick_oil() -> Iterator[type[Perturbation]]:
    """Register a perturbation from outside the library, and forget it again."""

    @register
    @dataclass(frozen=True)
    class ThickOil(Perturbation):
        """The joints turn in thick oil: their damping is multiplied."""

        name: ClassVar[str] = "thick_oil"
        factor: float = number()

        def change(self, condition: Condition) -> Condition:
            return condition.multiplied("dof_damping", self.factor)

        @classmethod
        def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
            return {"thick_oil": condition.factor("dof_damping") - 1.0}

    yield ThickOil
    kinds._kinds.pop("thick_oil")


def test_active_includes_the_onset_and_not_the_end() -> None:
    loss = LegLoss(("left_middle",), onset=1.0, end=2.0)
    assert [active((loss,), time) == (loss,) for time in (0.999, 1.0, 1.999, 2.0)] == [False, True, True, False]


def test_a_push_is_over_soon() -> None:
    assert Push(x=0.01, onset=3.0).last == pytest.approx(3.0 + PUSH_SECONDS)
    assert Slope(0.1, onset=3.0).last == math.inf


def test_perturbations_compose() -> None:
    condition = compose(
        Condition(),
        (
            Payload(0.004, x=0.02),
            Payload(0.004, x=-0.02, y=0.01),
            LegLoss(("left_front",)),
            LegLoss(("left_front", "right_rear")),
            Motor((("left", 0.5),), (("left", 1.0),)),
            Motor((("left", 0.5), ("right", 0.8)), (("left", 1.0),)),
            Slope(0.1, 0.0),
            Slope(0.1, math.pi / 2.0),
        ),
    )
    assert condition.payload_mass == pytest.approx(0.008)
    assert condition.payload_place == pytest.approx((0.0, 0.005))
    assert condition.lost_legs == {"left_front", "right_rear"}
    assert condition.gain == pytest.approx({"left": 0.25, "right": 0.8})
    assert condition.bias == pytest.approx({"left": 2.0})
    assert condition.tilt == pytest.approx((0.1, 0.1))


def test_composing_nothing_changes_nothing() -> None:
    assert compose(Condition(), ()) == Condition()


@pytest.mark.parametrize("anatomy", ANATOMIES.values(), ids=ANATOMIES)
def test_a_kind_from_outside_is_described_after_all_others(anatomy: Anatomy, thick_oil: type[Perturbation]) -> None:
    known = channels(anatomy)
    kinds._kinds.pop("thick_oil")
    assert known == (*channels(anatomy), "thick_oil")
    register(thick_oil)
    assert describe(compose(Condition(), [parse("thick_oil:factor=3")]), anatomy)["thick_oil"] == 2.0


def test_a_kind_from_outside_acts_on_the_model_and_ends(thick_oil: type[Perturbation]) -> None:
    oily, intact = physics([parse("thick_oil:factor=30@0.2-0.4")]), physics()
    before = intact.model.dof_damping.copy()
    walk(oily, 0.3)
    assert np.array_equal(oily.model.dof_damping, 30.0 * before)
    assert oily.position[0] < 0.9 * walk(intact, 0.3).position[-1, 0]
    walk(oily, 0.2)
    assert np.array_equal(oily.model.dof_damping, before)


def test_a_name_is_registered_once(thick_oil: type[Perturbation]) -> None:
    with pytest.raises(ValueError, match="perturbation thick_oil: expected a new name, got that of ThickOil"):
        register(thick_oil)
