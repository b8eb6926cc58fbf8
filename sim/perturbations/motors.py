"""Perturbations of the motors: worn, dead, jammed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from sim.conditions.condition import Condition
from sim.perturbations import codec
from sim.perturbations.base import MORE_LIKELY, Perturbation, Range
from sim.robots.anatomy import Anatomy
from sim.robots.ranges import Split

_GAIN_UNIT, _BIAS_UNIT = 0.3, 5.0
"""What counts as one in a description: change of a gain [-], error of a speed [rad/s]."""
_GAINS = (0.0, 2.0)
"""Of motors [-]."""
_LEAST_GAIN, _LEAST_BIAS = 0.08, 1.0
"""Smaller changes are not worth a word [-], [rad/s]."""
_STUCK = 0.9
"""A motor that has less than the rest of its range left is stuck."""
_MOST_WORN = 3
"""Motors that follow no speeds are worn in numbers from one up to this."""


@dataclass(frozen=True)
class Motor(Perturbation):
    """Worn, hot or badly calibrated drives: speeds are gain * set-point + bias, others give a share of their torque."""

    name: ClassVar[str] = "motor"
    parameters: ClassVar[tuple[str, ...]] = ("gain", "bias")
    gains: tuple[tuple[str, float], ...] = codec.table(neutral=1.0, within=_GAINS)
    """Motors and their gain on speeds, or the share of the asked torque that they give [-]."""
    biases: tuple[tuple[str, float], ...] = codec.table(neutral=0.0, ending="_bias")
    """Motors that follow speeds, and what is added to those [rad/s]."""

    def change(self, condition: Condition) -> Condition:
        gain, bias = dict(condition.gain), dict(condition.bias)
        for motor, value in self.gains:
            gain[motor] = gain.get(motor, 1.0) * value
        for motor, value in self.biases:
            bias[motor] = bias.get(motor, 0.0) + value
        return replace(condition, gain=gain, bias=bias)

    @classmethod
    def allowed(cls, anatomy: Anatomy) -> Mapping[str, Range | tuple[str, ...]]:
        gains = dict.fromkeys(anatomy.motors, Range(*_GAINS))
        bias = Range(-anatomy.motor_bias, anatomy.motor_bias)
        return gains | (dict.fromkeys((f"{motor}_bias" for motor in anatomy.motors), bias) if bias.high else {})

    def check(self, anatomy: Anatomy) -> None:
        for motor, _ in (*self.gains, *self.biases):
            codec.check_one(f"perturbation {self.name}", motor, anatomy.motors, f" on robot {anatomy.name}")
        for motor, bias in self.biases:
            if anatomy.servo != "velocity":
                expected = f"a share of its torque, {motor}=..., as robot {anatomy.name} follows no speeds"
                raise codec.PerturbationError(f"perturbation {self.name}.{motor}_bias", expected, f"{bias:g}")
            codec.check_range(self, f"{motor}_bias", bias, -anatomy.motor_bias, anatomy.motor_bias)

    @property
    def part(self) -> str:
        """Motors that give a share of their torque; those that follow speeds are told together."""
        return "" if self.biases else "+".join(sorted(motor for motor, _ in self.gains))

    @classmethod
    def amounts(cls, condition: Condition, anatomy: Anatomy, heading: float) -> dict[str, float]:
        """Return the share that the worn motors give, the least of them; gains and biases of motors with speeds."""
        if anatomy.servo != "velocity":
            return {"gain": min(condition.gain.values(), default=1.0)}
        gains = {f"{motor}_gain": condition.gain.get(motor, 1.0) for motor in anatomy.motors}
        return gains | {f"{motor}_bias": condition.bias.get(motor, 0.0) for motor in anatomy.motors}

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        speeds = anatomy.motors if anatomy.servo == "velocity" else ()
        gains = {f"gain_{motor}": (condition.gain.get(motor, 1.0) - 1.0) / _GAIN_UNIT for motor in anatomy.motors}
        return gains | {f"bias_{motor}": condition.bias.get(motor, 0.0) / _BIAS_UNIT for motor in speeds}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        for motor in anatomy.motors:
            gain, bias = _GAIN_UNIT * told.get(f"gain_{motor}", 0.0), _BIAS_UNIT * told.get(f"bias_{motor}", 0.0)
            words = [f"at {1.0 + gain:.0%}"] if abs(gain) > _LEAST_GAIN else []
            words += [f"{bias:+.1f} rad/s"] if abs(bias) > _LEAST_BIAS else []
            if words:
                yield f"{motor} motor {', '.join(words)}"

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Motor:
        """Draw a gain and a bias on each motor's speed, sparing one half of the time; else the shares of a few."""
        motors, gain = anatomy.motors, anatomy.bands("motor", "gain")
        if anatomy.servo != "velocity":
            count = int(rng.integers(1, 1 + min(_MOST_WORN, len(motors))))
            worn = sorted(rng.choice(len(motors), size=count, replace=False))
            return cls(tuple((motors[index], gain.draw(rng, split)) for index in worn))
        bias, spared = anatomy.bands("motor", "bias"), int(rng.integers(2 * len(motors)))
        gains, biases = [], []
        for motor in (motor for index, motor in enumerate(motors) if index != spared):
            gains.append((motor, gain.draw(rng, split)))
            biases.append((motor, bias.draw(rng, split) * float(rng.choice((-1.0, 1.0)))))
        return cls(tuple(gains), tuple(biases))


@dataclass(frozen=True)
class DeadMotor(Perturbation):
    """A motor gives no torque any more; its shorted winding still brakes."""

    name: ClassVar[str] = "dead_motor"
    parameters: ClassVar[tuple[str, ...]] = ()
    motor: str = codec.name("name")

    def change(self, condition: Condition) -> Condition:
        return replace(condition, dead_motors=condition.dead_motors | {self.motor})

    @classmethod
    def allowed(cls, anatomy: Anatomy) -> Mapping[str, Range | tuple[str, ...]]:
        return {"name": anatomy.motors}

    @property
    def part(self) -> str:
        return self.motor

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        return {f"dead_{motor}": float(motor in condition.dead_motors) for motor in anatomy.motors}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        return (f"{motor} motor dead" for motor in anatomy.motors if told.get(f"dead_{motor}", 0.0) > MORE_LIKELY)

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> DeadMotor:
        return cls(_one(rng, split, anatomy))


@dataclass(frozen=True)
class Stuck(Perturbation):
    """A gearbox jams: no torque reaches the crank, which holds its angle."""

    name: ClassVar[str] = "stuck"
    motor: str = codec.name("name")

    def change(self, condition: Condition) -> Condition:
        return replace(condition, stuck_motors=condition.stuck_motors | {self.motor})

    @classmethod
    def allowed(cls, anatomy: Anatomy) -> Mapping[str, Range | tuple[str, ...]]:
        return {"name": anatomy.motors}

    @property
    def part(self) -> str:
        return self.motor

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        """Tell how much of each motor's range is taken: all of it where it is stuck, a part where it is locked."""
        taken = {motor: 1.0 - share for motor, share in condition.locked.items()}
        stuck = condition.stuck_motors
        return {f"stuck_{motor}": 1.0 if motor in stuck else taken.get(motor, 0.0) for motor in anatomy.motors}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        for motor in anatomy.motors:
            taken = told.get(f"stuck_{motor}", 0.0)
            if taken > MORE_LIKELY:
                left = f"locked within {1.0 - taken:.0%} of its range"
                yield f"{motor} motor {'stuck' if taken > _STUCK else left}"


@dataclass(frozen=True)
class Locked(Perturbation):
    """A joint moves no further than a share of its range around where it is; inside the motor works on."""

    name: ClassVar[str] = "locked"
    parameters: ClassVar[tuple[str, ...]] = ("range",)
    motor: str = codec.name("name")
    share: float = codec.number(key="range", within=(0.01, 1.0))
    """Of the joint's range, or of a full turn where that has no end [-]."""

    @property
    def part(self) -> str:
        return self.motor

    def change(self, condition: Condition) -> Condition:
        share = min(self.share, condition.locked.get(self.motor, 1.0))
        return replace(condition, locked={**condition.locked, self.motor: share})

    @classmethod
    def allowed(cls, anatomy: Anatomy) -> Mapping[str, Range | tuple[str, ...]]:
        return {"name": anatomy.motors}

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Locked:
        return cls(_one(rng, split, anatomy), anatomy.bands("locked", "range").draw(rng, split))


def _one(rng: np.random.Generator, split: Split, anatomy: Anatomy) -> str:
    """Draw a motor of a split."""
    kept = anatomy.kept_motors
    motors = kept if kept and split == "heldout" else [motor for motor in anatomy.motors if motor not in kept]
    return motors[int(rng.integers(len(motors)))]
