"""One tiny experiment on the real simulator, through every stage."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

from controller.settings.robots import spec
from controller.training import experiment, fitting
from controller.training.fitting import load_training
from controller.training.on_policy_episodes import OnPolicySettings
from controller.training.random_episodes import CollectSettings
from controller.training.settings import ExperimentSettings, RecipeSettings
from dynamics import checkpoint, factory
from dynamics.adapters.context import AttentionSettings, BeliefSettings, LatentSettings
from dynamics.adapters.finetune import FinetuneSettings
from dynamics.adapters.fixed import FixedSettings, InformedSettings
from dynamics.adapters.gradient import GradientSettings
from dynamics.adapters.proposal import ProposalSettings
from dynamics.state_space import Channel
from dynamics.training import dataset
from dynamics.training.dataset import Episodes
from dynamics.training.fit import FitSettings
from dynamics.training.recipes import NetworkSettings
from sim.perturbations import channels

NETWORK = NetworkSettings((16,))
PLAIN, META = FitSettings(steps=60, batch=32, validate_every=30), FitSettings(steps=20, batch=8, validate_every=10)
STILL = FitSettings(steps=1, batch=8, rate=1e-9)
TINY = ExperimentSettings(
    query=4,
    support=8,
    validation=0.2,
    collect=CollectSettings(episodes=14, heldout_episodes=7, seconds=2.0, workers=1),
    on_policy=OnPolicySettings(rounds=1, episodes=2, fit_steps=10),
    recipes={
        "mb": RecipeSettings(FixedSettings(), PLAIN, NETWORK, query=1),
        "mb_de": RecipeSettings(FinetuneSettings(window=8), shares="mb"),
        "grbal": RecipeSettings(GradientSettings(window=8, steps=1), META, NETWORK, query=4),
        "belief": RecipeSettings(BeliefSettings(window=8, hidden=8), META, NETWORK, query=4, plain="mb"),
        "informed": RecipeSettings(InformedSettings(), PLAIN, NETWORK, query=1),
        "snail": RecipeSettings(AttentionSettings(window=8), META, NETWORK, query=4, plain="mb"),
        "snail_grbal": RecipeSettings(ProposalSettings(window=8), STILL, NETWORK, query=4, begins="snail", plain="mb"),
    },
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    out = tmp_path_factory.mktemp("experiment")
    return out, experiment.run(TINY, out, Console(quiet=True))


def test_every_recipe_is_trained_and_judged(trained: tuple[Path, dict[str, object]]) -> None:
    out, report = trained
    for recipe in TINY.recipes:
        loaded = checkpoint.load(TINY.model_file(out, recipe))
        assert (loaded.robot, loaded.recipe, loaded.period) == ("roach", recipe, 0.05)
    overall = report["all"]
    assert isinstance(overall, dict)
    assert {*TINY.recipes, *(f"{name}_prior" for name in ("grbal", "belief", "snail", "snail_grbal"))} == set(overall)
    assert {name for name, found in overall.items() if "gap_closed" in found} == {*overall} - {"mb", "informed"}
    assert (out / "evaluation.json").exists()


def test_on_policy_runs_join_the_training_data(trained: tuple[Path, dict[str, object]]) -> None:
    out, _ = trained
    extra = dataset.load(out / "data" / "on-policy-0.npz")
    assert len(extra) == 2
    assert len(load_training(out)) == 16
    low, high = extra.actions.min(), extra.actions.max()
    assert low >= 2 * 6.28 - 0.1
    assert high <= 9 * 6.29


def test_a_killed_experiment_does_again_only_what_is_missing(trained: tuple[Path, dict[str, object]]) -> None:
    out, report = trained
    path = TINY.model_file(out, "grbal")
    others = {file: file.stat().st_mtime_ns for file in out.glob("*.safetensors") if file != path}
    before = checkpoint.load(path).model.prior
    path.unlink()
    again = experiment.run(TINY, out, Console(quiet=True))
    after = checkpoint.load(path).model.prior
    assert all(torch.equal(a, b) for a, b in zip(after, before, strict=True))
    assert others == {file: file.stat().st_mtime_ns for file in others}
    assert again["all"] == report["all"]


def test_a_goal_gives_every_recipe_a_reward_head(trained: tuple[Path, dict[str, object]], tmp_path: Path) -> None:
    pursuing = replace(TINY, goal="hidden_turn", on_policy=OnPolicySettings())
    (tmp_path / "data").mkdir()
    for split in ("train", "heldout"):
        shutil.copy(trained[0] / "data" / f"{split}.npz", tmp_path / "data")
    report = experiment.run(pursuing, tmp_path, Console(quiet=True))
    assert report["all"] != trained[1]["all"]
    plain = checkpoint.load(TINY.model_file(trained[0], "informed")).model
    for recipe in TINY.recipes:
        model = checkpoint.load(tmp_path / f"roach-{recipe}-hidden_turn.safetensors").model
        assert model.space.channels[:-3] == plain.space.channels
        assert model.space.channels[-1] == Channel("hidden_turn_reward", "1", "signal")
        assert model.num_inputs == plain.num_inputs + 2
        if model.condition is not None and plain.condition is not None:
            assert len(model.condition.mean) == len(plain.condition.mean) + 1


def test_an_adapter_that_encodes_windows_starts_from_its_plain_model(trained: tuple[Path, dict[str, object]]) -> None:
    belief, plain = (checkpoint.load(TINY.model_file(trained[0], name)) for name in ("belief", "mb"))
    first = factory.make(belief.adapter, belief.model, belief.parts).initial().weights
    assert all(torch.equal(a, b) for a, b in zip(first, plain.model.prior, strict=True))


def test_plans_are_judged_too(trained: tuple[Path, dict[str, Any]]) -> None:
    ahead = trained[1]["ahead"]
    assert {"steps", *TINY.recipes} <= set(ahead)
    assert all(np.isfinite(ahead[name]["error"]["mean"]) for name in TINY.recipes)


def test_mirrored_episodes_are_learned_from_and_not_judged_on(trained: tuple[Path, dict[str, object]]) -> None:
    robot = spec("go2")
    rng, shape = np.random.default_rng(0), (10, 40)
    states, actions = (rng.normal(size=(*shape, len(part))) for part in (robot.channels, robot.actions))
    told = rng.normal(size=(*shape, len(channels(robot.anatomy))))
    recorded = Episodes(np.concatenate([states, states[:, :1]], axis=1), actions, told, np.array(["none"] * 10))
    plain, twice = (fitting._splits(replace(TINY, robot="go2", mirror=mirror), recorded) for mirror in (False, True))
    assert len(twice[0]) == 2 * len(plain[0])
    np.testing.assert_array_equal(twice[1].states, plain[1].states)
    again = fitting.mirrored(robot, fitting.mirrored(robot, plain[0]))
    np.testing.assert_allclose(again.actions, plain[0].actions)
    with pytest.raises(ValueError, match="mirror: expected false without a symmetric robot on a path, got True"):
        replace(TINY, mirror=True)


def test_a_recipe_goes_on_from_the_one_that_it_begins_with(trained: tuple[Path, dict[str, object]]) -> None:
    snail, further = (checkpoint.load(TINY.model_file(trained[0], name)) for name in ("snail", "snail_grbal"))
    assert set(further.parts) == {"encoder", "entry", "rates", "plain"}
    for before, after in (
        (snail.model.prior, further.model.prior),
        *((snail.parts[name], further.parts[name]) for name in ("encoder", "entry")),
    ):
        assert all(torch.allclose(a, b, atol=1e-7) for a, b in zip(before, after, strict=True))


def test_a_recipe_begins_with_one_that_begins_with_none() -> None:
    further = TINY.recipes["snail_grbal"]
    for wrong in ("mb_de", "snail_grbal", "snial", "other"):
        recipes = {**TINY.recipes, "other": further, "more": replace(further, begins=wrong)}
        with pytest.raises(ValueError, match="recipes.more.begins: expected one of mb, grbal, .*snail, got"):
            replace(TINY, recipes=recipes)


def test_a_plain_model_must_be_one_that_fits() -> None:
    belief, grbal = TINY.recipes["belief"], TINY.recipes["grbal"]
    for wrong in (replace(belief, plain="grbal"), replace(belief, network=NetworkSettings((8,)))):
        with pytest.raises(ValueError, match="recipes.belief.plain: expected "):
            replace(TINY, recipes={**TINY.recipes, "belief": wrong})
    with pytest.raises(ValueError, match="recipes.grbal.plain: .* encodes windows, got gradient"):
        replace(TINY, recipes={**TINY.recipes, "grbal": replace(grbal, plain="mb")})


def test_inconsistent_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="recipes.mb: expected window \\+ query of at most an episode, 40 ticks"):
        replace(TINY, query=40)
    with pytest.raises(ValueError, match="recipes.grbal: expected window \\+ query of at most an episode, 40 ticks"):
        replace(TINY, recipes={**TINY.recipes, "grbal": replace(TINY.recipes["grbal"], query=40)})
    with pytest.raises(ValueError, match="shares: expected one of a recipe of kind finetune or fixed .*, got 'mb'"):
        replace(TINY, recipes={"mb_de": TINY.recipes["mb_de"]})
    for shared in ("grbal", "other", "mb_de"):
        other = replace(TINY.recipes["mb_de"], shares="mb")
        wrong = {**TINY.recipes, "other": other, "mb_de": replace(other, shares=shared)}
        with pytest.raises(ValueError, match=f"recipes.mb_de.shares: expected one of mb, got '{shared}'"):
            replace(TINY, recipes=wrong)
    for driver in ("other", "mb_de"):
        with pytest.raises(ValueError, match=f"on_policy.driver: expected one of .*, got '{driver}'"):
            replace(TINY, on_policy=OnPolicySettings(rounds=1, driver=driver))
    with pytest.raises(ValueError, match="adapter.rollout: expected at most the query's 4 transitions, got 5"):
        replace(TINY.recipes["grbal"], adapter=GradientSettings(window=8, rollout=5))
    with pytest.raises(ValueError, match="adapter.samples: expected 0 with 3 members of an ensemble"):
        RecipeSettings(LatentSettings(samples=5), network=NetworkSettings(members=3))
    with pytest.raises(ValueError, match="unknown robot 'beetle'; expected one of .*, go2, go2-sport, .*, roach"):
        replace(TINY, robot="beetle")
    with pytest.raises(ValueError, match="without: unknown family 'legloss'.*did you mean 'leg_loss'"):
        replace(TINY, without="legloss")
    with pytest.raises(ValueError, match="unknown goal 'hidden_run'.*hidden_speed, hidden_turn"):
        replace(TINY, goal="hidden_run", on_policy=OnPolicySettings())
    with pytest.raises(ValueError, match="reward_weight: expected a positive number, got 0"):
        replace(TINY, reward_weight=0.0)
    with pytest.raises(ValueError, match="on_policy.rounds: expected 0 with a hidden goal, got 1"):
        replace(TINY, goal="hidden_turn")


def test_a_family_that_is_left_out_is_not_trained_on(trained: tuple[Path, dict[str, object]]) -> None:
    out, _ = trained
    left = load_training(out, without="leg_loss")
    assert set(left.families.tolist()) == set(load_training(out).families.tolist()) - {"leg_loss", "mixture"}
    assert replace(TINY, without="slope").model_file(out, "mb").name == "roach-mb-without-slope.safetensors"


def test_a_belief_knows_the_names_of_its_numbers(trained: tuple[Path, dict[str, object]]) -> None:
    out, _ = trained
    adapter = checkpoint.load(TINY.model_file(out, "belief")).adapter
    assert isinstance(adapter, BeliefSettings)
    assert "present_left_middle" in adapter.channels


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"recipes": {}}, "recipes: expected at least one"),
        ({"validation": 0.99}, "validation: expected to leave some of"),
    ],
)
def test_an_experiment_with_nothing_to_train_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(TINY, **changes)
