from __future__ import annotations

import pytest

from controller.reports.video import _loaded
from controller.settings import robots
from sim.robots.builders import build
from sim.robots.parts import compiled
from sim.terrain import TERRAINS


@pytest.mark.parametrize("robot", ["roach", "go2", "hexapod"])
def test_a_payload_is_seen_on_the_back_where_it_was_put(robot: str) -> None:
    """At the trunk's origin, where the model has it as long as it weighs nothing, a trunk would hide it."""
    anatomy = robots.spec(robot).anatomy
    model = compiled(build(anatomy, TERRAINS["flat"]))
    x, y = 0.3 * anatomy.load.drawn[0], -0.2 * anatomy.load.drawn[1]
    heavy = 0.2 * anatomy.load.heaviest
    shown = _loaded(model, anatomy, [f"payload:mass={heavy:g},x={x:g},y={y:g}@6", "friction:mu=0.5"])
    back = anatomy.load.back + anatomy.load.half[2]
    assert shown.body("payload").pos == pytest.approx([x, y, back], abs=1e-5)
    assert model.body("payload").pos == pytest.approx([0.0, 0.0, 0.0]), "the other run's model is its own"
    assert _loaded(model, anatomy, []).body("payload").pos == pytest.approx([0.0, 0.0, back])
