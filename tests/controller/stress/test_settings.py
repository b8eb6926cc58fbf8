from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from controller.settings.assets import RECIPES
from controller.settings.layers import ConfigError, assignment
from controller.stress.settings import ORACLE, PROTOCOLS, StressCondition, StressSettings, Trial
from controller.stress.suite import stress_settings
from planners.hybrid import HybridSettings
from sim.perturbations import LegLoss, Motor, parse
from tests.controller.suites import INTACT, LEFT_OUT, LEG, SMALL, suite, write
from tests.sim.anatomies import ANATOMIES

ROOT = Path(__file__).parents[3]
SUITES = sorted((ROOT / "configs" / "experiments").glob("*-stress*.yaml"))


def test_a_drawn_condition_is_the_same_for_every_adapter_and_another_at_every_seed() -> None:
    condition = StressCondition("motors", "onset", family="motor", onset=4.0)
    drawn = [condition.at(seed, "roach") for seed in range(20)]
    assert drawn == [condition.at(seed, "roach") for seed in range(20)]
    assert len(set(drawn)) == 20
    assert all(isinstance(p, Motor) and p.onset == 4.0 for (p,) in drawn)
    settings = suite(conditions=(condition,))
    runs = [settings.run(Trial(condition, adapter, 3)) for adapter in ("mb", "grbal", "informed")]
    assert len({(run.perturbations, run.seed) for run in runs}) == 1


def test_drawn_parameters_were_kept_back_from_training() -> None:
    drawn = [StressCondition("legs", "within", family="leg_loss").at(seed, "roach") for seed in range(50)]
    assert {p.legs for (p,) in drawn if isinstance(p, LegLoss)} <= set(ANATOMIES["roach"].leg_sets.heldout)
    trained = StressCondition("legs", "within", family="leg_loss", split="train").at(0, "roach")
    assert isinstance(trained[0], LegLoss)
    assert trained[0].legs in ANATOMIES["roach"].leg_sets.train


def test_a_recipe_of_ones_own_takes_part_where_a_model_of_it_is(tmp_path: Path) -> None:
    (tmp_path / "roach-toy.safetensors").touch()
    settings = StressSettings((INTACT,), ("mb", "toy"), models=str(tmp_path))
    assert settings.run(Trial(INTACT, "toy", 0)).checkpoint == str(tmp_path / "roach-toy.safetensors")
    with pytest.raises(ValueError, match="adapters: unknown adapter 'toy'; expected one of alpaca"):
        suite("mb", "toy")


def test_two_conditions_of_one_family_draw_apart() -> None:
    first, second = (StressCondition(name, "within", family="payload") for name in ("a", "b"))
    assert first.at(0, "roach") != second.at(0, "roach")


def test_what_is_written_out_happens_at_every_seed() -> None:
    assert LEG.at(0, "roach") == LEG.at(7, "roach") == (parse("leg_loss:leg=left_middle@4"),)
    assert INTACT.at(3, "roach") == ()


def test_every_trial_runs_once_and_the_oracle_first() -> None:
    settings = suite("mb", "grbal", ORACLE, seeds=3)
    trials = settings.trials()
    assert len(set(trials)) == len(trials) == 3 * 3 * 2 + 2 * 3
    assert Counter(trial.adapter for trial in trials) == {"mb": 9, "grbal": 9, ORACLE: 6}
    assert {trial.adapter for trial in trials[:6]} == {ORACLE}
    assert len({trial.slug for trial in trials}) == len(trials)


def test_the_oracle_runs_beside_the_default_adapter() -> None:
    settings = suite("mb", ORACLE)
    run = settings.run(Trial(LEG, ORACLE, 0))
    assert (run.model, run.adapter) == ("oracle", settings.adapter)
    assert settings.run(Trial(LEG, "mb", 0)).model == "learned"


def test_models_without_a_family_lie_beside_the_others() -> None:
    settings = suite(conditions=(LEFT_OUT,))
    shipped = settings.run(Trial(LEFT_OUT, "grbal", 0)).checkpoint
    assert shipped == str(ROOT / "models" / "leave-one-out" / "roach-grbal-without-leg_loss.safetensors")
    own = replace(settings, models="mine")
    assert own.run(Trial(LEFT_OUT, "mb", 0)).checkpoint == "mine/leave-one-out/roach-mb-without-leg_loss.safetensors"
    assert own.run(Trial(LEG, "mb", 0)).checkpoint == "mine/roach-mb.safetensors"


@pytest.mark.parametrize("file", SUITES, ids=lambda path: path.stem)
def test_the_suites_that_come_along_are_valid(file: Path) -> None:
    settings = stress_settings(file, [])
    assert {"mb", "informed", settings.adapter} <= set(settings.adapters) <= {*RECIPES, ORACLE}
    assert settings.seeds >= 30
    assert isinstance(settings.planner, HybridSettings)
    for condition in settings.conditions:
        assert all(p.onset <= settings.seconds - 4.0 for p in condition.at(0, settings.robot))
        settings.run(Trial(condition, "mb", 0))  # refuses what cannot happen to this robot


def test_the_main_suite_keeps_its_word_about_protocols() -> None:
    settings = stress_settings(ROOT / "configs" / "experiments" / "roach-stress.yaml", [])
    by_protocol = {name: [c for c in settings.conditions if c.protocol == name] for name in PROTOCOLS}
    assert all(by_protocol.values())
    assert all(c.family and c.split == "heldout" for c in by_protocol["within"])
    assert all(p.onset > 0.0 for c in by_protocol["onset"] for p in c.at(0, "roach"))
    assert all(
        len(c.at(0, "roach")) == 2 and c.at(0, "roach")[0].end < c.at(0, "roach")[1].onset
        for c in by_protocol["return"]
    )
    assert all(len(c.at(0, "roach")) >= 2 for c in by_protocol["compound"])
    trained = {"leg_loss", "payload", "slope", "motor", "friction"}
    assert all(p.name not in trained for c in by_protocol["across"] for p in c.at(0, "roach"))
    edges = {"motor": "gain", "payload": "mass", "friction": "mu"}
    for condition in by_protocol["extrapolation"]:
        (perturbation,) = condition.at(0, "roach")
        key = edges[perturbation.name]
        bands = ANATOMIES["roach"].ranges[perturbation.name][key]
        value = perturbation.gains[0][1] if isinstance(perturbation, Motor) else getattr(perturbation, key)
        known = (*bands.train, *bands.heldout)
        assert not min(low for low, _ in known) <= value <= max(high for _, high in known)


@pytest.mark.parametrize("file", SUITES, ids=lambda path: path.stem)
def test_every_family_is_left_out_once_or_not_at_all(file: Path) -> None:
    without = [c.without for c in stress_settings(file, []).conditions if c.without]
    assert sorted(without) in ([], ["friction", "leg_loss", "motor", "payload", "slope"])


def test_planner_and_rhythm_are_the_robots_own_unless_the_suite_says_otherwise(tmp_path: Path) -> None:
    settings = stress_settings(write(tmp_path), [])
    assert settings.control.horizon == 12
    assert isinstance(settings.planner, HybridSettings)
    assert settings.planner.search.candidates == 24
    assert settings.planner.polish.damping == 3.0


@pytest.mark.parametrize(
    "change,message",
    [
        (("protocol: onset", "protocol: onsett"), "small.yaml: conditions[1].protocol: unknown protocol 'onsett'; "),
        (("protocol: onset", "protocol: onsett"), "did you mean 'onset'"),
        (("family: none", "family: legloss"), "conditions[0].family: unknown family 'legloss'"),
        (("leg_loss:leg", "leg_los:leg"), "did you mean 'leg_loss'"),
        (("name: leg", "name: intact"), "conditions: expected one or more different names, got intact, intact"),
        (("name: leg", "name: Leg_1"), "name: expected lower-case letters"),
        ((", family: none", ""), "intact: expected either perturbations or a family"),
        (("family: none", 'family: none, perturbations: ["push:y=0.01"]'), "expected either perturbations or a family"),
        (("name: leg,", "name: leg, onset: 3.0,"), "leg: onset: expected a time [s] for a drawn family"),
        (("[mb, grbal]", "[mb, grabl]"), "small.yaml: adapters: unknown adapter 'grabl'; expected one of"),
        (("[mb, grbal]", "[mb, mb]"), "adapters: expected one or more different names"),
        (("[mb, grbal]", "[]"), "adapters: expected one or more different names, got none"),
        (("seeds: 2", "seeds: 0"), "seeds: expected at least 1, got 0"),
        (("seeds: 2", "seed: 2"), "seed: unknown key; expected one of"),
        (("seeds: 2", "robot: rouch"), "robot: unknown robot 'rouch'"),
        (("seeds: 2", "course: hidden_speed"), "course: expected one with a path, "),
        (("left_middle@0.5", "left_middle@1"), "leg: expected an onset within the run of 1 s, got 1"),
        (("name: intact,", "name: intact, onset: 40.0,"), "intact: expected an onset within the run of 1 s, got 40"),
    ],
)
def test_a_mistake_is_located(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    assert change[0] in SMALL
    with pytest.raises(ConfigError) as caught:
        stress_settings(write(tmp_path, SMALL.replace(*change)), [])
    assert message in str(caught.value)


def test_a_robot_named_on_the_command_line_brings_its_own_planner(tmp_path: Path) -> None:
    file = write(tmp_path, SMALL.replace("planner: {search: {candidates: 24, elites: 6}}\n", ""))
    named = stress_settings(file, [assignment("robot=go2")])
    (tmp_path / "go2.yaml").write_text(file.read_text() + "robot: go2\n")
    written = stress_settings(tmp_path / "go2.yaml", [])
    assert named == written
    assert named.planner != stress_settings(file, []).planner


def test_settings_need_conditions(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="conditions: missing"):
        stress_settings(write(tmp_path, "seeds: 2\n"), [])
    with pytest.raises(ValueError, match="conditions: expected one or more"):
        StressSettings(())
    with pytest.raises(ValueError, match="onset"):
        StressCondition("a", "onset", family="motor", onset=math.inf)
