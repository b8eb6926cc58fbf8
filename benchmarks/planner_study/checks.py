"""The project's own promises, measured: plan times, the kernel against bare products, Newton steps against IPOPT."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np

from benchmarks.peers.published import PublishedPlanner
from benchmarks.planner_study import nlp
from benchmarks.planner_study.arenas import synthetic
from benchmarks.planner_study.crawl import CrawlArena
from benchmarks.planner_study.drives import collected, percentiles
from benchmarks.planner_study.networks import published_network
from benchmarks.planner_study.stopwatch import Stopwatch
from controller import following
from controller.courses.paths import COURSES, START
from controller.jobs.study import Result
from dynamics.rollout.kernel import Kernel
from hardware.feedback import corrected, deviation
from hardware.schedule import ActionSchedule
from planners import rti
from planners.factory import make
from planners.hybrid import HybridSettings
from planners.icem import IcemSettings
from planners.plan import PlanFunction
from planners.problem import FloatArray, Problem
from planners.rti import RtiSettings

BLOCKS = 5
"""Pieces that the comparison with IPOPT comes in; a solution takes seconds."""
_PROBLEMS = 50
_WARM = 2
"""Problems of a block that are also met in a closed loop."""
_BATCH = 256
_WIDTHS = ((32, 128), (128, 128), (128, 24))


def _timed(plan: PlanFunction, seeds: int) -> Result:
    """Time a planner over drives of the synthetic problem."""
    watch = Stopwatch(plan)
    for seed in range(seeds):
        with collected():
            synthetic().drive(watch, seed)
    figures = watch.figures()
    return {"cpu_ms": percentiles(figures["cpu_ms"]), "wall_ms": percentiles(figures["wall_ms"])}


def icem_time(crawler: CrawlArena, quick: bool) -> Result:
    """Plan time of iCEM with 128 + 102 + 82 sequences."""
    return _timed(make(IcemSettings(candidates=128, elites=10, decay=1.25)), 1 if quick else 20)


def small_icem_time(crawler: CrawlArena, quick: bool) -> Result:
    """Plan time of iCEM with 40 + 32 + 25 sequences, the setting that its authors call real-time."""
    return _timed(make(IcemSettings(candidates=40, elites=10, decay=1.26)), 1 if quick else 20)


def hybrid_time(crawler: CrawlArena, quick: bool) -> Result:
    """Plan time of the default planner: iCEM with 54 + 43 sequences, and a Newton step from the best."""
    return _timed(make(HybridSettings()), 1 if quick else 20)


def rti_time(crawler: CrawlArena, quick: bool) -> Result:
    """Plan time of one real-time iteration."""
    return _timed(make(RtiSettings()), 1 if quick else 20)


def kernel_ratio(crawler: CrawlArena, quick: bool) -> Result:
    """Time of a roll-out of 256 sequences over that of the bare float32 products of the same shapes."""
    arena, rng = synthetic(), np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (_BATCH, arena.horizon, arena.num_actions))
    state = arena.start(rng)
    inputs = [rng.standard_normal((_BATCH, rows)).astype(np.float32) for rows, _ in _WIDTHS]
    weights = [rng.standard_normal(shape).astype(np.float32) for shape in _WIDTHS]
    outputs = [np.empty((_BATCH, columns), np.float32) for _, columns in _WIDTHS]

    def products() -> None:
        for _ in range(arena.horizon):
            for given, weight, out in zip(inputs, weights, outputs, strict=True):
                np.matmul(given, weight, out=out)

    times: dict[str, list[float]] = {"rollout_ms": [], "gemm_ms": []}
    work: Mapping[str, Callable[[], object]] = {
        "rollout_ms": lambda: arena.kernel.rollout(state, actions),
        "gemm_ms": products,
    }
    with collected():
        for _ in range(20 if quick else 200):
            for name, function in work.items():
                times[name].append(_cpu_ms(function))
    medians = {name: float(np.median(values[5:])) for name, values in times.items()}
    return {**medians, "ratio": medians["rollout_ms"] / medians["gemm_ms"]}


def plan_evaluation(crawler: CrawlArena, quick: bool) -> Result:
    """Time of evaluating a schedule that follows the state, as the servo loop does [us]."""
    arena = synthetic()
    problem = arena.problem(arena.start(np.random.default_rng(0)))
    plan = rti.plan(problem, RtiSettings(), None, np.random.default_rng(0))
    states, rest = np.random.default_rng(1).standard_normal((2000, 24)), np.zeros(problem.num_actions)
    feedback = following.feedback(None, plan.time, 0, plan, share=0.5)
    schedule = ActionSchedule(plan.time, plan.step, plan.actions, plan.time + 9.0, feedback)

    def play(time: float, state: FloatArray) -> FloatArray | None:
        action, guide = schedule.action(time, rest), schedule.guide(time)
        if action is None or guide is None:
            return action
        off = deviation(state, guide.predicted, turning)
        return corrected(action, guide.gain, off, problem.low, problem.high)

    turning = np.array([2])
    with collected():
        times = [1e3 * _cpu_ms(partial(play, plan.time + 2e-5 * i, state)) for i, state in enumerate(states)]
    return {"cpu_us": percentiles(times[50:]), "gains": feedback is not None}


def published_time(crawler: CrawlArena, quick: bool) -> Result:
    """Plan time of the published planner with a network of its own size, 3 x 500, on the crawler's states."""
    model, _ = crawler.network()
    large = published_network(model.space, model.action_names)
    kernel = Kernel(large, large.prior)
    low, high = np.full(2, 2.0), np.full(2, 9.0)
    cost = COURSES[crawler.course].cost(START, 0.05, model.space.pose)
    result: Result = {}
    for sequences, horizon in ((2000, 5), (500, 10)):
        problem = Problem(np.zeros(model.space.size), 0.0, 0.05, horizon, kernel, cost, low, high)
        watch = Stopwatch(PublishedPlanner(sequences, horizon))
        with collected():
            for seed in range(5 if quick else 25):
                watch(problem, None, np.random.default_rng(seed))
        result[f"{sequences} x {horizon}"] = percentiles(watch.figures()["cpu_ms"])
    return result


def optimality(block: int) -> Result:
    """Cost of Newton steps above that of the program solved to the end by IPOPT, on a block of random problems.

    From nothing with one and up to ten steps, and with the single step of a tick after five ticks in a closed loop.
    """
    arena, ten, single, warm = synthetic(), [], [], []
    for index in range(_PROBLEMS // BLOCKS):
        rng = np.random.default_rng([block, index])
        problem = arena.problem(arena.start(rng))
        solved = nlp.solve(problem, arena.model, arena.model.prior).cost
        ten.append(rti.plan(problem, RtiSettings(iterations=10), None, rng).cost / solved - 1)
        plan = rti.plan(problem, RtiSettings(), None, rng)
        single.append(plan.cost / solved - 1)
        if index >= _WARM:
            continue
        for tick in range(1, 6):
            state = arena.plant(problem.state, plan.action(problem.time))
            problem = arena.problem(state, tick * arena.step)
            plan = rti.plan(problem, RtiSettings(), plan, rng)
        warm.append(plan.cost / nlp.solve(problem, arena.model, arena.model.prior, plan).cost - 1)
    return {"ten": ten, "single": single, "warm": warm}


def _cpu_ms(function: Callable[[], object]) -> float:
    started = time.process_time()
    function()
    return 1e3 * (time.process_time() - started)


CHECKS: Mapping[str, Callable[[CrawlArena, bool], Result]] = MappingProxyType(
    {
        "kernel over bare GEMM": kernel_ratio,
        "RTI": rti_time,
        "iCEM, 312 sequences": icem_time,
        "iCEM, 97 sequences": small_icem_time,
        "hybrid": hybrid_time,
        "plan evaluation": plan_evaluation,
        "published planner, 3 x 500 network": published_time,
    }
)
"""Every check by name."""
