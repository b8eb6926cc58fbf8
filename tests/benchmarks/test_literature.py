"""The literature's experiments: their files fit together, their tests can happen, and the tables say what was found."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from benchmarks.literature import foresight
from benchmarks.literature.__main__ import Foresee, Report, Run, cells, main
from benchmarks.literature.cells import SETTINGS, Cell
from benchmarks.literature.experiments import EXPERIMENTS
from benchmarks.literature.foresight import foresights
from benchmarks.literature.report import report
from controller.config import RunSettings
from controller.jobs.study import Store
from controller.settings.layers import read_yaml, resolve
from controller.settings.robots import spec
from controller.training.settings import ExperimentSettings
from dynamics import checkpoint
from dynamics.adapters.fixed import FixedSettings
from dynamics.checkpoint import Checkpoint
from dynamics.rollout.kernel import Kernel
from dynamics.state_space import from_names
from dynamics.training import dataset
from dynamics.training.dataset import Episodes
from sim.perturbations import CrippledLeg, DeadMotor, check
from tests.dynamics.toys import model

BUDGETS = {"ant-grbal": 100_000}
"""Steps of the environment, where there are not as many as usual."""
SUITES = [file for file in SETTINGS.glob("*.yaml") if not file.stem.endswith(("-run", "-drive"))]


@pytest.mark.parametrize("suite", SUITES, ids=lambda file: file.stem)
def test_a_suite_gathers_its_own_data_at_the_rate_at_which_it_is_tested(suite: Path) -> None:
    pytest.importorskip("gymnasium")
    settings = resolve(ExperimentSettings, [read_yaml(suite)])
    tested = resolve(RunSettings, [read_yaml(suite.with_name(f"{suite.stem}-run.yaml"))])
    driven = resolve(RunSettings, [read_yaml(Path(str(settings.on_policy.like)))])
    assert tested.robot == driven.robot == settings.robot
    assert tested.course == driven.course
    assert vars(tested.planner)["answer"] == vars(driven.planner)["answer"]
    assert tested.control.rate_hz == driven.control.rate_hz == settings.rate_hz == spec(settings.robot).control_hz
    episodes = settings.collect.episodes + settings.on_policy.rounds * settings.on_policy.episodes
    assert episodes * settings.collect.seconds * settings.rate_hz == BUDGETS.get(suite.stem, 200_000)
    offered, trained = set(Run(("models",)).recipes), set(settings.recipes) - {settings.on_policy.driver}
    assert trained <= offered
    assert {name for name in offered if not name.endswith("_3")} <= trained


@pytest.mark.parametrize("robot", ["half-cheetah", "ant"])
def test_a_run_of_a_body_searches_as_its_suite_does(robot: str) -> None:
    pytest.importorskip("gymnasium")
    tested = resolve(RunSettings, [read_yaml(SETTINGS / f"{robot}-run.yaml")])
    usual = resolve(RunSettings, [read_yaml(Path("configs/run") / f"{robot}.yaml")])
    assert (usual.planner, usual.control, usual.course) == (tested.planner, tested.control, tested.course)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_what_is_tested_on_can_happen_and_was_not_trained(name: str) -> None:
    anatomy = spec(str(read_yaml(SETTINGS / EXPERIMENTS[name].settings).values["robot"])).anatomy
    for draw in EXPERIMENTS[name].conditions.values():
        happens = draw(np.random.default_rng(0))
        check(happens, anatomy)
        for perturbation in happens:
            if isinstance(perturbation, DeadMotor):
                assert perturbation.motor in anatomy.kept_motors
            if isinstance(perturbation, CrippledLeg):
                assert perturbation.legs in anatomy.leg_sets.heldout


def test_tables_tell_returns_beside_the_published_ones_and_when_a_run_recovered() -> None:
    def run(condition: str, recipe: str, rewards: list[float], happens: str) -> tuple[Cell, dict[str, object]]:
        experiment = "E2" if condition in EXPERIMENTS["E2"].conditions else "E4-half-cheetah"
        told = {"rewards": rewards, "happens": [happens], "period": 0.1, "tick_ms": 5.0}
        return Cell(experiment, condition, recipe, "models", 0, 10.0), told

    late = [1.0] * 50 + [0.0] * 10 + [1.0] * 40
    found = [
        run("fshin", "mb", [0.5] * 20, "dead_motor:name=fshin"),
        run("both", "mb", [1.5] * 20, "dead_motor:name=fshin"),
        run("bthigh in mid-run", "grbal", late, "dead_motor:name=bthigh@5"),
    ]
    text = report(dict(found))
    assert "| mb | 1000 | 500 | 1500 | 2 | 20 | 5.0 ms |" in text
    assert "| *PE-TS + CaDM* | 2619 |" in text
    assert "grbal after 1.0 s, at 1000" in text
    assert "E1" not in text


def test_what_was_run_is_told_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "half-cheetah-mb.safetensors").touch()
    asked = Run((str(tmp_path),), ("E1",), ("mb", "snail"), runs=2)
    wanted = list(cells(asked))
    assert [(cell.recipe, cell.number) for cell in wanted] == [("mb", 0)] * 4 + [("mb", 1)] * 4
    store = Store(tmp_path / "runs")
    for cell in wanted:
        store.put(cell, {"rewards": [2.0], "happens": [], "period": 0.05, "tick_ms": 1.0})
    lines = [json.dumps(vars(cell)) for cell in wanted]
    (tmp_path / "cells.jsonl").write_text("\n".join(lines), encoding="utf-8")
    main(Report(tmp_path))
    assert "| mb | 2000 [2000, 2000] | 2000 | 2000 | 2000 | 2000 | 8 | 1 | 1.0 ms |" in capsys.readouterr().out


def earning(recipe: str, number: int, reward: float, condition: str = "both") -> tuple[Cell, dict[str, object]]:
    told = {"rewards": [reward] * 10, "happens": ["dead_motor:name=ffoot"], "period": 0.1, "tick_ms": 5.0}
    return Cell("E2", condition, recipe, "models", number, 10.0), told


def test_recipes_are_compared_run_by_run_with_what_does_not_adapt() -> None:
    runs = [earning("mb", 0, 1.0), earning("mb", 1, 2.0), earning("ensemble", 0, 2.0), earning("ensemble", 1, 2.0)]
    runs += [earning("snail", 0, 3.0), earning("snail", 1, 6.0), earning("snail", 7, 100.0)]  # the last has none beside
    text = report(dict(runs))
    assert "Times what mb earns, run by run: ensemble 1.33 [1.00, 2.00]; snail 3.00 [3.00, 3.00]." in text
    assert "Times what ensemble earns, run by run: mb 0.75 [0.50, 1.00]; snail 2.25 [1.50, 3.00]." in text
    assert "snail 3.00." in report(dict([*runs[:1], *runs[4:5]]))
    assert "Times" not in report(dict(runs[4:]))
    assert "snail not run beside it" in report(dict([*runs[:2], earning("snail", 0, 3.0, "fshin")]))


def test_runs_may_begin_after_those_that_something_was_chosen_on(tmp_path: Path) -> None:
    (tmp_path / "half-cheetah-mb.safetensors").touch()
    asked = Run((str(tmp_path),), ("E2",), ("mb",), runs=2, first=4)
    assert {cell.number for cell in cells(asked)} == {4, 5}


def test_what_cannot_be_run_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"--experiments E9: .*E1"):
        main(Run((str(tmp_path),), ("E9",), out=tmp_path / "out"))
    for wrong in ({"runs": 0}, {"first": -1}, {"seconds": 0.0}):
        with pytest.raises(SystemExit, match="expected"):
            main(Run((str(tmp_path),), ("E1",), out=tmp_path / "out", **wrong))
    for folder, recipe in ((tmp_path / "none", "mb"), (tmp_path, "snial")):
        (tmp_path / "half-cheetah-mb.safetensors").touch()
        with pytest.raises(SystemExit, match=f"{folder}: expected a trained model of {recipe}, found none"):
            main(Run((str(folder),), ("E1",), (recipe,), out=tmp_path / "out"))


@pytest.mark.parametrize(
    "given, message",
    [
        ({"set": ("control.calmm=0.3",)}, r"--set control.calmm=0.3: control.calmm: unknown key; .* 'calm'"),
        ({"seconds": 4.0}, r"E4-half-cheetah, bthigh in mid-run: .* expected an onset within the run of 4 s, got 5"),
    ],
)
def test_settings_that_cannot_be_are_one_line_before_anything_is_run(
    tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    (tmp_path / "half-cheetah-grbal-mb.safetensors").touch()
    with pytest.raises(SystemExit, match=message):
        main(Run((str(tmp_path),), ("E4-half-cheetah",), ("mb",), out=tmp_path / "out", **given))
    assert not (tmp_path / "out").exists()


def test_a_model_that_is_the_truth_foretells_every_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vehicle, rng = model(np.random.default_rng(0)), np.random.default_rng(1)
    actions, begin = rng.uniform(-1, 1, (3, 30, 2)), np.array([0.0, 0.0, 0.0, 0.5, 0.0])
    kernel = Kernel(vehicle, vehicle.prior)
    states = np.stack([kernel.rollout(begin, each[None])[0, 0] for each in actions]).astype(np.float64)
    gone = Episodes(states, actions, np.zeros((3, 30, 1)), np.array(["none"] * 3))
    (tmp_path / "data").mkdir()
    (tmp_path / "round-0").mkdir()
    dataset.save(gone, tmp_path / "data" / "on-policy-0.npz")
    saved = Checkpoint("toy", "mb", 0.1, vehicle, FixedSettings(), {}, {})
    checkpoint.save(saved, tmp_path / "round-0" / "toy-mb.safetensors")
    (found,) = foresights(tmp_path, 10)
    assert found.ways.correlation == pytest.approx(1.0)
    assert found.ways.missed == pytest.approx(0.0, abs=1e-4)
    assert found.leaning is None, "a vehicle never lies"
    assert found.way == pytest.approx(float((states[:, -1, 0] - states[:, 0, 0]).mean()))
    main(Foresee((str(tmp_path),), steps=10))
    assert "1.00" in capsys.readouterr().out
    for wrong in (0, 31):
        with pytest.raises(SystemExit, match=f"steps: expected 1 to 30, as long as episodes are, got {wrong}"):
            main(Foresee((str(tmp_path),), steps=wrong))
    (tmp_path / "round-0" / "toy-mb.safetensors").write_bytes(b"cut short")
    with pytest.raises(SystemExit, match=r"toy-mb\.safetensors: expected a whole safetensors file"):
        main(Foresee((str(tmp_path),), steps=10))
    with pytest.raises(SystemExit, match="expected a folder of `limber train` with its rounds"):
        main(Foresee((str(tmp_path / "none"),)))


def test_how_a_body_lies_is_judged_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = [("x", "m", "pose_x"), ("y", "m", "pose_y"), ("yaw", "rad", "pose_yaw"), ("roll", "rad", "circular")]
    space = from_names([*layout, ("pitch", "rad", "circular")])  # type: ignore[list-item]
    rng = np.random.default_rng(0)
    before = np.concatenate([np.zeros((30, 5)), np.tile([0.0, 0.0, 0.0, 3.0, 0.0], (30, 1))])
    came = before + rng.normal(size=before.shape) * [1.0, 0.0, 0.0, 0.1, 0.1]
    foretold = came + np.array([0.5, 0.0, 0.0, 2.0 * np.pi, 0.0])
    foretold[:30, 3] += 1.0
    loaded = SimpleNamespace(model=SimpleNamespace(space=space))
    monkeypatch.setattr(checkpoint, "load", lambda _: loaded)
    monkeypatch.setattr(foresight, "rolled", lambda *_: (before, foretold, came))
    ways, leaning = foresight.judged(Path("driver"), cast(Episodes, None), 10)
    assert ways.correlation == pytest.approx(1.0)
    assert ways.missed == pytest.approx(0.5)
    assert leaning is not None
    assert leaning.missed == pytest.approx(0.0, abs=1e-9), "a full turn is none, and those that stand do not count"
    monkeypatch.setattr(foresight, "rolled", lambda *_: (before[:40], foretold[:40], came[:40]))
    assert foresight.judged(Path("driver"), cast(Episodes, None), 10)[1] is None, "ten say nothing"
