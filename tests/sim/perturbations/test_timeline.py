from __future__ import annotations

from sim.conditions.condition import Condition
from sim.perturbations import parse
from sim.perturbations.timeline import Timeline


def advanced(timeline: Timeline[str], steps: int) -> list[int]:
    """Go on to a step as the physics does; return the steps at which the condition changed."""
    changed = []
    while timeline.steps < steps:
        timeline.steps = timeline.next_event(steps)
        changed += [timeline.steps] if timeline.meet() else []
    return changed


def test_what_is_expected_later_begins_at_its_time() -> None:
    timeline = Timeline[str](Condition(), (), 0.01)
    advanced(timeline, 5)
    timeline.expect([parse("friction:mu=0.3@0.1-0.2")])
    assert advanced(timeline, 30) == [10, 20]


def test_what_should_have_begun_does_so_at_the_next_step() -> None:
    timeline = Timeline[str](Condition(), (), 0.01)
    advanced(timeline, 50)
    timeline.expect([parse("friction:mu=0.3@0.1"), parse("push:x=0.1@0.1")])
    assert advanced(timeline, 60) == [51]
    assert timeline.condition == Condition(friction=0.3)


def test_what_stays_as_it_is_writes_nothing() -> None:
    timeline = Timeline[str](Condition(), [parse("friction:mu=0.3@0.1")], 0.01)
    advanced(timeline, 50)
    timeline.expect([parse("friction:mu=0.3@0.1-0.9")])
    assert advanced(timeline, 80) == []
