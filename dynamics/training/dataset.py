"""Episodes on disk, and the support/query windows that training cuts from them.

Data are split by episode, never by step: neighbouring steps are nearly the same sample.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dynamics.files import whole
from dynamics.meta import Windows
from dynamics.model import Model
from dynamics.model import encode as encode_transitions
from dynamics.transitions import FloatArray, Transitions


class DatasetError(ValueError):
    """A file of episodes cannot be used."""


@dataclass(frozen=True)
class Episodes:
    """Episodes of equal length.

    Attributes:
        states: (episodes, T + 1, S).
        actions: (episodes, T, A), held over each step.
        conditions: (episodes, T, C), description of the condition during each step.
        families: (episodes,) name of the family that each condition was drawn from.
    """

    states: FloatArray
    actions: FloatArray
    conditions: FloatArray
    families: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.states)

    @property
    def transitions(self) -> Transitions:
        """All of them (episodes, T, ...)."""
        return Transitions(self.states[:, :-1], self.actions, self.states[:, 1:])

    def select(self, index: NDArray[np.intp]) -> Episodes:
        """Return the episodes at these indices."""
        return Episodes(*(array[index] for array in vars(self).values()))


def concatenate(parts: list[Episodes]) -> Episodes:
    """Join sets of episodes of one length."""
    return Episodes(*(np.concatenate(arrays) for arrays in zip(*(vars(part).values() for part in parts), strict=True)))


def save(episodes: Episodes, path: Path) -> None:
    """Write episodes to one .npz file; the file appears whole or not at all."""
    with whole(path) as partial, partial.open("wb") as file:
        np.savez(file, **vars(episodes))


def load(path: Path) -> Episodes:
    """Read episodes written by `save`. Raises DatasetError where it is no such file, or a truncated one."""
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return Episodes(*(file[field.name] for field in fields(Episodes)))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        told = " ".join(str(error).split(". ")[0].split())
        raise DatasetError(f"{path}: expected episodes (.npz), got {told}; delete it to collect them again") from error


def split(episodes: Episodes, fraction: float, rng: np.random.Generator) -> tuple[Episodes, Episodes]:
    """Return (the rest, a random `fraction` of the episodes)."""
    order = rng.permutation(len(episodes))
    count = max(1, round(fraction * len(episodes)))
    return episodes.select(np.sort(order[count:])), episodes.select(np.sort(order[:count]))


@dataclass(frozen=True)
class EncodedEpisodes:
    """Episodes as a network sees them: inputs (episodes, T, F + A [+ C]) and targets (episodes, T, S), float32."""

    inputs: Tensor
    targets: Tensor


def encode(model: Model, episodes: Episodes) -> EncodedEpisodes:
    """Encode and normalise episodes; the condition is appended when the model is told it."""
    inputs, targets = encode_transitions(model, episodes.transitions)
    if model.condition is not None:
        told = model.condition.normalize(episodes.conditions).astype(np.float32)
        inputs = np.concatenate([inputs, told], axis=-1)
    return EncodedEpisodes(torch.from_numpy(inputs), torch.from_numpy(targets))


def sample_windows(data: EncodedEpisodes, count: int, support: int, query: int, generator: torch.Generator) -> Windows:
    """Draw windows of `support` transitions and the `query` transitions that follow each."""
    episodes, length, _ = data.inputs.shape
    rows = torch.randint(episodes, (count,), generator=generator)
    starts = torch.randint(length - support - query + 1, (count,), generator=generator)
    return _cut(data, rows, starts, support, query)


def all_windows(data: EncodedEpisodes, support: int, query: int) -> Windows:
    """Cut every episode into W windows, queries side by side: (episodes * W) windows, episode by episode."""
    episodes, length, _ = data.inputs.shape
    starts = torch.arange(0, length - support - query + 1, query)
    rows = torch.arange(episodes).repeat_interleave(len(starts))
    return _cut(data, rows, starts.repeat(episodes), support, query)


def _cut(data: EncodedEpisodes, rows: Tensor, starts: Tensor, support: int, query: int) -> Windows:
    steps = starts[:, None] + torch.arange(support + query)
    inputs, targets = data.inputs[rows[:, None], steps], data.targets[rows[:, None], steps]
    return Windows(inputs[:, :support], targets[:, :support], inputs[:, support:], targets[:, support:])
