"""A robot's file judged by what the robot does: it stands, bears its weight, moves, carries a load."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hardware import embodiment
from hardware.clock import VirtualClock
from hardware.drives import Striding
from hardware.robot import FloatArray, RobotError
from hardware.rotation import roll_pitch_yaw
from hardware.simulated.robot import SimRobot
from hardware.spec import RobotSpec
from sim.perturbations import Perturbation, parse

_SECONDS = 3.0
_LOOK = 5
"""Cycles of the servo from one look to the next."""
_RATE = 4.0
"""How often motors without a gait are told another angle [Hz]."""
_LEANS, _STRAINED, _DROOPS, _LAGS = 0.3, 0.7, 0.2, 0.4
"""Tilt [rad], share of the torque, error of a joint [rad], and share of the speed it was told: beyond it is said."""


@dataclass(frozen=True)
class Verdict:
    """One thing that was looked at."""

    what: str
    good: bool
    found: str
    cure: str
    """What to write where it is not good."""


@dataclass(frozen=True)
class _Seen:
    """What a robot did."""

    tilt: float
    """Largest [rad]."""
    moved: float
    """Along x [m]."""
    torque: FloatArray
    """On average, as a share of the largest (n_motors,)."""
    droop: float
    """Largest error of a joint on average [rad]."""
    forces: FloatArray
    """Of the feet on average (n_feet,) [N]."""


def verdicts(spec: RobotSpec) -> Iterator[Verdict]:
    """Return what is to be said of a robot, one thing after the other."""
    standing = _drive(spec, 0.0)
    if standing is None:
        yield Verdict(
            "stands", False, "the simulation blows up", "lower servo.hold, servo.run, or check masses of the body"
        )
        return
    cure = "change servo.stand, or raise servo.run.kp and limits.torque"
    yield Verdict("stands", standing.tilt < _LEANS, f"leans by at most {standing.tilt:.2f} rad", cure)
    idle = [leg for leg, force in zip(spec.anatomy.legs, standing.forces, strict=True) if force <= 0.0]
    bears = f"{len(spec.anatomy.legs) - len(idle)} of {len(spec.anatomy.legs)} feet bear it"
    yield Verdict("feet", not idle, bears, f"change servo.stand of {', '.join(idle)}, or anatomy.feet")
    worst = int(np.argmax(standing.torque))
    strain = f"{standing.torque[worst]:.0%} of the torque of {spec.motors[worst]}"
    yield Verdict(
        "strain", bool(standing.torque[worst] < _STRAINED), strain, "raise limits.torque, or stand with straighter legs"
    )
    yield Verdict(
        "droop", standing.droop < _DROOPS, f"joints give way by {standing.droop:.2f} rad", "raise servo.run.kp"
    )
    yield _moves(spec)
    yield from _perturbed(spec)


def pace(spec: RobotSpec) -> float | None:
    """Return what share of half its highest speed a gait walks at, 0 where it falls; None of a robot without one."""
    return _paced(spec, _drive(spec, 0.5))


def _paced(spec: RobotSpec, seen: _Seen | None) -> float | None:
    if not isinstance(spec.drive, Striding):
        return None
    return 0.0 if seen is None or seen.tilt > 1.0 else seen.moved / (_SECONDS * _told(spec))


def _moves(spec: RobotSpec) -> Verdict:
    seen = _drive(spec, 0.5)
    if seen is None or seen.tilt > 1.0:
        return Verdict("moves", False, "falls, or the simulation blows up", "narrow the ranges of actions")
    share = _paced(spec, seen)
    if share is None:
        return Verdict("moves", True, f"stays up while its motors move, and ends {seen.moved:+.2f} m along x", "")
    found, cure = f"{share:.0%} of {_told(spec):.2g} m/s", "lower the highest forward action, or stiffen servo.run"
    return Verdict("moves", share > _LAGS, found, cure)


def _told(spec: RobotSpec) -> float:
    return 0.5 * spec.actions[0].high


def _perturbed(spec: RobotSpec) -> Iterator[Verdict]:
    anatomy = spec.anatomy
    if "payload" in anatomy.ranges:
        heavy = max(high for _, high in anatomy.bands("payload", "mass").of("train"))
        seen = _drive(spec, 0.5, parse(f"payload:mass={heavy:.5g}"))
        good = seen is not None and seen.tilt < 1.0
        yield Verdict("payload", good, f"{heavy:.3g} kg {'are carried' if good else 'are too much'}",
                      "lower anatomy.ranges.payload.mass, or raise limits.torque")  # fmt: skip
    if "leg_loss" in anatomy.ranges:
        alone = [sets[0] for sets in anatomy.leg_sets.train if len(sets) == 1]
        runs = {leg: _drive(spec, 0.5, parse(f"leg_loss:leg={leg}@0.5")) for leg in alone}
        falls = [leg for leg, seen in runs.items() if seen is None or seen.tilt > 1.0]
        found = f"falls without {', '.join(falls)}" if falls else "stays up without any one leg"
        yield Verdict("lost leg", len(falls) < len(alone), found, "take leg_loss out of anatomy.ranges, or stand wider")


def _drive(spec: RobotSpec, share: float, *perturbations: Perturbation) -> _Seen | None:
    """Return what a robot does that is told to run at a share of its speed; None where the simulation blows up."""
    clock, rng = VirtualClock(), np.random.default_rng(0)
    robot = SimRobot(spec, clock, rng, perturbations=perturbations)
    drive = embodiment.embody(spec)
    robot.connect()
    robot.activate()
    state = drive.annotate(robot.read())
    rest = embodiment.rest_action(spec)
    action, start, seen = rest, state.position[0], list[tuple[float, FloatArray, FloatArray, FloatArray]]()
    try:
        for cycle in range(round(_SECONDS * spec.servo_hz)):
            if cycle % max(1, round(spec.servo_hz / _RATE)) == 0:
                action = _action(spec, rest, share, rng)
            told = drive.command(action, state, clock.now(), clock.now() + 1.0)
            robot.write(told)
            clock.sleep_until((cycle + 1) / spec.servo_hz)
            state = drive.annotate(robot.true_state())
            if cycle % _LOOK == 0:
                tilt = max(map(abs, roll_pitch_yaw(state.quaternion)[:2]))
                seen.append((tilt, np.abs(state.motor_torque), state.motor_position - told.position, state.foot_force))
    except RobotError:
        return None
    tilts, torques, errors, forces = (np.array(each) for each in zip(*seen, strict=True))
    half = len(seen) // 2
    torque = torques[half:].mean(axis=0) / np.array(spec.limits.torque or [math.inf] * len(spec.motors))
    droop = float(np.abs(errors[half:].mean(axis=0)).max())
    return _Seen(float(tilts.max()), float(state.position[0] - start), torque, droop, forces[half:].mean(axis=0))


def _action(spec: RobotSpec, rest: FloatArray, share: float, rng: np.random.Generator) -> FloatArray:
    """Return what to do next: forward by a gait, else anything not far from the standing pose."""
    low, high = (np.array([getattr(action, end) for action in spec.actions]) for end in ("low", "high"))
    if isinstance(spec.drive, Striding):
        return np.array([share * high[0], *rest[1:]])
    return np.array(rest + share * (rng.uniform(low, high) - rest))


def good(found: Sequence[Verdict]) -> bool:
    """Return whether all is well."""
    return all(verdict.good for verdict in found)
