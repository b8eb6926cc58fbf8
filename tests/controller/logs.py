"""Logs that never happened, for tests of what is made from logs."""

from __future__ import annotations

import math
from dataclasses import replace

from controller.loop.timing import Journal, LoopResult, LoopSettings
from controller.telemetry.run_log import Log, RunHeader, TickRecord

CHANNELS = ("x", "y", "yaw", "roll", "pitch", "vx", "vy")
LEG_LOSS = "leg_loss:leg=left_middle@2"
HEADER = RunHeader(
    robot="roach",
    course="straight",
    perturbations=(LEG_LOSS,),
    adapter="grbal",
    planner="cem",
    seed=3,
    terrain="flat",
    mode="lock-step",
    rate_hz=10.0,
    channels=CHANNELS,
    path=((0.0, 0.0), (1.0, 0.0), (2.0, 0.0)),
    versions={"limber": "0.0.0", "torch": "<2>"},
)


def record(time: float, distance: float, prior: float | None, adapted: float | None) -> TickRecord:
    return TickRecord(
        time=time,
        state=(0.25 * time, distance, 0.0, 0.0, 0.0, 0.25, 0.0),
        action=(30.0, 31.0),
        applied=(29.0, 30.0),
        progress=0.25 * time,
        distance=distance,
        heading_error=0.01,
        speed=0.25,
        cost=100.0 * abs(distance),
        error_prior=prior,
        error_adapted=adapted,
        rejected=False,
        status="ok",
        rung="plan",
        missed=False,
        tick_ms=12.0,
        adapt_ms=1.0,
        plan_ms=10.0,
        perturbations=(LEG_LOSS,) if time >= 2.0 else (),
    )


def make_log(adapter: str = "grbal", off: float = 0.007, seconds: float = 4.0) -> Log:
    """A run straight ahead that is 1 mm off its course, and `off` [m] to the right of it from 2 s on."""
    prior, adapted = (0.3, 0.1) if adapter == "grbal" else (0.2, 0.2)
    records = [record(0.0, 0.001, None, None)]
    for tick in range(1, round(seconds * HEADER.rate_hz)):
        time = tick / HEADER.rate_hz
        records.append(record(time, 0.001 if time < 2.0 else -off, prior, adapted))
    return Log(replace(HEADER, adapter=adapter), tuple(records))


def make_goal_log(adapter: str = "grbal", found_at: float = 1.0) -> Log:
    """A run that earns nothing up to a time [s] and nearly everything from then on."""
    log = make_log(adapter)
    header = replace(
        log.header,
        course="hidden_turn",
        path=(),
        channels=(*CHANNELS, "hidden_turn_reward"),
        goal="hidden_turn:side=-1",
    )
    rewards = [0.9 if record.time >= found_at else 0.0 for record in log.records]
    records = tuple(
        replace(record, state=(*record.state, reward), cost=-reward, distance=math.nan, heading_error=math.nan)
        for record, reward in zip(log.records, rewards, strict=True)
    )
    return Log(header, records)


def make_loop(log: Log, *, interrupted: bool = False) -> LoopResult:
    """A loop in which the last tick was late."""
    journal = Journal(LoopSettings(log.header.rate_hz, 4.0), interrupted=interrupted)
    for tick in log.records:
        journal.add_tick(1e-3 * tick.tick_ms, 0.2 if tick is log.records[-1] else 1e-3 * tick.tick_ms)
    return journal.result()
