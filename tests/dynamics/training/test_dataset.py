from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from dynamics.training import dataset
from dynamics.training.dataset import DatasetError
from tests.dynamics.toys import episodes, model


def test_split_is_by_episode_and_loses_none() -> None:
    data = episodes(np.random.default_rng(0), count=20)
    rest, part = dataset.split(data, 0.25, np.random.default_rng(1))
    assert (len(rest), len(part)) == (15, 5)
    gains = np.concatenate([rest.conditions[:, 0, 0], part.conditions[:, 0, 0]])
    np.testing.assert_array_equal(np.sort(gains), np.sort(data.conditions[:, 0, 0]))


def test_query_follows_support_within_one_episode() -> None:
    rng = np.random.default_rng(2)
    subject = model(rng)
    data = dataset.encode(subject, episodes(rng, count=5, ticks=30))
    windows = dataset.sample_windows(data, 50, support=8, query=4, generator=torch.Generator().manual_seed(0))
    for b in range(50):
        joined = torch.cat([windows.support_inputs[b], windows.query_inputs[b]])
        cuts = data.inputs.unfold(1, 12, 1).permute(0, 1, 3, 2)
        assert bool((cuts == joined).all(dim=(-1, -2)).any())


def test_all_windows_cover_each_query_once() -> None:
    rng = np.random.default_rng(3)
    data = dataset.encode(model(rng), episodes(rng, count=3, ticks=30))
    windows = dataset.all_windows(data, support=8, query=5)
    queries = windows.query_targets.reshape(3, -1, 5)
    torch.testing.assert_close(queries, data.targets[:, 8:28])


def test_encoded_training_data_have_zero_mean_and_unit_deviation() -> None:
    rng = np.random.default_rng(4)
    data = episodes(rng)
    from dynamics.training.recipes import NetworkSettings, untrained
    from tests.dynamics.toys import ACTIONS, SPACE

    subject = untrained(SPACE, ACTIONS, data, NetworkSettings((4,)), 0, told=True)
    encoded = dataset.encode(subject, data)
    assert encoded.inputs.shape[-1] == subject.num_inputs + 1
    for part in (encoded.inputs, encoded.targets):
        flat = part.flatten(0, 1)
        torch.testing.assert_close(flat.mean(0), torch.zeros(flat.shape[-1]), atol=1e-4, rtol=0)
        spread = flat.std(0, correction=0)
        assert bool(((spread - 1).abs() < 1e-3)[spread > 1e-3].all())


def test_saved_episodes_come_back_the_same(tmp_path: Path) -> None:
    data = episodes(np.random.default_rng(5), count=4)
    dataset.save(data, tmp_path / "data.npz")
    again = dataset.load(tmp_path / "data.npz")
    np.testing.assert_array_equal(again.states, data.states)
    np.testing.assert_array_equal(again.families, data.families)
    assert [path.name for path in tmp_path.iterdir()] == ["data.npz"]


def test_truncated_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    dataset.save(episodes(np.random.default_rng(6), count=4), path)
    for content in (path.read_bytes()[:500], b"", b"3", b"\x93NUMPY"):
        path.write_bytes(content)
        with pytest.raises(
            DatasetError, match="data.npz: expected episodes .*; delete it to collect them again"
        ) as told:
            dataset.load(path)
        assert "allow_pickle" not in str(told.value)
