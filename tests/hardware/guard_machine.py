"""A guard fed with any sequence of plans, states, faults and requests, judged every cycle."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from hardware.guard.guard import Guard, Verdict
from hardware.guard.state_machine import LATCHED, Mode
from hardware.limits import Severity
from hardware.robot import CommandMode, RobotCommand, RobotState
from tests.hardware.four_legs import COUNT, GO2, assert_safe, command, pose, state

PLANS = ("good", "good", "good", "none", "expired", "not finite", "not finite", "wild", "wrong shape", "damp", "brief")
ILLS = ("none",) * 8 + (
    "stale",
    "future",
    "fallen",
    "hot",
    "fault",
    "blind",
    "elsewhere",
    "fast",
    "empty",
    "late",
    "spam",
)
SEEDS = st.integers(0, 2**16)


def planned(kind: str, now: float, rng: np.random.Generator) -> RobotCommand | None:
    near = command(pose("stand") + rng.normal(scale=0.2, size=COUNT), expires=now + 0.05)
    match kind:
        case "none":
            return None
        case "expired":
            return replace(near, expires=now - float(rng.uniform(0.0, 0.2)))
        case "brief":
            return replace(near, expires=now + 1e-4)
        case "not finite":
            field = ("position", "velocity", "torque", "kp", "kd")[int(rng.integers(5))]
            bad = np.array(getattr(near, field))
            bad[int(rng.integers(COUNT))] = rng.choice([math.nan, math.inf, -math.inf])
            return replace(near, **{field: bad})  # type: ignore[arg-type]
        case "wild":
            q, dq, tau, kp, kd = (10.0 ** rng.uniform(-1, 9) * rng.normal(size=COUNT) for _ in range(5))
            return RobotCommand(CommandMode.SERVO, q, dq, tau, kp, kd, now + 0.05)
        case "wrong shape":
            return replace(near, torque=np.zeros(COUNT - 1))
        case "damp":
            return replace(near, mode=CommandMode.DAMP)
    return near


def ailing(kind: str, healthy: RobotState, rng: np.random.Generator) -> RobotState:
    match kind:
        case "stale":
            return replace(healthy, time=healthy.time - float(rng.choice([0.02, 0.06, 1.0])))
        case "future":
            return replace(healthy, time=healthy.time + float(rng.choice([0.06, math.inf, math.nan])))
        case "fallen":
            fallen = state(healthy.time, roll=float(rng.uniform(0.95, math.pi)) * float(rng.choice([-1, 1])))
            return replace(healthy, quaternion=fallen.quaternion)
        case "hot":
            return replace(healthy, motor_temperature=np.full(COUNT, rng.choice([75.0, 85.0])))
        case "fault":
            return replace(healthy, faults=("motor driver",))
        case "blind":
            return replace(healthy, motor_position=np.full(COUNT, math.nan))
        case "elsewhere":
            return replace(healthy, motor_position=rng.uniform(-4.0, 4.0, COUNT))
        case "fast":
            return replace(healthy, motor_velocity=rng.uniform(-60.0, 60.0, COUNT))
        case "empty":
            return replace(healthy, charge=0.05)
        case "spam":
            return replace(healthy, foreign_commands=int(rng.integers(5)), bad_packets=int(rng.integers(200)))
    return healthy


class GuardMachine(RuleBasedStateMachine):
    """Time passes by cycles; the joints follow what is sent, or do as the fault says."""

    def __init__(self) -> None:
        super().__init__()
        self.guard = Guard(GO2)
        self.now = 0.0
        self.angles = pose("sit")
        self.last: RobotState = state(0.0, self.angles)
        self.sent: RobotCommand | None = None
        self.estop = False

    @rule(plan=st.sampled_from(PLANS), ill=st.sampled_from(ILLS), seed=SEEDS, cycles=st.integers(1, 60))
    def play(self, plan: str, ill: str, seed: int, cycles: int) -> None:
        """A few cycles under one plan; a fault shows in the last of them only."""
        rng = np.random.default_rng(seed)
        for cycle in range(cycles):
            self.cycle(plan, ill if cycle == cycles - 1 else "none", rng)

    @rule(seed=SEEDS)
    def rise(self, seed: int) -> None:
        """Somebody helps it up and lets it run, which would take a thousand cycles otherwise."""
        self.angles = pose("stand")
        self.request(Mode.RUN)
        rng = np.random.default_rng(seed)
        for _ in range(12):
            self.cycle("good", "none", rng, dt=0.02)

    @rule(wanted=st.sampled_from([Mode.RUN, Mode.RUN, Mode.RUN, Mode.STAND, Mode.DAMP, Mode.PASSIVE, Mode.ESTOP]))
    def request(self, wanted: Mode) -> None:
        accepted = self.guard.request(wanted)
        self.estop = self.estop or wanted is Mode.ESTOP
        assert not (accepted and self.guard.fault is not None and wanted in {Mode.RUN, Mode.STAND})

    @rule()
    def reset(self) -> None:
        faulted = self.guard.fault is not None
        if self.guard.reset(self.last, self.now) == () and faulted:
            self.estop = False
            assert self.guard.fault is None
            assert np.abs(self.last.motor_velocity).max() <= 0.5
            assert abs(self.now - self.last.time) <= 0.05

    def cycle(self, plan: str, ill: str, rng: np.random.Generator, dt: float = 0.002) -> None:
        self.now += dt
        self.last = ailing(ill, state(self.now, self.angles), rng)
        wanted = planned(plan, self.now, rng)
        faulted = self.guard.fault
        verdict = self.guard.check(wanted, self.last, self.now, late=0.1 if ill == "late" else 0.0)
        assert_safe(verdict.command, self.last, self.sent, self.now)
        self.judge(verdict, plan, ill)
        assert faulted is None or verdict.fault == faulted
        self.sent = verdict.command
        if verdict.command.mode is CommandMode.SERVO:
            self.angles = self.angles + 0.5 * (verdict.command.position - self.angles)
        else:
            self.angles = self.angles + 0.01 * (pose("sit") - self.angles)

    def judge(self, verdict: Verdict, plan: str, ill: str) -> None:
        driven = verdict.command.mode is CommandMode.SERVO
        if self.estop:
            assert verdict.mode is Mode.ESTOP
        if verdict.mode in LATCHED:
            assert verdict.fault is not None
        if verdict.mode in LATCHED or verdict.mode in {Mode.DAMP, Mode.PASSIVE} or ill in {"fallen", "fault", "blind"}:
            assert not driven
        if ill in {"future"} or (ill == "stale" and self.now - self.last.time > 0.05):
            assert not driven
        if verdict.fault is not None and driven:
            assert verdict.fault.severity is Severity.SOFT
            assert verdict.mode is Mode.SIT_DOWN
        if verdict.follows:
            assert plan in {"good", "brief", "wild"}
            assert verdict.mode is Mode.RUN
