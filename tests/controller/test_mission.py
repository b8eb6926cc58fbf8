from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controller.cli import main
from controller.config import RunSettings, run_settings
from controller.courses.paths import START, Course
from controller.mission import Mission
from controller.settings.layers import ConfigError, Layer
from planners.icem import IcemSettings
from planners.rti import RtiSettings


@pytest.fixture
def settings() -> RunSettings:
    return run_settings([])


def test_a_run_works_out_its_settings_once(
    untrained_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of, calls = Mission.of, list[RunSettings]()

    def counted(settings: RunSettings, *, fast: bool) -> Mission:
        calls.append(settings)
        return of(settings, fast=fast)

    monkeypatch.setattr(Mission, "of", counted)
    few = ["--set", "planner.search.candidates=8", "--set", "planner.search.elites=4", "--seconds", "0.2"]
    assert main(["run", "--fast", "--no-video", "--compare", "mb", *few, "--out", str(tmp_path / "run")]) == 0
    assert len(calls) == 1


def test_action_changes_cost_as_shares_of_their_ranges(settings: RunSettings) -> None:
    priced = replace(settings, control=replace(settings.control, change=2.0))
    free, dear = (Mission.of(s, fast=True) for s in (settings, priced))
    width = free.actions.range
    jump = np.stack([np.zeros_like(width), width])[None]
    still = np.zeros((1, 1, 3, 3))
    costs = [m.task.cost(START, 0.05, (0, 1, 2), jump[0, 0])(still, jump)[0, 0] for m in (free, dear)]
    assert costs[1] - costs[0] == pytest.approx(2.0 * len(width))


def test_a_reward_is_all_there_is_to_a_hidden_goal(settings: RunSettings) -> None:
    hidden = replace(settings, course="hidden_turn", control=replace(settings.control, change=2.0))
    with pytest.raises(ConfigError, match=r"control.change: expected 0 on hidden_turn, .*got 2.0"):
        Mission.of(hidden, fast=True)
    leaning = replace(hidden, control=replace(settings.control, tilt=3.0))
    with pytest.raises(ConfigError, match=r"control.tilt: expected 0 on hidden_turn, .*got 3.0"):
        Mission.of(leaning, fast=True)


def test_tilt_has_the_price_that_control_says_on_the_channels_of_the_robot(settings: RunSettings) -> None:
    priced = replace(settings, control=replace(settings.control, tilt=3.0, upright=0.2))
    mission = Mission.of(priced, fast=True)
    names = [channel.name for channel in mission.spec.channels]
    states = np.zeros((1, 1, 2, len(names)))
    states[..., 1, names.index("pitch")] = -0.5
    still = np.zeros((1, 1, 2))
    assert mission.task.cost(START, 0.05, (0, 1, 2))(states, still)[0, 0] == pytest.approx(3.0 * 0.3**2)


def test_a_planar_robot_leans_by_its_pitch_alone() -> None:
    pytest.importorskip("gymnasium")
    values = {"robot": "half-cheetah", "course": "forward:effort=0", "control": {"tilt": 3.0, "upright": 0.2}}
    mission = Mission.of(run_settings([Layer("test", values)]), fast=True)
    names = [channel.name for channel in mission.spec.channels]
    states = np.zeros((1, 1, 2, len(names)))
    states[..., 1, names.index("pitch")] = -0.5
    cost = mission.task.cost(START, 0.05, (0, 1, 2))
    assert cost(states, np.zeros((1, 1, 6)))[0, 0] == pytest.approx(3.0 * 0.3**2)


def test_tilt_costs_nothing_where_a_state_has_none(settings: RunSettings) -> None:
    priced = replace(settings, control=replace(settings.control, tilt=3.0))
    mission = Mission.of(settings, fast=True)
    level = tuple(channel for channel in mission.spec.channels if channel.name not in ("roll", "pitch"))
    with pytest.raises(ConfigError, match=r"control.tilt: expected 0 on robot roach, .*neither roll nor pitch"):
        replace(mission, settings=priced, spec=replace(mission.spec, channels=level)).course("straight")


@pytest.mark.parametrize("course", ["straight", "hidden_turn"])
@pytest.mark.parametrize("key", ["leap", "calm"])
def test_prices_of_course_forward_are_refused_elsewhere(settings: RunSettings, course: str, key: str) -> None:
    values: dict[str, Any] = {key: 2.0}
    priced = replace(settings, course=course, control=replace(settings.control, **values))
    with pytest.raises(ConfigError, match=rf"control.{key}: expected 0 on {course}, it is for forward, got 2.0"):
        Mission.of(priced, fast=True)


def test_leaps_cost_nothing_where_a_state_has_no_height(settings: RunSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    priced = replace(settings, course="forward", control=replace(settings.control, leap=2.0))
    spec = Mission.of(priced, fast=True).spec
    flat = replace(spec, channels=tuple(channel for channel in spec.channels if channel.name != "z"))
    monkeypatch.setattr("controller.mission.judged", lambda *_: flat)
    with pytest.raises(ConfigError, match=r"control.leap: expected 0 on robot roach, whose state has no z, got 2.0"):
        Mission.of(priced, fast=True)


def test_distance_and_heading_have_a_share_of_their_prices_on_the_course(settings: RunSettings) -> None:
    usual = Mission.of(settings, fast=True).task
    priced = Mission.of(
        replace(settings, control=replace(settings.control, distance=1.5, heading=0.25)), fast=True
    ).task
    assert isinstance(usual, Course)
    assert isinstance(priced, Course)
    perp, head = 1.5 * usual.weights.perp, 0.25 * usual.weights.head
    assert priced.weights == replace(usual.weights, perp=perp, head=head)


def test_what_remains_of_a_distance_and_a_robot_that_is_stuck_count_by_the_second(settings: RunSettings) -> None:
    control = replace(settings.control, integral=0.5, stuck=3.0)
    mission = Mission.of(replace(settings, control=control), fast=True)
    assert isinstance(mission.task, Course)
    assert mission.task.integral == pytest.approx(0.5 / control.rate_hz)
    assert mission.loop.stuck == 3.0


def test_a_plan_begins_within_a_tick_in_real_time_too(settings: RunSettings) -> None:
    early = replace(settings, control=replace(settings.control, delay_ticks=0.5))
    assert Mission.of(early, fast=False).loop.varied
    with pytest.raises(ConfigError, match="control.delay_ticks: expected whole ticks with the oracle, got 0.5"):
        Mission.of(replace(early, model="oracle", planner=IcemSettings()), fast=True)


def test_real_time_needs_time_to_plan_in(settings: RunSettings) -> None:
    hasty = replace(settings, control=replace(settings.control, delay_ticks=0))
    assert Mission.of(hasty, fast=True).loop.delay_ticks == 0
    with pytest.raises(ConfigError, match="control.delay_ticks"):
        Mission.of(hasty, fast=False)


def test_a_rate_that_the_servo_cannot_divide_is_refused(settings: RunSettings) -> None:
    odd = replace(settings, control=replace(settings.control, rate_hz=33.0))
    with pytest.raises(ConfigError, match="control.rate_hz"):
        Mission.of(odd, fast=True)


def test_the_oracle_needs_lock_step_and_a_planner_without_derivatives(settings: RunSettings) -> None:
    knowing = replace(settings, model="oracle", planner=IcemSettings())
    assert Mission.of(knowing, fast=True).header("mb").model == "oracle"
    with pytest.raises(ConfigError, match="model: expected learned in real time, got oracle.*--fast"):
        Mission.of(knowing, fast=False)
    with pytest.raises(ConfigError, match=r"planner.kind: expected one that samples.*got rti"):
        Mission.of(replace(knowing, planner=RtiSettings()), fast=True)


def test_a_closed_course_is_drawn_closed_and_never_over(settings: RunSettings) -> None:
    closed, open_end = (Mission.of(replace(settings, course=name), fast=True) for name in ("circle", "straight"))
    assert closed.header("mb").path[0] == closed.header("mb").path[-1]
    assert closed.task.end == np.inf
    assert open_end.task.end == pytest.approx(6.0)


def test_states_are_not_estimated_without_legs() -> None:
    crawling = run_settings([Layer("test", {"robot": "roach", "state": "estimated"})])
    with pytest.raises(ConfigError, match="state: expected measured for robot roach"):
        Mission.of(crawling, fast=True)
