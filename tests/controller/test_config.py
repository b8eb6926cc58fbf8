from __future__ import annotations

from pathlib import Path

import pytest

from controller.config import RunSettings, run_settings
from controller.settings import assets
from controller.settings.assets import RECIPES
from controller.settings.layers import ConfigError, Layer, read_yaml, to_yaml
from controller.settings.robots import names
from planners.factory import PLANNERS
from planners.hybrid import HybridSettings
from planners.shooting import ShootingSettings
from sim.perturbations import LegLoss, Slope


def settings_from(**flags: object) -> RunSettings:
    return run_settings([Layer("command line", flags)])


@pytest.mark.parametrize("robot", names())
def test_every_robot_comes_with_settings_that_are_complete(robot: str) -> None:
    written = read_yaml(assets.run_config(robot)).values
    assert settings_from(robot=robot).robot == robot
    assert {"planner", "control", "adapter", "course"} <= set(written)


def test_flags_override_the_file_key_by_key() -> None:
    usual = settings_from()
    settings = settings_from(course="zigzag", planner={"search": {"candidates": 77}})
    assert settings.course == "zigzag"
    assert isinstance(settings.planner, HybridSettings)
    assert isinstance(usual.planner, HybridSettings)
    assert settings.planner.search.candidates == 77
    assert settings.planner.search.iterations == usual.planner.search.iterations
    assert settings.planner.polish == usual.planner.polish
    assert settings.control == usual.control


def test_another_planner_starts_from_its_own_defaults() -> None:
    assert settings_from(planner={"kind": "shooting"}).planner == ShootingSettings()


def test_another_rate_takes_the_settings_made_for_it() -> None:
    assert settings_from(control={"rate_hz": 50}).control.horizon != settings_from().control.horizon
    assert settings_from(control={"rate_hz": 50}).control.rate_hz == 50.0


def test_perturbations_are_parsed_and_written_back() -> None:
    texts = ["leg_loss:leg=left_middle+right_rear@4", "slope:deg=10,heading_deg=90@1-3"]
    settings = settings_from(perturbations=texts)
    loss, slope = settings.perturbations
    assert isinstance(loss, LegLoss)
    assert loss.legs == ("left_middle", "right_rear")
    assert isinstance(slope, Slope)
    assert slope.end == 3.0
    assert [str(perturbation) for perturbation in settings.perturbations] == texts


def test_a_perturbation_of_another_robot_is_refused_with_what_this_one_has() -> None:
    with pytest.raises(ConfigError, match="leg_loss.leg: expected one of front_left.* on robot go2, got 'left_middle'"):
        settings_from(robot="go2", perturbations=["leg_loss:leg=left_middle"])
    with pytest.raises(ConfigError, match="payload.mass: expected 0 to 0.05, got '5'"):
        settings_from(robot="roach", perturbations=["payload:mass=5"])


def test_the_settings_of_a_run_folder_repeat_the_run(tmp_path: Path) -> None:
    settings = settings_from(
        course="circle", perturbations=["payload:mass=0.008,x=0.02@2"], seed=7, control={"rate_hz": 50, "budget": 0.3}
    )
    file = tmp_path / "settings.yaml"
    file.write_text(to_yaml(settings), encoding="utf-8")
    assert run_settings([], file) == settings


@pytest.mark.parametrize(
    "flags,message",
    [
        ({"robot": "rouch"}, r"robot: unknown robot 'rouch'.*did you mean 'roach'\?"),
        ({"course": "figure9"}, r"course: unknown course 'figure9'.*did you mean 'figure8'\?"),
        ({"terrain": "turff"}, r"terrain: unknown terrain 'turff'.*did you mean 'turf'\?"),
        ({"adapter": "grabl"}, r"adapter: unknown adapter 'grabl'.*did you mean 'grbal'\?"),
        ({"model": "oracel"}, r"model: unknown model 'oracel'.*did you mean 'oracle'\?"),
        (
            {"planner": {"search": {"candidats": 3}}},
            r"planner.search.candidats: unknown key.*did you mean 'candidates'\?",
        ),
        ({"planner": {"search": {"elites": 0}}}, r"planner.search: icem: expected elites >= 1"),
        ({"control": {"risk": {"measure": "worse"}}}, r"control.risk.measure: expected 'mean', 'worst' or 'cvar'"),
        ({"planner": {"kind": "cme"}}, r"planner.kind: unknown kind 'cme'.*did you mean 'cem'\?"),
        ({"perturbations": ["leg_los:leg=left_middle"]}, r"perturbations\[0\]: .*did you mean 'leg_loss'\?"),
        ({"perturbations": [3]}, r"perturbations\[0\]: expected text like .*got 3"),
        ({"control": {"rate_hz": 33}}, r"control.rate_hz: expected one of 20hz, 50hz .*got 33"),
        ({"control": {"horizont": 3}}, r"control.horizont: unknown key.*did you mean 'horizon'\?"),
        ({"seconds": 0.01}, "seconds: expected at least one tick"),
        ({"seed": -1}, "seed: expected at least 0, got -1"),
        ({"seed": True}, "seed: .*integer, got True"),
    ],
)
def test_a_mistake_is_explained(flags: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^command line: {message}"):
        settings_from(**flags)


def test_a_checkpoint_that_is_given_serves_the_runs_own_adapter_only() -> None:
    settings = settings_from(checkpoint="mine.safetensors")
    assert settings.model_file(settings.adapter) == Path("mine.safetensors")
    assert settings.model_file("mb") == assets.checkpoint("roach", "mb")


def test_a_recipe_of_ones_own_runs_where_a_model_of_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"^command line: adapter: unknown adapter 'toy'; expected one of alpaca"):
        settings_from(adapter="toy")
    assert settings_from(adapter="toy", checkpoint="mine.safetensors").adapter == "toy"
    monkeypatch.setattr(assets, "checkpoint", lambda robot, recipe, *_: tmp_path / f"{robot}-{recipe}.safetensors")
    (tmp_path / "roach-toy-50hz.safetensors").touch()
    assert settings_from(adapter="toy").adapter == "toy"
    with pytest.raises(ConfigError, match=r"adapter: unknown adapter 'tov'.*did you mean 'toy'\?"):
        settings_from(adapter="tov")
    with pytest.raises(ConfigError, match="adapter: unknown adapter 'toy'"):
        settings_from(adapter="toy", robot="go2")


def test_the_checkpoint_of_another_rate_has_its_own_name() -> None:
    names = [settings_from(control={"rate_hz": rate}).model_file("mb").name for rate in (20, 50)]
    assert names == ["roach-mb.safetensors", "roach-mb-50hz.safetensors"]


def test_the_lists_for_people_name_what_the_settings_accept() -> None:
    assert {settings_from(adapter=recipe).adapter for recipe in RECIPES} == set(RECIPES)
    assert {settings_from(planner={"kind": kind}).planner.kind for kind in PLANNERS} == set(PLANNERS)


def test_a_hidden_goal_has_settings_of_its_own() -> None:
    """Its models are others: the adapter that is best on a path has none for it."""
    for course in ("hidden_speed", "hidden_turn:side=1"):
        usual = settings_from(course=course)
        assert usual.model_file(usual.adapter).is_file()
    assert settings_from(course="zigzag").adapter == settings_from().adapter
