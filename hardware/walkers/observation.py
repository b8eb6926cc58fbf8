"""What a policy sees of a robot: the terms of its contract, scaled, with as much history as it wants."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from hardware.contract import Contract, Term, spread
from hardware.robot import FloatArray, RobotState
from hardware.rotation import in_body, roll_pitch_yaw

_TOUCH = 20.0
"""Force from which a foot is said to be on the ground [N]."""
_TURN = 2.0 * math.pi


@dataclass(frozen=True)
class Seen:
    """What a step goes by; the policy's joints are in its order and by its signs (n_joints,)."""

    state: RobotState
    position: FloatArray
    """[rad]"""
    velocity: FloatArray
    """[rad/s]"""
    command: FloatArray
    """As slewed, and not scaled yet (n_commands,)."""
    actions: Sequence[FloatArray]
    """Of the steps before, the newest first; ten of them."""


class Observer:
    """Turns what is seen into the numbers of a policy; remembers the frames before, clocks and the heading.

    Attributes:
        size: how many numbers there are.
        parts: each term and how many of the numbers are its, in words.
    """

    def __init__(self, contract: Contract, pose: FloatArray, feet: int) -> None:
        """Measure the terms for a robot with that usual pose (n_joints,) and so many feet."""
        self._pose, self._feet, self._names = pose, np.zeros(feet), contract.command.names
        self._observation, self._period = contract.observation, 1.0 / contract.rate_hz
        self._told = np.array(spread(contract.command.scale, len(self._names)))
        none, level = np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0])
        state = RobotState(0, 0.0, none, level, none, none, np.zeros_like(pose), np.zeros_like(pose))
        nothing = Seen(state, pose, np.zeros_like(pose), np.zeros(len(self._names)), [np.zeros_like(pose)] * 10)
        self.reset()
        sizes = [len(self._value(term, nothing)) for term in self._observation.terms]
        self._lengths = [term.history or self._observation.history for term in self._observation.terms]
        for index, (term, size) in enumerate(zip(self._observation.terms, sizes, strict=True)):
            if len(term.scale) not in {1, size}:
                place = f"observation.terms[{index}].scale: term {term.name}"
                raise ValueError(f"{place}: expected 1 or {size} numbers, got {len(term.scale)}")
        self._scales = [np.array(term.scale) for term in self._observation.terms]
        self.size = sum(size * length for size, length in zip(sizes, self._lengths, strict=True))
        told = zip(self._observation.terms, sizes, self._lengths, strict=True)
        self.parts = ", ".join(f"{t.name} {size}{f' x {n}' if n > 1 else ''}" for t, size, n in told)

    def reset(self) -> None:
        """Forget the frames before; clocks stand at zero, and the heading is the one that comes next."""
        self._frames: list[deque[FloatArray]] = []
        self._cycles = {t.frequency: 0.0 for t in self._observation.terms if t.kind == "clock"}
        self._heading = math.nan

    def observe(self, seen: Seen) -> FloatArray:
        """Return the numbers (size,) of the next step. Raises ValueError where one is not finite, naming its term."""
        terms, bound = self._observation.terms, self._observation.bound
        frame = []
        for term, scale in zip(terms, self._scales, strict=True):
            value = self._value(term, seen)
            if not np.isfinite(value).all():
                raise ValueError(f"{term.name} is not finite")
            frame.append(np.clip((value if term.clip is None else np.clip(value, *term.clip)) * scale, -bound, bound))
        self._remember(frame)
        self._advance(seen)
        frames = [list(reversed(kept)) if self._observation.newest_first else list(kept) for kept in self._frames]
        by_time = frames if self._observation.grouped == "term" else zip(*frames, strict=True)
        return np.concatenate(list(chain.from_iterable(by_time)))

    def _remember(self, frame: Sequence[FloatArray]) -> None:
        if not self._frames:
            first = self._observation.start == "first"
            pairs = zip(frame, self._lengths, strict=True)
            self._frames = [deque([part if first else 0.0 * part] * n, maxlen=n) for part, n in pairs]
        for kept, part in zip(self._frames, frame, strict=True):
            kept.append(part)

    def _advance(self, seen: Seen) -> None:
        """Move clocks and heading on to the next step."""
        rates = dict(zip(self._names, seen.command.tolist(), strict=True))
        for frequency in self._cycles:
            self._cycles[frequency] += self._period * (rates[frequency] if isinstance(frequency, str) else frequency)
        if "turn" in rates:
            self._heading = self._goal(seen) + self._period * rates["turn"]

    def _goal(self, seen: Seen) -> float:
        """Return the heading that the robot should have [rad]."""
        return roll_pitch_yaw(seen.state.quaternion)[2] if math.isnan(self._heading) else self._heading

    def _value(self, term: Term, seen: Seen) -> FloatArray:
        """Return the numbers of a term before scaling."""
        state = seen.state
        match term.kind:
            case "gyro":
                return state.gyro
            case "gravity":
                return in_body(state.quaternion, 0.0, 0.0, -1.0)
            case "linear_velocity":
                return in_body(state.quaternion, *state.velocity.tolist())
            case "command":
                told = self._told * seen.command
                return told[[self._names.index(name) for name in term.of]] if term.of else told
            case "joint_position":
                return seen.position if term.absolute else seen.position - self._pose
            case "joint_velocity":
                return seen.velocity
            case "last_action":
                return seen.actions[term.age - 1]
            case "constant":
                return np.array(term.values)
            case "clock":
                angles = _TURN * (self._cycles[term.frequency] + np.array(term.phases))
                return np.array((np.sin(angles), np.cos(angles))).ravel()
            case "heading_error":
                off = self._goal(seen) - roll_pitch_yaw(state.quaternion)[2]
                return np.array([off - _TURN * round(off / _TURN) if math.isfinite(off) else math.nan])
            case "attitude":
                return np.array(roll_pitch_yaw(state.quaternion)[:2])
            case "height":
                return state.position[2:]
            case _:
                return self._feet + (state.foot_force > _TOUCH)
