"""From how many sequences on does a GPU roll out faster than one core? The NumPy kernel beside its torch twin.

    python -m benchmarks.kernels

Wall time of a roll-out of the random network of the planners' study (32-128-128-24, 15 steps), with the transfer of
actions and predictions that a planner pays. Without a GPU the twin runs on the processor, which shows that it runs, not
what it is for. No command plans with the twin: at the default settings a planner asks for at most 128 sequences at a
time, where one core is faster than a GPU's launches.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import tyro
from rich.console import Console
from rich.table import Table

from benchmarks.kernel_torch import TorchKernel
from benchmarks.planner_study.networks import random_network
from dynamics.rollout.kernel import Kernel

_WARM_UP = 3


@dataclass(frozen=True)
class Arguments:
    """What to measure."""

    sequences: tuple[int, ...] = (64, 128, 256, 512, 1024, 2048, 4096, 16384)
    horizon: int = 15
    repeats: int = 30
    device: str = "cuda" if torch.cuda.is_available() else "cpu"
    """Where the twin runs, as torch calls it."""


def main(arguments: Arguments) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    name = torch.cuda.get_device_name(arguments.device) if arguments.device.startswith("cuda") else arguments.device
    table = Table(title=f"roll-out of {arguments.horizon} steps, twin on {name}, in ms")
    for column in ("sequences", "NumPy p50", "p95", "twin p50", "p95", "ratio", "largest difference"):
        table.add_column(column, justify="right")
    for sequences in arguments.sequences:
        table.add_row(str(sequences), *compare(sequences, arguments))
    Console(width=120).print(table)


def compare(sequences: int, arguments: Arguments) -> tuple[str, ...]:
    """Return a row: times of both kernels, interleaved, their ratio, and how far their predictions are apart."""
    model, rng = random_network(), np.random.default_rng(0)
    kernel, twin = Kernel(model, model.prior), TorchKernel(model, model.prior, arguments.device)
    state = rng.standard_normal(model.space.size)
    actions = rng.uniform(-1, 1, (sequences, arguments.horizon, len(model.action_names)))
    difference = float(np.abs(kernel.rollout(state, actions) - twin.rollout(state, actions)).max())
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(_WARM_UP + arguments.repeats):
        for rollout, spent in zip((kernel.rollout, twin.rollout), times, strict=True):
            spent.append(_wall_ms(lambda rollout=rollout: rollout(state, actions)))  # type: ignore[misc]
    (ours, late), (twins, late_twin) = (np.percentile(spent[_WARM_UP:], [50, 95]) for spent in times)
    figures = (f"{ours:.2f}", f"{late:.2f}", f"{twins:.2f}", f"{late_twin:.2f}", f"{ours / twins:.2f}")
    return (*figures, f"{difference:.1e}")


def _wall_ms(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return 1e3 * (time.perf_counter() - started)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(tyro.cli(Arguments))
