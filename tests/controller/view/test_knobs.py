from __future__ import annotations

import pytest

from controller.view.knobs import Names, Number, offered, text
from sim.perturbations import PERTURBATIONS, PerturbationError, check, parse
from sim.robots.anatomy import Anatomy
from tests.sim.anatomies import ANATOMIES

each = pytest.mark.parametrize("anatomy", ANATOMIES.values(), ids=list(ANATOMIES))


@each
def test_all_that_is_offered_can_happen(anatomy: Anatomy) -> None:
    for name, knobs in offered(anatomy).items():
        for end in ("low", "high", "start"):
            said = {k.key: getattr(k, end) if isinstance(k, Number) else k.names[-1] for k in knobs}
            check([parse(text(name, said, knobs))], anatomy)


@each
def test_no_end_could_be_further(anatomy: Anatomy) -> None:
    for name, knobs in offered(anatomy).items():
        for knob in knobs:
            if not isinstance(knob, Number) or knob.key.endswith("heading_deg"):
                continue
            said = {k.key: k.start if isinstance(k, Number) else k.names[-1] for k in knobs}
            with pytest.raises(PerturbationError):
                check([parse(text(name, said | {knob.key: 1.01 * knob.high + 1.0}, knobs))], anatomy)


def test_a_crawler_is_offered_all_that_there_is() -> None:
    kinds = offered(ANATOMIES["roach"])
    assert {"slope", "gravity", "payload", "friction", "terrain", "push", "delay", "noise", "pose_bias"} <= set(kinds)
    assert {"dead_motor", "stuck", "locked"} <= set(kinds) <= set(PERTURBATIONS)
    legs = kinds["leg_loss"][0]
    assert isinstance(legs, Names)
    assert legs.names == ANATOMIES["roach"].legs
    assert [knob.key for knob in kinds["motor"]] == ["left", "right", "left_bias", "right_bias"]
    assert text("payload", {"mass": 0.008, "x": 0.02, "y": 0.0}, kinds["payload"]) == "payload:mass=0.008,x=0.02"
