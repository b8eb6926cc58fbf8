"""Teach a reader the causes that a simulator knows, then fit how sure it may be on episodes kept back.

The loss of a window is that of its newest tick: -log p(cause), and for the amounts of that cause the negative log
likelihood of a Gaussian. Networks are too sure of themselves, so three scalars are fitted afterwards: the worth of a
window and the chance of a change by the likelihood of the filtered belief, the factor on deviations so that nine in
ten truths lie within their intervals.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dynamics.diagnosis import evidence
from dynamics.diagnosis.reader import Calibration, Reader, Reading, calibrated
from dynamics.encoders import initial_recurrent, recurrent
from dynamics.network import Parts
from dynamics.objectives.base import Part
from dynamics.training.fit import FitSettings, Progress, optimise
from dynamics.transitions import Float32, FloatArray

HALF_WIDTH = 1.645
"""Of a Gaussian's 90 % interval, in deviations."""
_WORTHS, _CHANGES = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0), (0.003, 0.01, 0.03, 0.1, 0.3, 0.9)
"""What calibration chooses from."""
_NOISE = 0.15
"""Deviation of noise on the inputs while training, in deviations of each."""
_DECAY = 3e-3
"""Price of squared weights: a few hundred episodes are soon known by heart otherwise."""
_SHORT_SHARE = 0.15
"""Share of the batches whose windows are not full, as at the beginning of a run."""
_AMOUNTS = 0.3
"""Weight of the amounts beside the causes."""


@dataclass(frozen=True)
class Cases:
    """Episodes with what was the matter.

    Attributes:
        ticks: inputs (episodes, T, F), not scaled.
        causes: index of the cause at the end of each tick (episodes, T).
        amounts: how much of it (episodes, T, V), SI units; NaN for those of other causes.
        lengths: ticks of each episode that count (episodes,).
    """

    ticks: Float32
    causes: NDArray[np.int64]
    amounts: Float32
    lengths: NDArray[np.int64]


def train(
    reader: Reader,
    training: Cases,
    validation: Cases,
    fit: FitSettings,
    hidden: int,
    seed: int,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Reader:
    """Return a reader with trained weights; its own do not matter."""
    generator = torch.Generator().manual_seed(seed)
    weights = initial_recurrent(len(reader.facts.inputs), hidden, reader.facts.size, generator)
    data, held = _Windows(reader, training), _Windows(reader, validation)

    def loss(parts: Parts, chance: torch.Generator) -> Tensor:
        price = torch.stack([weight.square().sum() for weight in parts["reader"]]).sum()
        return data.loss(parts, data.draw(fit.batch, chance), chance) + _DECAY * price

    def validate(parts: Parts) -> float:
        with torch.inference_mode():
            return float(held.loss(parts, held.draw(2048, torch.Generator().manual_seed(1)), None))

    parts = optimise({"reader": Part(weights)}, loss, validate, fit, seed=seed, report=report)
    return replace(reader, weights=parts["reader"])


class _Windows:
    """Windows that end at any tick of an episode, scaled."""

    def __init__(self, reader: Reader, cases: Cases) -> None:
        self._facts, self._window = reader.facts, reader.facts.window
        self._ticks, self._causes = torch.from_numpy(reader.encode(cases.ticks)), torch.from_numpy(cases.causes)
        amounts = reader.units.normalize(cases.amounts.astype(np.float64)).astype(np.float32)
        self._amounts, self._lengths = torch.from_numpy(amounts), torch.from_numpy(cases.lengths)

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, int]:
        """Return episodes, ends of windows in them, and their length."""
        rows = torch.randint(len(self._ticks), (count,), generator=generator)
        short = float(torch.rand((), generator=generator)) < _SHORT_SHARE
        length = int(torch.randint(2, self._window, (), generator=generator)) if short else self._window
        room = torch.clamp(self._lengths[rows] - length, min=0) + 1
        ends = length - 1 + (torch.rand(count, generator=generator) * room).long()
        return rows, ends, length

    def loss(self, parts: Parts, drawn: tuple[Tensor, Tensor, int], generator: torch.Generator | None) -> Tensor:
        """Return the loss of drawn windows (), noisy with a generator."""
        rows, ends, length = drawn
        steps = ends[:, None] + torch.arange(1 - length, 1)
        sequence = self._ticks[rows[:, None], steps]
        if generator is not None:
            sequence = sequence + _NOISE * torch.randn(sequence.shape, generator=generator)
        said, means, spreads = self._facts.parse(recurrent(parts["reader"], sequence))
        causes, truth = self._causes[rows, ends], self._amounts[rows, ends]
        known = torch.isfinite(truth)
        off = torch.where(known, truth, means) - means
        surprise = spreads + 0.5 * (off * torch.exp(-spreads)).square()
        amounts = (surprise * known).sum(dim=-1).mean()
        return torch.nn.functional.nll_loss(said, causes) + _AMOUNTS * amounts


def readings(reader: Reader, cases: Cases) -> Reading:
    """Return what every window says: (episodes, T, ...) of those that end at each tick, short ones at the beginning."""
    window, ticks = reader.facts.window, torch.from_numpy(reader.encode(cases.ticks))
    ends = range(1, ticks.shape[1] + 1)
    with torch.inference_mode():
        said = torch.stack([recurrent(reader.weights, ticks[:, max(0, end - window) : end]) for end in ends], dim=1)
    return reader.understood(said)


def beliefs(reader: Reader, found: Reading, calibration: Calibration) -> FloatArray:
    """Return the filtered belief at every tick (episodes, T, C), as `controller.diagnosis.observer` does one by one."""
    seen = evidence.likelihood(found.log_probabilities, reader.prior)
    return evidence.over_time(calibration.worth * seen, reader.fresh, reader.fresh, calibration.change)


def calibrate(reader: Reader, cases: Cases) -> Reader:
    """Return the reader with what fits episodes that it was not trained on, every kind counting alike."""
    reader = calibrated(reader, Calibration())
    found = readings(reader, cases)
    counts = np.arange(cases.causes.shape[1]) < cases.lengths[:, None]
    of = reader.facts.of[cases.causes[counts]]
    frequency = np.bincount(of, minlength=len(reader.facts.kinds))

    def surprise(pair: tuple[float, float]) -> float:
        belief = beliefs(reader, found, Calibration(*pair))
        said = np.take_along_axis(belief, cases.causes[..., None], axis=-1)[..., 0][counts]
        return float(np.sum(-np.log(said + 1e-9) / frequency[of]))

    best = min(itertools.product(_WORTHS, _CHANGES), key=surprise)
    return calibrated(reader, Calibration(*best, spread(found, cases, counts)))


def spread(found: Reading, cases: Cases, counts: NDArray[np.bool_]) -> float:
    """Return the factor on deviations with which nine in ten truths lie within their 90 % interval."""
    truth = cases.amounts.astype(np.float64)
    known = np.isfinite(truth) & counts[..., None]
    named = found.log_probabilities.argmax(axis=-1) == cases.causes  # of what was not recognised nothing is told
    off = np.abs(truth - found.means)[known & named[..., None]] / found.deviations[known & named[..., None]]
    return float(np.quantile(off, 0.9)) / HALF_WIDTH if off.size else 1.0
