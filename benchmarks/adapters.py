"""What adaptation costs: time of an update by adapter, and speed of meta-training against plain task loops.

    python -m benchmarks.adapters                 # both tables
    python -m benchmarks.adapters --only updates

Update: from the raw window to weights, as the controller asks for it, CPU time of one thread. Meta-training: outer
steps per second of the second-order objective, and of two task loops written as learn2learn (a cloned module a
task, Arnold et al. 2020) and higher (functional parameters a task, Grefenstette et al. 2019) have their users write
them, on the same windows with the same loss; beside them the time that the bare matrix products would take.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import tyro
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from controller.settings import assets
from controller.settings.robots import spec
from controller.training.random_episodes import excitation
from dynamics import checkpoint, factory
from dynamics.adapters.base import Adapted
from dynamics.checkpoint import Checkpoint
from dynamics.meta import Windows, outer_loss
from dynamics.network import Weights, initial_weights
from dynamics.transitions import Transitions
from hardware import embodiment
from hardware.clock import VirtualClock
from hardware.robot import RobotCommand
from hardware.simulated.robot import SimRobot

LIMITS_MS = {
    "gradient": 1.0,
    "last_layer": 0.1,
    "recurrent": 0.5,
    "attention": 0.5,
    "proposal": 1.0,
    "latent": 0.5,
    "belief": 0.5,
}
"""Wanted p50 of an update by kind of adapter [ms]."""
SPEEDUP = 3.0
"""Wanted outer steps per second over those of the task loops."""
_INPUTS, _OUTPUTS, _HIDDEN, _TASKS, _SUPPORT, _QUERY, _STEPS = 22, 19, 192, 64, 24, 16, 2


@dataclass(frozen=True)
class Arguments:
    """What to measure."""

    only: Literal["all", "updates", "training"] = "all"
    repeats: int = 300
    """Updates per adapter."""
    outer_steps: int = 24
    """Outer steps per way of meta-training."""


def main(arguments: Arguments) -> int:
    """Print the tables; 0 when every limit was kept."""
    torch.set_num_threads(1)
    console, kept = Console(), True
    if arguments.only != "training":
        table, kept = updates(arguments.repeats)
        console.print(table)
    if arguments.only != "updates":
        table, fast = training(arguments.outer_steps)
        console.print(table)
        kept = kept and fast
    return 0 if kept else 1


def updates(repeats: int) -> tuple[Table, bool]:
    """Time one update of every shipped recipe."""
    table, kept = Table(title="time of an update, one thread [ms]"), True
    for column in ("recipe", "kind", "M", "p50", "p95", "p99", "wanted p50"):
        table.add_column(column, justify="right" if column not in {"recipe", "kind"} else "left")
    history = _history(100)
    for path in sorted(assets.checkpoint("roach", "mb").parent.glob("roach-*.safetensors")):
        trained = checkpoint.load(path)
        if abs(trained.period - 0.05) > 1e-6 or trained.model.space.size != history.states.shape[1]:
            continue  # another control rate, or a model that predicts a reward too
        times, window = _update_times(trained, history, repeats)
        limit = LIMITS_MS.get(trained.adapter.kind)
        p50, p95, p99 = np.percentile(times, [50, 95, 99])
        kept = kept and (limit is None or p50 < limit)
        wanted = "" if limit is None else f"{'kept' if p50 < limit else 'MISSED'} {limit:g}"
        figures = (f"{p50:.3f}", f"{p95:.3f}", f"{p99:.3f}")
        table.add_row(trained.recipe, trained.adapter.kind, str(window), *figures, wanted)
    return table, kept


def _update_times(trained: Checkpoint, history: Transitions, repeats: int) -> tuple[list[float], int]:
    adapter = factory.make(trained.adapter, trained.model, trained.parts, lambda: np.zeros(40)[: _told(trained)])
    current, times = adapter.initial(), []
    for repeat in range(repeats):
        end = adapter.window + repeat % (len(history) - adapter.window)
        window = Transitions(*(part[end - adapter.window : end] for part in vars(history).values()))
        current, spent = _cpu_ms(adapter.adapt, current, window)
        times.append(spent)
    return times[5:], adapter.window


def _told(trained: Checkpoint) -> int:
    return 0 if trained.model.condition is None else len(trained.model.condition.mean)


def _cpu_ms(
    adapt: Callable[[Adapted, Transitions], Adapted], current: Adapted, window: Transitions
) -> tuple[Adapted, float]:
    started = time.process_time()
    found = adapt(current, window)
    return found, 1e3 * (time.process_time() - started)


def _history(ticks: int) -> Transitions:
    """Drive the intact crawler by random actions."""
    clock, rng = VirtualClock(), np.random.default_rng(0)
    robot = SimRobot(spec("roach"), clock, rng)
    robot.connect()
    robot.activate()
    states, actions = [embodiment.observe(spec("roach"), robot.read())], excitation(spec("roach"), ticks, rng)
    for action in actions:
        end = clock.now() + 0.05
        robot.write(RobotCommand.speeds(action, end))
        clock.sleep_until(end)
        states.append(embodiment.observe(spec("roach"), robot.read()))
    robot.close()
    return Transitions(np.stack(states[:-1]), actions, np.stack(states[1:]))


def training(outer_steps: int) -> tuple[Table, bool]:
    """Time outer steps of every way to write second-order MAML."""
    generator = torch.Generator().manual_seed(0)
    prior = initial_weights((_INPUTS, _HIDDEN, _HIDDEN, _OUTPUTS), 1, generator)
    rates = tuple(torch.full_like(w, 0.1) for w in prior)
    shapes = ((_SUPPORT, _INPUTS), (_SUPPORT, _OUTPUTS), (_QUERY, _INPUTS), (_QUERY, _OUTPUTS))
    windows = Windows(*(torch.randn(_TASKS, *shape, generator=generator) for shape in shapes))
    ways: dict[str, Callable[[Weights, Weights, Windows], Tensor]] = {
        "this project": _ours,
        "task loop, cloned modules": _cloned_modules,
        "task loop, functional": _functional,
    }
    found = _outer_steps(ways, prior, rates, windows, outer_steps)
    bare = _bare_products(outer_steps)
    table = Table(title=f"second-order MAML, {_TASKS} tasks, M {_SUPPORT}, K {_QUERY}, {_STEPS} steps, one thread")
    for column in ("way", "outer loss", "ms a step", "steps/s", "times slower", "over bare products"):
        table.add_column(column, justify="left" if column == "way" else "right")
    ours = found["this project"][1]
    for name, (loss, ms) in found.items():
        table.add_row(name, f"{loss:.6f}", f"{ms:.0f}", f"{1e3 / ms:.1f}", f"{ms / ours:.1f}", f"{ms / bare:.1f}")
    table.add_row("bare matrix products", "", f"{bare:.0f}", f"{1e3 / bare:.1f}", f"{bare / ours:.1f}", "1.0")
    slowest = min(ms for name, (_, ms) in found.items() if name.startswith("task loop"))
    same = np.ptp([loss for loss, _ in found.values()]) < 1e-4
    return table, bool(same and slowest / ours >= SPEEDUP)


def _outer_steps(
    ways: Mapping[str, Callable[[Weights, Weights, Windows], Tensor]],
    prior: Weights,
    rates: Weights,
    windows: Windows,
    count: int,
) -> dict[str, tuple[float, float]]:
    """Return outer loss and median CPU time of loss and outer gradient [ms] of every way, taken in turn."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    losses: dict[str, float] = {}
    for _ in range(count):
        for name, way in ways.items():
            started = time.process_time()
            losses[name] = _outer_step(way, prior, rates, windows)
            times[name].append(1e3 * (time.process_time() - started))
    return {name: (losses[name], float(np.median(times[name][2:]))) for name in ways}


def _outer_step(
    way: Callable[[Weights, Weights, Windows], Tensor], prior: Weights, rates: Weights, windows: Windows
) -> float:
    """Take loss and outer gradient; a function of its own, so that every way also pays for freeing its graph."""
    leaves = tuple(tuple(w.clone().requires_grad_() for w in group) for group in (prior, rates))
    value = way(leaves[0], leaves[1], windows)
    value.backward()  # type: ignore[no-untyped-call]
    return float(value.detach())


def _ours(prior: Weights, rates: Weights, windows: Windows) -> Tensor:
    return outer_loss(prior, rates, windows, steps=_STEPS, second_order=True)


class _Module(nn.Module):
    """The network as a module holds it; a clone's parameters are tensors in the graph of the original's."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.tensors = weights

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = inputs
        for layer in range(0, len(self.tensors) - 2, 2):
            hidden = nn.functional.silu(nn.functional.linear(hidden, self.tensors[layer].T, self.tensors[layer + 1]))
        return nn.functional.linear(hidden, self.tensors[-2].T, self.tensors[-1])

    def clone(self) -> _Module:
        return _Module(tuple(w.clone() for w in self.tensors))

    def adapt(self, loss: Tensor, rates: Weights) -> None:
        gradients = torch.autograd.grad(loss, self.tensors, create_graph=True)
        self.tensors = tuple(w - r * g for w, r, g in zip(self.tensors, rates, gradients, strict=True))


def _cloned_modules(prior: Weights, rates: Weights, windows: Windows) -> Tensor:
    module, total = _Module(tuple(w[0] for w in prior)), torch.zeros(())
    steps = tuple(rate[0] for rate in rates)
    for support, targets, query, wanted in zip(*windows, strict=True):
        learner = module.clone()
        for _ in range(_STEPS):
            learner.adapt(nn.functional.mse_loss(learner(support), targets), steps)
        total = total + nn.functional.mse_loss(learner(query), wanted)
    return total / len(windows.query_inputs)


def _functional(prior: Weights, rates: Weights, windows: Windows) -> Tensor:
    module, losses = _Module(tuple(w[0] for w in prior)), []
    steps = tuple(rate[0] for rate in rates)
    for support, targets, query, wanted in zip(*windows, strict=True):
        fast = module.tensors
        for _ in range(_STEPS):
            loss = nn.functional.mse_loss(_Module(fast)(support), targets)
            gradients = torch.autograd.grad(loss, fast, create_graph=True)
            fast = tuple(w - r * g for w, r, g in zip(fast, steps, gradients, strict=True))
        losses.append(nn.functional.mse_loss(_Module(fast)(query), wanted))
    return torch.stack(losses).mean()


def _bare_products(count: int) -> float:
    """Return the CPU time of the products that an outer step cannot do without [ms], by the faster of two libraries.

    Forward and backward over the support in every inner step, forward over the query, and twice as much again for the
    outer gradient: 3 x (3 M steps + K) rows through every layer of every task.
    """
    rows = 3 * (3 * _SUPPORT * _STEPS + _QUERY)
    layers = ((_INPUTS, _HIDDEN), (_HIDDEN, _HIDDEN), (_HIDDEN, _OUTPUTS))
    pairs = [(torch.randn(_TASKS, _SUPPORT, rows_in), torch.randn(_TASKS, rows_in, out)) for rows_in, out in layers]
    found = []
    for product in (torch.bmm, _one_by_one):
        times = []
        for _ in range(count):
            started = time.process_time()
            for given, weight in pairs:
                product(given, weight)
            times.append(1e3 * (time.process_time() - started) * rows / _SUPPORT)
        found.append(float(np.median(times[2:])))
    return min(found)


def _one_by_one(given: Tensor, weight: Tensor) -> None:
    np.matmul(given.numpy(), weight.numpy())


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Arguments)))
