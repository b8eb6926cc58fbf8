"""Courses from outside the library: one call, and everything that takes a course by name knows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.cli import main
from controller.courses import goals, paths
from dynamics import checkpoint
from tests.controller.conftest import untrained

FEW = ["--set", "planner.search.candidates=8", "--set", "planner.search.elites=4", "--seconds", "0.3"]


@pytest.fixture
def hook() -> Iterator[None]:
    """A path that turns once."""
    paths.register(paths.build("hook", [(1.0, 0.0), (0.5, 1.0)]))
    yield
    del paths.COURSES["hook"]


@pytest.fixture
def rest() -> Iterator[None]:
    """A family of goals: stand still, but for a drift to be found out."""
    family = replace(goals.GOALS["hidden_speed"], name="hidden_rest", description="hold a drift", low=0.0, high=0.02)
    goals.register(family)
    yield
    del goals.GOALS["hidden_rest"]


def run(capsys: pytest.CaptureFixture[str], out: Path, *arguments: str) -> dict[str, object]:
    assert main(["run", "--fast", "--no-video", *FEW, "--out", str(out), "--json", *arguments]) == 0
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


def test_a_path_from_outside_is_run_and_listed(
    hook: None, untrained_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, tmp_path / "run", "--course", "hook")["course"] == "hook"
    assert main(["list", "courses"]) == 0
    assert "hook           1.5 m, open" in capsys.readouterr().out


def test_a_hidden_goal_from_outside_is_run_and_listed(
    rest: None, untrained_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "rest.safetensors"
    checkpoint.save(untrained("mb", goal="hidden_rest"), model)
    summary = run(
        capsys, tmp_path / "run", "--course", "hidden_rest:speed=0.01", "--adapter", "mb", "--checkpoint", str(model)
    )
    assert summary["goal"] == "hidden_rest:speed=0.01"
    assert main(["list", "courses"]) == 0
    assert "hold a drift" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["figure8", "a:b", ""])
def test_a_name_that_is_taken_or_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="course: expected a new name"):
        paths.register(paths.build(name, [(1.0, 0.0)]))
    family = replace(goals.GOALS["hidden_turn"], name=name if name != "figure8" else "hidden_turn")
    with pytest.raises(ValueError, match="goal: expected a new name"):
        goals.register(family)
