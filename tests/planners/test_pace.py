"""Searches are made smaller rather than cut off, as far as earlier ones tell how long the next takes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from planners.pace import LEAST, Pace, Paced
from planners.plan import Plan, PlanStatus
from planners.problem import Problem
from tests.planners.toys import reach_problem

SPARE = 1.0


@dataclass
class Machine:
    """A planner whose whole search takes `fixed` + `varying` seconds of its clock, times how slow the machine is."""

    fixed: float = 0.5
    varying: float = 0.5
    slow: float = 1.0
    now: float = 0.0
    asked: list[Problem] = field(default_factory=list)

    def __call__(self, problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
        self.asked.append(problem)
        self.now += self.slow * (self.fixed + self.varying * problem.size)
        assert problem.deadline is not None
        late = self.now > problem.deadline
        actions, states = np.zeros((10, 2)), np.zeros((11, 4))
        status = PlanStatus.OUT_OF_TIME if late else PlanStatus.OK
        return Plan(problem.time, problem.step, actions, states, 1.0, status, 1, size=problem.size)


def search(machine: Machine, planner: Paced, seconds: float, times: int = 1) -> Plan:
    """Search some times, each with a time until the search should have ended."""
    for _ in range(times):
        problem = replace(reach_problem(machine.now), deadline=machine.now + seconds + SPARE, clock=lambda: machine.now)
        found = planner(problem, None, np.random.default_rng(0))
    return found


def test_the_first_search_is_whole_and_so_are_those_that_end_in_time() -> None:
    machine = Machine()
    planner = Paced(machine, SPARE)
    assert [search(machine, planner, seconds=1.05).size for _ in range(40)] == [1.0] * 40


@pytest.mark.parametrize("fixed", [0.1, 0.3, 0.6, 0.75])
@pytest.mark.parametrize("seconds", [0.8, 0.9])
def test_a_search_comes_to_fill_the_time_without_going_past(fixed: float, seconds: float) -> None:
    machine = Machine(fixed, 1.0 - fixed)
    planner = Paced(machine, SPARE)
    search(machine, planner, seconds)
    size = search(machine, planner, seconds, times=600).size
    assert size == pytest.approx((seconds - fixed) / (1.0 - fixed), abs=0.06)
    assert {round(search(machine, planner, seconds).size, 1) for _ in range(50)} <= {round(size, 1)}


def test_where_there_is_no_time_the_least_search_is_made_and_not_cut_off() -> None:
    machine = Machine()
    planner = Paced(machine, SPARE)
    search(machine, planner, 2.0)
    for seconds in (0.1, -0.5, -3.0):
        found = search(machine, planner, seconds)
        assert (found.size, found.status) == (LEAST, PlanStatus.OK)
    assert machine.asked[1].deadline == pytest.approx(1.0 + 0.1 + SPARE)


def test_a_machine_that_gets_slow_is_heeded_and_forgiven() -> None:
    machine = Machine()
    planner = Paced(machine, SPARE)
    assert search(machine, planner, 1.2, times=30).size == 1.0
    machine.slow = 1.5
    assert search(machine, planner, 1.2, times=30).size == pytest.approx(0.6, abs=0.06)
    machine.slow = 1.0
    assert search(machine, planner, 1.2, times=60).size == 1.0


def test_two_searches_of_twenty_five_that_the_host_held_up_change_nothing() -> None:
    pace = Pace()
    for number in range(25):
        pace = pace.after(50.0 if number in (3, 20) else 1.0, size=1.0)
    assert pace.size(1.0) == 1.0
    assert pace.after(50.0, size=1.0).after(50.0, size=1.0).size(1.0) < 1.0


def test_a_rehearsal_of_the_search_before_is_as_large_and_tells_nothing() -> None:
    machine, rng = Machine(), np.random.default_rng(0)
    planner = Paced(machine, SPARE)
    for tick in range(60):
        machine.slow = 1.0
        begun = machine.now
        problem = replace(reach_problem(float(tick)), deadline=begun + 1.05 + SPARE, clock=lambda: machine.now)
        assert planner(problem, None, rng).size == 1.0
        machine.slow = 3.0
        again = replace(problem, deadline=machine.now + 1.05 + SPARE)
        assert planner(again, None, rng).size == 1.0


def test_without_a_deadline_a_search_is_whole() -> None:
    asked: list[Problem] = []

    def planner(problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
        asked.append(problem)
        return Plan(0.0, 0.1, np.zeros((10, 2)), np.zeros((11, 4)), 1.0, PlanStatus.OK, 1)

    problem, paced = reach_problem(), Paced(planner, SPARE)
    paced(problem, None, np.random.default_rng(0))
    paced(problem, None, np.random.default_rng(0))
    assert all(each is problem for each in asked)
