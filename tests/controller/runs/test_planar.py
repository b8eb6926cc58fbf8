"""A body in a plane, out of a paper, with the models that come along."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("gymnasium")

from controller.config import run_settings
from controller.reports import plots
from controller.runs.simulated import execute
from controller.settings.layers import Layer
from controller.telemetry.run_log import Log


def test_a_half_cheetah_runs_forward_and_says_what_it_earned(tmp_path: Path) -> None:
    values = {"robot": "half-cheetah", "seconds": 3.0, "perturbations": ["dead_motor:name=ffoot@1"]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = execute(run_settings([Layer("test", values)]), out=tmp_path / "run", fast=True, compare="mb")
    assert outcome.fault is None
    assert "half-cheetah ran " in outcome.headline
    assert " m and earned " in outcome.headline
    assert float(str(outcome.summary["return_mean"])) > 0.0
    assert (tmp_path / "run" / "report.html").is_file()
    assert (tmp_path / "run" / "reward.png").is_file(), "nothing told it how fast to go"
    curve = plots.reward([Log.read(tmp_path / "run" / "log.jsonl")]).axes[0].lines[0]
    assert np.isfinite(np.asarray(curve.get_ydata(), dtype=np.float64)).all()
