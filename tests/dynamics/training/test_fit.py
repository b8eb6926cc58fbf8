from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save
from torch import Tensor

from dynamics.network import Parts
from dynamics.objectives.base import Part
from dynamics.training.fit import FitError, FitSettings, Progress, optimise

GOAL = torch.tensor([1.0, -2.0])
START = {"point": Part((torch.zeros(2),))}


def noisy_distance(parts: Parts, generator: torch.Generator) -> Tensor:
    return (parts["point"][0] - GOAL + 0.01 * torch.randn(2, generator=generator)).square().sum()


def distance(parts: Parts) -> float:
    return float((parts["point"][0] - GOAL).square().sum().detach())


def settings(steps: int, patience: int = 99) -> FitSettings:
    return FitSettings(steps=steps, batch=1, rate=0.05, validate_every=20, patience=patience)


def test_reaches_the_minimum_and_leaves_the_start_alone() -> None:
    (result,) = optimise(START, noisy_distance, distance, settings(400), seed=0)["point"]
    torch.testing.assert_close(result, GOAL, atol=0.02, rtol=0)
    torch.testing.assert_close(START["point"].weights[0], torch.zeros(2))


def test_same_seed_same_bits_other_seed_other_bits() -> None:
    results = [optimise(START, noisy_distance, distance, settings(60), seed=seed)["point"][0] for seed in (0, 0, 1)]
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_killed_and_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    state = tmp_path / "fit.state"

    def kill_at_40(progress: Progress) -> None:
        if progress.step == 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        optimise(START, noisy_distance, distance, settings(120), seed=0, resume_from=state, report=kill_at_40)
    assert state.exists()
    reports: list[Progress] = []
    resumed = optimise(START, noisy_distance, distance, settings(120), seed=0, resume_from=state, report=reports.append)
    assert reports[0].step == 60  # the state of step 40 was kept
    assert not state.exists()
    whole = optimise(START, noisy_distance, distance, settings(120), seed=0)
    assert torch.equal(resumed["point"][0], whole["point"][0])


def test_a_part_that_the_loss_never_looks_at_stays_and_does_not_stop_the_fit(tmp_path: Path) -> None:
    parts, state = {**START, "idle": Part((torch.ones(3),))}, tmp_path / "fit.state"

    def kill_at_40(progress: Progress) -> None:
        if progress.step == 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        optimise(parts, noisy_distance, distance, settings(80), seed=0, resume_from=state, report=kill_at_40)
    resumed = optimise(parts, noisy_distance, distance, settings(80), seed=0, resume_from=state)
    whole = optimise(START, noisy_distance, distance, settings(80), seed=0)
    assert torch.equal(resumed["point"][0], whole["point"][0])
    assert torch.equal(resumed["idle"][0], torch.ones(3))


def test_stops_early_and_returns_the_best_held_out() -> None:
    seen: list[float] = []

    def rises_after_the_third_look(parts: Parts) -> float:
        seen.append(abs(len(seen) - 3) + distance(parts) * 0)
        return seen[-1]

    snapshots: list[Progress] = []
    short = settings(4000, patience=2)
    optimise(START, noisy_distance, rises_after_the_third_look, short, seed=0, report=snapshots.append)
    assert len(seen) == 6
    assert snapshots[-1].best_loss == 0


def test_a_loss_that_is_no_number_ends_the_fit() -> None:
    def loss(parts: Parts, generator: torch.Generator) -> Tensor:
        return parts["point"][0].mean() * float("nan")

    with pytest.raises(FitError, match="expected a finite loss, got nan at step 1"):
        optimise(START, loss, lambda parts: 1.0, FitSettings(steps=10, batch=1), seed=0)


def test_state_of_another_fit_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "fit.state"
    for content in (b"not a state", save({"current.0": torch.zeros(3)}), save({})):
        state.write_bytes(content)
        with pytest.raises(FitError, match="fit.state: .*; delete it to start again"):
            optimise(START, noisy_distance, distance, settings(40), seed=0, resume_from=state)


@pytest.mark.parametrize("name", ["steps", "batch", "patience", "rate", "clip"])
def test_settings_out_of_range_name_the_field(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected"):
        FitSettings(**({"steps": 1, "batch": 1} | {name: 0}))
