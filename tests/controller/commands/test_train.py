from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.table import Table

from controller.cli import main
from controller.settings.layers import ConfigError
from controller.training import experiment
from controller.training.settings import ExperimentSettings

ROOT = Path(__file__).parents[3]
RECIPES = "recipes:\n  mb: {adapter: {kind: fixed}}\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(f"seed: 3\ncollect:\n  episodes: 4\n{RECIPES}")
    return path


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[ExperimentSettings]:
    """Record what would be trained; every start leaves a file behind."""
    calls: list[ExperimentSettings] = []

    def run(settings: ExperimentSettings, out: Path, console: object) -> dict[str, object]:
        calls.append(settings)
        (out / "data.npz").touch()
        return {"gap_closed": 0.9}

    monkeypatch.setattr(experiment, "run", run)
    monkeypatch.setattr(experiment, "table", lambda results: Table())
    return calls


def test_the_file_and_the_flags_make_the_settings(
    config: Path, tmp_path: Path, started: list[ExperimentSettings], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "train",
        "--config",
        str(config),
        "--set",
        "collect.seconds=4.0",
        "--out",
        str(tmp_path / "out"),
        "--json",
    ]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out) == {"gap_closed": 0.9}
    (settings,) = started
    assert (settings.seed, settings.collect.episodes, settings.collect.seconds) == (3, 4, 4.0)


def test_an_interrupted_experiment_is_resumed_only_when_asked_to(
    config: Path, tmp_path: Path, started: list[ExperimentSettings]
) -> None:
    experiment.execute(config, [], tmp_path / "out", resume=False)
    with pytest.raises(ConfigError, match="holds an experiment already; go on with it by --resume"):
        experiment.execute(config, [], tmp_path / "out", resume=False)
    experiment.execute(config, [], tmp_path / "out", resume=True)
    assert len(started) == 2


def test_another_experiment_does_not_mix_in(config: Path, tmp_path: Path, started: list[ExperimentSettings]) -> None:
    experiment.execute(config, [], tmp_path / "out", resume=False)
    config.write_text(f"seed: 4\n{RECIPES}")
    with pytest.raises(ConfigError, match="holds an experiment with other settings"):
        experiment.execute(config, [], tmp_path / "out", resume=True)
    assert len(started) == 1


def test_progress_that_cannot_be_read_is_no_progress() -> None:
    whole = '{"step": 3, "train_loss": 0.5, "best_loss": 0.25}'
    read = {"step": 3.0, "train_loss": 0.5, "best_loss": 0.25}
    for rubbish in ("", "[]", "3", '{"step": 4}', '{"step": null, "train_loss": 1, "best_loss": 1}', whole[:-4]):
        assert experiment._newest([whole, rubbish]) == read


def test_a_folder_with_other_bytes_is_another_experiment(config: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "settings.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="holds an experiment with other settings"):
        experiment.execute(config, [], tmp_path / "out", resume=True)


def test_a_folder_whose_name_no_checkpoint_could_have_is_refused(
    config: Path, tmp_path: Path, started: list[ExperimentSettings]
) -> None:
    with pytest.raises(ConfigError, match="--out: expected a name in UTF-8, got 'out.*udcff'"):
        experiment.execute(config, [], Path("out\udcff"), resume=False)
    assert not started


def test_a_mistake_in_the_file_is_located(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("collect:\n  episods: 4\n")
    assert main(["train", "--config", str(config)]) == 2
    assert "small.yaml: collect.episods: unknown key" in capsys.readouterr().err


TRAINING = [path for path in sorted((ROOT / "configs" / "experiments").glob("*.yaml")) if "-stress" not in path.stem]


@pytest.mark.parametrize("file", TRAINING, ids=lambda path: path.stem)
def test_the_experiments_that_come_along_are_valid(
    file: Path, tmp_path: Path, started: list[ExperimentSettings]
) -> None:
    experiment.execute(file, [], tmp_path / "out", resume=False)
    assert len(started) == 1


@pytest.mark.parametrize(
    "change, message",
    [
        ("recipes={../x: {}}", "recipes: expected names of lower-case letters, digits and _, 40 at most, got '../x'"),
        ("recipes={'': {}}", "recipes: expected names of lower-case letters, digits and _, 40 at most, got ''"),
        ("recipes.mb.network.hidden=[1000000000]", "at most 10,000, got (1000000000,)"),
        ("recipes.mb.network.members=1000000000", "at most 10,000, got 1000000000"),
        ("recipes.mb.fit={steps: 1, batch: 1000000000}", "batch: expected at most 1,000,000, got 1000000000"),
        ("collect.episodes=1000000000", "episodes: expected at most 1,000,000, got 1000000000"),
        ("collect.seconds=1e12", "seconds: expected at most 3,600, got 1000000000000.0"),
        ("workers=1000000000", "workers: expected at most 10,000, got 1000000000"),
        ("rate_hz=1e308", "rate_hz: expected more than 0 and at most 500, got 1e+308"),
    ],
)
def test_what_no_machine_has_room_for_is_refused_before_anything_is_written(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str, message: str
) -> None:
    assert main(["train", "--config", str(config), "--out", str(tmp_path / "out"), "--set", change]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not (tmp_path / "out").exists()
