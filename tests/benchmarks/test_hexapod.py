from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import hexapod
from benchmarks.hexapod import Arguments, Cell, happens
from controller.jobs.study import Result
from sim.perturbations import LegLoss


def test_seeds_go_through_all_legs_and_all_pairs_and_others_draw_their_own() -> None:
    for row, count, size in (("one leg", 6, 1), ("two legs", 15, 2)):
        lost = [item.legs for seed in range(30) for item in happens(row, seed) if isinstance(item, LegLoss)]
        assert len(set(lost)) == count
        assert all(len(legs) == size for legs in lost)
    assert happens("intact", 0) == ()
    for row in hexapod.ROWS[3:]:
        drawn = {str(happens(row, seed)[0]) for seed in range(8)}
        assert len(drawn) > 1
        assert all(text.startswith(row) and text.endswith("@2") for text in drawn)


@pytest.mark.parametrize(
    "one_leg, two_legs, dear, holds", [(0.9, 0.7, 0.5, True), (0.8, 0.7, 0.5, False), (0.9, 0.7, -0.1, False)]
)
def test_what_is_promised_is_speed_kept_and_cost_saved(
    one_leg: float, two_legs: float, dear: float, holds: bool
) -> None:
    arguments, speeds = Arguments(out=Path(), seeds=6, first=40), {"one leg": one_leg, "two legs": two_legs}
    found: dict[Cell, Result] = {}
    for row in arguments.rows:
        for adapter in arguments.adapters:
            cost = 0.1 + (dear if adapter == "mb" else 0.0)
            for seed in range(40, 46):
                result = {"speed": 0.3 * speeds.get(row, 1.0), "cost": cost + 0.01 * seed, "failed": None}
                found[Cell(row, adapter, seed, arguments.course, None)] = result
    assert hexapod.report(arguments, found, Console(quiet=True)) is holds


@pytest.mark.parametrize(
    "asked, line",
    [
        ({"first": -1}, "expected --seeds and --workers of 1 or more, --first of 0 or more, got 20, -1 and 2"),
        ({"seeds": 0}, "got 0, 0 and 2"),
        ({"rows": ("one legs",)}, "--rows one legs: .* did you mean 'one leg'"),
        ({"adapters": ("belief",)}, "expected two or more"),
        ({"adapters": ("belief", "md")}, "--adapters md: expected its trained model, .*hexapod-md.safetensors"),
        ({"models": Path("nowhere")}, "--adapters belief: expected its trained model, nowhere"),
    ],
)
def test_what_cannot_be_asked_is_one_line_before_anything_is_run(
    asked: dict[str, object], line: str, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match=line):
        hexapod.main(replace(Arguments(out=tmp_path / "out"), **asked))  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_models_are_those_that_come_along_or_of_a_folder() -> None:
    assert hexapod.model_file("belief", None).is_file()
    assert hexapod.model_file("mb", Path("here")) == Path("here/hexapod-mb.safetensors")
