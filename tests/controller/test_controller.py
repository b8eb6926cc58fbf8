from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from controller.controller import Controller
from controller.courses.paths import COURSES
from controller.courses.velocity import Steered
from controller.rhythm import ControlSettings
from controller.switching import Switching
from controller.tick import Actions, Observation, TickResult
from dynamics.adapters.base import Adapted, Adapter
from dynamics.adapters.fixed import FixedSettings
from dynamics.adapters.gradient import Gradient, GradientSettings
from dynamics.factory import make
from dynamics.rollout.kernel import Kernel
from dynamics.transitions import FloatArray, Transitions
from hardware.steering import STILL, Axis, Steering, Velocity
from planners.plan import Plan
from planners.problem import PlanningError, Problem, Risk
from planners.shooting import ShootingSettings
from planners.shooting import plan as shoot
from tests.dynamics import toys

PERIOD = 0.1
SUBJECT = toys.model(np.random.default_rng(0))
GRBAL = make(GradientSettings(window=6), SUBJECT, {"rates": tuple(torch.full_like(w, 0.05) for w in SUBJECT.prior)})


class Spy:
    """A random-shooting planner that remembers what it was asked."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def __call__(self, problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
        self.problems.append(problem)
        return shoot(problem, ShootingSettings(candidates=16), previous, rng)


def controller(adapter: Adapter = GRBAL, spy: Spy | None = None, delay_ticks: float = 1) -> Controller:
    return Controller(
        SUBJECT,
        adapter,
        spy or Spy(),
        COURSES["straight"],
        ControlSettings(rate_hz=1 / PERIOD, horizon=4, delay_ticks=delay_ticks),
        Actions(low=-np.ones(2), high=np.ones(2), rest=np.zeros(2)),
        rng=np.random.default_rng(0),
    )


def steered() -> Controller:
    course = Steered(Steering(Axis(0.0, 0.5, 1.0), Axis(-1.0, 1.0, 2.0)), delay=1, horizon=4)
    settings = ControlSettings(rate_hz=1 / PERIOD, horizon=4)
    actions = Actions(low=-np.ones(2), high=np.ones(2), rest=np.full(2, 2.0))
    return Controller(SUBJECT, GRBAL, Spy(), course, settings, actions, rng=np.random.default_rng(0))


def test_a_robot_that_is_told_nothing_rests_and_learns_nothing_from_it() -> None:
    subject, rest = steered(), np.full(2, 2.0)
    told = [STILL, STILL, Velocity(0.3, 0.0, 0.0), Velocity(0.3, 0.0, 0.0), STILL, STILL, STILL, STILL]
    applied, results = None, []
    for k, wanted in enumerate(told):
        result = subject.tick(Observation(k * PERIOD, np.zeros(5), applied, wanted))
        applied = result.schedule.action(k * PERIOD, rest)
        results.append(result)
    assert [r.status for r in results] == ["standing"] * 2 + ["ok"] * 4 + ["standing"] * 2
    for result in (results[0], results[-1]):
        np.testing.assert_array_equal(result.schedule.actions, np.tile(rest, (4, 1)))
        np.testing.assert_array_equal(result.action, rest)
        assert result.plan.status.value == "ok"
    learned = [r.error_prior is not None for r in results]
    assert learned == [False, False, False, False, True, True, True, False]


def drive(
    subject: Controller | Switching, ticks: int, gain: float = 1.0, start: FloatArray | None = None
) -> list[TickResult]:
    """Play the controller's own schedules on the toy vehicle."""
    state, applied, results = np.zeros(5) if start is None else start, None, []
    for k in range(ticks):
        result = subject.tick(Observation(k * PERIOD, state, applied))
        applied = result.schedule.action(k * PERIOD, np.zeros(2))
        assert applied is not None
        state = toys.step(state, applied, np.array(gain))
        results.append(result)
    return results


def actions(results: list[TickResult]) -> FloatArray:
    return np.array([result.action for result in results])


def test_planning_starts_where_the_actions_under_way_lead() -> None:
    spy = Spy()
    results = drive(controller(spy=spy), 4)
    committed = results[-2].schedule.action(3 * PERIOD, np.zeros(2))
    assert committed is not None
    np.testing.assert_allclose(results[-1].schedule.actions[0], committed)
    assert spy.problems[-1].time == pytest.approx(4 * PERIOD)
    np.testing.assert_allclose(results[-1].schedule.actions[1], results[-1].plan.actions[0])


def test_the_planner_is_told_how_to_weigh_the_members_of_an_ensemble() -> None:
    spy = Spy()
    subject = controller(spy=spy)
    subject._settings = replace(subject._settings, risk=Risk("worst"))
    drive(subject, 1)
    assert spy.problems[-1].risk == Risk("worst")


def test_something_that_knows_better_may_predict_instead() -> None:
    spy, start, told = Spy(), np.full(5, 0.25), []

    class Constant:
        def rollout(self, state: FloatArray, actions: FloatArray) -> FloatArray:
            return np.broadcast_to(state, (1, len(actions), actions.shape[1] + 1, 5))

    def foresee(kernel: Kernel, state: FloatArray, under_way: FloatArray, share: float) -> tuple[FloatArray, Constant]:
        told.append((state, under_way))
        return start, Constant()

    subject = controller(spy=spy)
    subject._foresight = foresee
    results = drive(subject, 2)
    np.testing.assert_array_equal(told[1][1], results[0].plan.actions[:1])
    np.testing.assert_array_equal(spy.problems[-1].state, start)
    assert isinstance(spy.problems[-1].model, Constant)


def test_without_delay_the_new_plan_plays_at_once() -> None:
    spy = Spy()
    results = drive(controller(spy=spy, delay_ticks=0), 3)
    assert spy.problems[-1].time == pytest.approx(2 * PERIOD)
    np.testing.assert_allclose(results[-1].schedule.actions[0], results[-1].plan.actions[0])


def test_a_plan_may_begin_within_a_tick() -> None:
    spy, playing = Spy(), np.zeros(2)
    results = drive(controller(spy=spy, delay_ticks=0.25), 4)
    before, last, now = results[-2].schedule, results[-1].schedule, 3 * PERIOD
    for late in (0.0, 0.2):
        np.testing.assert_array_equal(last.action(now + late * PERIOD, playing), before.action(now, playing))
    for late in (0.3, 1.2):
        np.testing.assert_array_equal(last.action(now + late * PERIOD, playing), results[-1].plan.actions[0])
    assert spy.problems[-1].time == pytest.approx(3.25 * PERIOD)


def test_planning_starts_a_part_of_the_way_where_the_plan_begins_within_a_tick() -> None:
    parts = []
    for delay in (0, 0.25, 1):
        spy = Spy()
        drive(controller(make(FixedSettings(), SUBJECT, {}), spy, delay), 1, start=np.array([0.3, 0.0, 0.1, 0.2, 0.0]))
        parts.append(spy.problems[0].state)
    part, whole = (SUBJECT.space.difference(parts[index], parts[0]) for index in (1, 2))
    np.testing.assert_allclose(part, 0.25 * whole, rtol=1e-3)


def test_reset_forgets_everything() -> None:
    fresh = actions(drive(controller(), 8))
    used = controller()
    drive(used, 12, gain=-1.0)
    used.reset()
    used._rng = np.random.default_rng(0)  # the planner's draws go on over a reset; here they must be the same
    np.testing.assert_array_equal(actions(drive(used, 8)), fresh)


def test_same_seed_same_bits() -> None:
    np.testing.assert_array_equal(actions(drive(controller(), 10)), actions(drive(controller(), 10)))


def test_the_window_is_full_of_the_newest_transitions() -> None:
    seen: list[Transitions] = []

    class Recorder(Adapter):
        def adapt(self, current: Adapted, window: Transitions) -> Adapted:
            seen.append(window)
            return Adapted(SUBJECT.prior)

    subject, state = controller(Recorder(GradientSettings(window=3), SUBJECT, GRBAL.parts)), np.zeros(5)
    subject.tick(Observation(0.0, state, None))
    assert seen == []
    for k in range(1, 6):
        after = state + 1.0
        subject.tick(Observation(k * PERIOD, after, np.full(2, float(k))))
        np.testing.assert_array_equal(seen[-1].next_states[-1], after)
        np.testing.assert_array_equal(seen[-1].actions[-1], np.full(2, float(k)))
        state = after
    assert len(seen[-1]) == 3


def test_an_unclean_transition_is_left_out_and_the_window_kept() -> None:
    subject = controller()
    drive(subject, 5)
    before = subject._memory.history
    assert len(before) == 4
    subject.tick(Observation(5 * PERIOD, np.ones(5), None))
    assert subject._memory.history is before
    subject.tick(Observation(6 * PERIOD, np.full(5, 2.0), np.zeros(2)))
    window = subject._memory.history.window
    assert window is not None
    np.testing.assert_array_equal(window.states[-1], np.ones(5))


def test_errors_judge_the_weights_that_had_not_seen_the_transition() -> None:
    subject = controller()
    results = drive(subject, 8, gain=-1.0)
    assert results[0].error_prior is None
    memory = subject._memory
    state = np.ones(5)
    kernel = Kernel(SUBJECT, memory.adapted.weights)
    assert memory.state is not None
    action = np.array([0.3, -0.2])
    happened, predicted = (
        SUBJECT.space.difference(after, memory.state) for after in (state, kernel.predict(memory.state, action))
    )
    expected = (happened - predicted) / SUBJECT.increments.std
    result = subject.tick(Observation(8 * PERIOD, state, action))
    assert result.error_adapted == pytest.approx(float(np.mean(expected**2)), rel=1e-5)
    assert result.error_adapted != result.error_prior


def test_weights_that_predict_worse_than_the_prior_are_not_trusted() -> None:
    class Spoiler(Adapter):
        def adapt(self, current: Adapted, window: Transitions) -> Adapted:
            return Adapted(tuple(w + 1.0 for w in SUBJECT.prior))

    spoiler = Spoiler(GradientSettings(window=4), SUBJECT, GRBAL.parts)
    assert [result.rejected for result in drive(controller(spoiler), 5)][2:] == [True, True, True]
    fixed = make(FixedSettings(), SUBJECT, {})
    assert not any(result.rejected for result in drive(controller(fixed), 5))


def test_non_finite_weights_are_replaced_by_the_prior_and_counted() -> None:
    class Broken(Adapter):
        def adapt(self, current: Adapted, window: Transitions) -> Adapted:
            return Adapted(tuple(w * float("nan") for w in SUBJECT.prior))

    results = drive(controller(Broken(GradientSettings(window=4), SUBJECT, GRBAL.parts)), 5)
    assert np.isfinite(actions(results)).all()
    assert [result.adaptation for result in results] == ["nothing_seen", *["not_finite"] * 4]
    assert [result.adaptation for result in drive(controller(), 3)] == ["nothing_seen", "ok", "ok"]


def test_an_unmeasured_state_keeps_the_earlier_schedule_and_recovers() -> None:
    subject = controller()
    before = drive(subject, 4)[-1]
    blind = subject.tick(Observation(4 * PERIOD, np.full(5, np.nan), np.zeros(2)))
    assert blind.schedule is before.schedule
    assert blind.status == "kept_previous"
    after = subject.tick(Observation(5 * PERIOD, np.zeros(5), np.zeros(2)))
    assert after.status == "ok"
    assert np.isfinite(after.schedule.actions).all()


def test_blind_from_the_start_rests() -> None:
    result = controller().tick(Observation(0.0, np.full(5, np.nan), None))
    assert result.status == "no_plan"
    np.testing.assert_array_equal(result.schedule.actions, np.zeros((1, 2)))


@pytest.mark.parametrize("name", ["horizon", "delay_ticks", "budget", "change", "trust", "expiry", "rate_hz"])
def test_settings_out_of_range_name_the_field(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected"):
        ControlSettings(**{name: -1})  # type: ignore[arg-type]


def test_a_rehearsal_leaves_nothing_behind() -> None:
    plain, rehearsing = controller(), controller()

    class Rehearsing:
        """Rehearses after every tick."""

        def tick(self, observation: Observation) -> TickResult:
            result = rehearsing.tick(observation)
            memory = rehearsing._memory
            rehearsing.rehearse(observation)
            assert rehearsing._memory is memory
            return result

    expected, found = drive(plain, 8, gain=-1.0), drive(Rehearsing(), 8, gain=-1.0)  # type: ignore[arg-type]
    assert [result.error_adapted for result in found] == [result.error_adapted for result in expected]
    np.testing.assert_array_equal(actions(found), actions(expected))


@pytest.mark.parametrize("actions, states", [((4, 1), (5, 5)), ((4, 3), (5, 5)), ((0, 2), (1, 5)), ((4, 2), (4, 5))])
def test_a_planner_that_answers_in_another_shape_is_refused(actions: tuple[int, ...], states: tuple[int, ...]) -> None:
    class Wrong(Spy):
        def __call__(self, problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
            return replace(super().__call__(problem, previous, rng), actions=np.zeros(actions), states=np.zeros(states))

    message = f"planner: expected actions (H, 2) and states (H + 1, 5), got {actions} and {states}"
    with pytest.raises(PlanningError, match=re.escape(message)):
        drive(controller(spy=Wrong()), 1)


def test_an_adapter_that_answers_in_another_shape_is_refused() -> None:
    class Wrong(Gradient):
        def initial(self) -> Adapted:
            first, *others = super().initial().weights
            return Adapted((first[:, :1], *others))

    with pytest.raises(ValueError, match="weights: expected layers .*, got "):
        controller(Wrong(GradientSettings(), SUBJECT, GRBAL.parts))
