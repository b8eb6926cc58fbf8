from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("rsl_rl")

import torch

from benchmarks.walker import learning
from benchmarks.walker.settings import ImitationSettings, LearningSettings, WalkerSettings

SMALL = WalkerSettings(
    robot="go2",
    count=6,
    threads=1,
    stage=1,
    imitation=ImitationSettings(steps=3, rounds=1, batch=8, settling=0),
    learning=LearningSettings(steps=4, epochs=1, batches=2, hidden=(16,)),
)


def test_a_training_that_was_interrupted_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    whole = list(learning.learn(SMALL, tmp_path / "whole", 2))
    list(learning.learn(SMALL, tmp_path / "parts", 1))
    rest = list(learning.learn(SMALL, tmp_path / "parts", 2))
    assert [stage.number for stage in rest] == [2]
    one, two = (learning.read_state(tmp_path / name / learning.STATE) for name in ("whole", "parts"))
    for name, values in one["actor_state_dict"].items():
        assert torch.equal(values, two["actor_state_dict"][name]), name
    assert whole[-1].last["reward"] == rest[-1].last["reward"]
    assert (tmp_path / "parts" / learning.CURVE).read_text().count("\n") == 3
