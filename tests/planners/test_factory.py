from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from controller.cli import main
from controller.config import run_settings
from controller.settings.layers import ConfigError, Layer
from planners import factory, icem
from planners.plan import Plan, better, fallback, warm_start
from planners.problem import PlanningError, Problem


@dataclass(frozen=True)
class SteadySettings:
    """Goes on as before."""

    kind: Literal["steady"] = "steady"
    patience: int = 3


def steady(problem: Problem, settings: SteadySettings, previous: Plan | None, rng: np.random.Generator) -> Plan:
    candidates = warm_start(problem, previous)[None]
    return better(fallback(problem, previous), problem, candidates, *problem.evaluate(candidates))


@pytest.fixture
def registered() -> Iterator[None]:
    factory.register(SteadySettings, steady)
    yield
    del factory.PLANNERS["steady"]


def test_a_planner_from_outside_is_named_like_any_other(registered: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "planners", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["planners"]["steady"] == "Goes on as before."
    chosen = run_settings([Layer("--planner", {"planner": {"kind": "steady", "patience": 5}})])
    assert chosen.planner == SteadySettings(patience=5)
    with pytest.raises(ConfigError, match=r"^--planner: planner.patence: unknown key.*did you mean 'patience'\?"):
        run_settings([Layer("--planner", {"planner": {"kind": "steady", "patence": 5}})])
    with pytest.raises(ConfigError, match=r"^--planner: planner.kind: unknown kind 'stedy'.*did you mean 'steady'\?"):
        run_settings([Layer("--planner", {"planner": {"kind": "stedy"}})])


def test_a_planner_from_outside_drives_a_robot(registered: None, tmp_path: Path) -> None:
    run = [
        "run",
        "--planner",
        "steady",
        "--adapter",
        "mb",
        "--fast",
        "--seconds",
        "0.2",
        "--out",
        str(tmp_path / "run"),
    ]
    assert main(run) == 0


def test_a_kind_names_one_planner() -> None:
    with pytest.raises(PlanningError, match="^IcemSettings: kind: expected a new one, got icem"):
        factory.register(icem.IcemSettings, icem.plan)


def test_every_planner_says_in_one_line_what_it_does() -> None:
    for planner in factory.PLANNERS.values():
        assert planner.description.endswith(".")
        assert len(planner.description) < 100
