"""The peers and the published planner as contenders, with the ranges that random search may tune.

Defaults are those of the libraries' own examples as far as they have a meaning in actions scaled to [-1, 1].
"""

from __future__ import annotations

import math
from typing import Any

from benchmarks.peers import mbrl_planners
from benchmarks.peers.published import PublishedPlanner
from benchmarks.peers.pytorch_mppi_planners import MppiOptions, PytorchMppiPlanner
from benchmarks.peers.torch_model import TorchModel
from benchmarks.planner_study.arenas import Arena
from benchmarks.planner_study.contenders import Contender, Start
from benchmarks.planner_study.ranges import Choice, Range, Setting, Space
from planners.plan import PlanFunction

LENT = ", our kernel"
"""What the name of a peer ends with that rolls out with the project's kernel."""

_CEM: Space = {
    "num_iterations": Range(2, 5, whole=True),
    "elite_ratio": Range(0.03, 0.3, log=True),
    "alpha": Range(0.0, 0.3),
    "clipped_normal": Choice((False, True)),
    "return_mean_elites": Choice((False, True)),
}
_ICEM: Space = {
    "num_iterations": Range(2, 4, whole=True),
    "elite_ratio": Range(0.03, 0.3, log=True),
    "population_decay_factor": Range(1.0, 1.5),
    "colored_noise_exponent": Range(0.0, 4.0),
    "keep_elite_frac": Range(0.1, 0.5),
    "alpha": Range(0.0, 0.3),
    "return_mean_elites": Choice((False, True)),
}
_MBRL_MPPI: Space = {
    "num_iterations": Range(1, 5, whole=True),
    "gamma": Range(0.03, 100.0, log=True),
    "sigma": Range(0.2, 1.5),
    "beta": Range(0.3, 1.0),
}
_MPPI: Space = {
    "iterations": Range(1, 3, whole=True),
    "temperature": Range(0.001, 10.0, log=True),
    "spread": Range(0.05, 1.0, log=True),
}
_KMPPI: Space = {**_MPPI, "support": Range(3, 8, whole=True), "width": Range(0.5, 3.0)}


def rivals(*, lent_kernel: bool = False) -> tuple[Contender, ...]:
    """Return the peers on the torch network, as their users run them, or on the project's own kernel."""
    suffix = LENT if lent_kernel else ""
    cem = {"num_iterations": 3, "elite_ratio": 0.1, "alpha": 0.1, "clipped_normal": False, "return_mean_elites": False}
    icem = {
        "num_iterations": 3, "elite_ratio": 0.1, "population_decay_factor": 1.25, "colored_noise_exponent": 2.0,
        "keep_elite_frac": 0.3, "alpha": 0.1, "return_mean_elites": False,
    }  # fmt: skip
    mppi = {"num_iterations": 3, "gamma": 0.9, "sigma": 1.0, "beta": 0.9}
    plain = {"iterations": 1, "temperature": 0.1, "spread": 0.5}
    return (
        Contender(f"mbrl CEM{suffix}", "peer", _mbrl("CEMOptimizer", lent_kernel), _CEM, cem),
        Contender(f"mbrl iCEM{suffix}", "peer", _mbrl("ICEMOptimizer", lent_kernel), _ICEM, icem),
        Contender(f"mbrl MPPI{suffix}", "peer", _mbrl("MPPIOptimizer", lent_kernel), _MBRL_MPPI, mppi),
        Contender(f"pytorch-mppi MPPI{suffix}", "peer", _pytorch_mppi(lent_kernel), _MPPI, plain),
        Contender(
            f"pytorch-mppi KMPPI{suffix}",
            "peer",
            _pytorch_mppi(lent_kernel),
            _KMPPI,
            {**plain, "support": 5, "width": 1.0},
        ),
    )


def published() -> tuple[Contender, ...]:
    """Return the published planner with both of its settings."""
    return tuple(
        Contender(f"published RS {n} x {h}", "published", _published(n, h), scales=False, answers_late=True)
        for n, h in ((2000, 5), (500, 10))
    )


def _published(sequences: int, horizon: int) -> Start:
    def start(arena: Arena, setting: Setting, budget: int, seed: int) -> PlanFunction:
        return PublishedPlanner(sequences, horizon, executing_first=arena.delayed)

    return start


def _mbrl(kind: str, lent_kernel: bool) -> Start:
    def start(arena: Arena, setting: Setting, budget: int, seed: int) -> PlanFunction:
        options: dict[str, Any] = dict(setting)
        options["population_size"] = max(_population(kind, options, budget), 4)
        if "elite_ratio" in options:  # a variance needs two elites
            options["elite_ratio"] = max(options["elite_ratio"], 2.0 / options["population_size"])
        network = None if lent_kernel else TorchModel.of(*arena.network())
        return mbrl_planners.build(kind, options, arena.horizon, arena.num_actions, seed, network)

    return start


def _population(kind: str, options: dict[str, Any], budget: int) -> int:
    """Return the first iteration's population with which all iterations together stay within the budget.

    iCEM adds kept elites to each population but the first of all and the mean to the last one.
    """
    rounds = int(options["num_iterations"])
    if kind != "ICEMOptimizer":
        return budget // rounds
    ratio, kept = float(options["elite_ratio"]), float(options["keep_elite_frac"])
    decay = float(options["population_decay_factor"])

    def spent(population: int) -> int:
        elites = math.ceil(population * ratio)
        sizes = [math.ceil(max(population * decay**-i, 2 * elites)) for i in range(rounds)]
        return sum(sizes) + math.ceil(kept * elites) * (rounds - 1) + 1

    return max((n for n in range(4, budget + 1) if spent(n) <= budget), default=4)


def _pytorch_mppi(lent_kernel: bool) -> Start:
    def start(arena: Arena, setting: Setting, budget: int, seed: int) -> PlanFunction:
        iterations = int(setting["iterations"])
        support = None if "support" not in setting else min(int(setting["support"]), arena.horizon)
        options = MppiOptions(
            max(budget // iterations, 2), iterations, setting["temperature"], setting["spread"], support,
            setting.get("width", 1.0),
        )  # fmt: skip
        model, weights = arena.network()
        network = None if lent_kernel else TorchModel.of(model, weights)
        return PytorchMppiPlanner(options, arena.horizon, arena.num_actions, model.space.size, seed, network)

    return start
