"""A made-up trot whose truth is known: a body on a smooth path, four feet that stand and swing in turns."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hardware import rotation
from hardware.estimation.kalman import GRAVITY
from hardware.robot import FloatArray
from tests.hardware.turns import log

HIPS = np.array([[0.2, 0.15, 0.0], [0.2, -0.15, 0.0], [-0.2, 0.15, 0.0], [-0.2, -0.15, 0.0]])
PAIR = np.array([0, 1, 1, 0])
"""Which half of the stride each foot swings in."""
STRIDE = 0.5
"""[s]"""


@dataclass(frozen=True)
class Reading:
    """Sensors at one instant, and the truth."""

    gyro: FloatArray
    accelerometer: FloatArray
    feet: FloatArray
    contacts: FloatArray
    position: FloatArray
    velocity: FloatArray
    rotation: FloatArray


def position(time: float) -> FloatArray:
    """Ahead at half a metre a second after a soft start, with bounce and sway."""
    ahead = 0.5 * (time - math.tanh(time))
    bounce, sway = math.sin(2 * math.tau * time / STRIDE), math.sin(math.tau * time / STRIDE)
    return np.array([ahead, 0.01 * sway + 0.3 * math.sin(0.2 * ahead), 0.3 + 0.005 * bounce])


def attitude(time: float) -> FloatArray:
    """Turning slowly while it rolls and pitches."""
    yaw = 0.2 * math.sin(0.3 * time)
    tilt = np.array([0.05 * math.sin(math.tau * time / STRIDE), 0.03 * math.cos(1.5 * math.tau * time / STRIDE), 0.0])
    return rotation.exp(np.array([0.0, 0.0, yaw])) @ rotation.exp(tilt)


def feet_at(time: float) -> tuple[FloatArray, FloatArray]:
    """Return where the feet are in the world (4, 3) and which of them stand (4,)."""
    places, standing = np.zeros((4, 3)), np.zeros(4)
    for foot, half in enumerate(PAIR.tolist()):
        phase = time / STRIDE + 0.5 * half
        begun = math.floor(phase)
        share = 2.0 * (phase - begun) - 1.0  # swings in the second half
        here, there = (_foothold(foot, (begun + extra - 0.5 * half) * STRIDE) for extra in (0, 1))
        blend = 0.5 - 0.5 * math.cos(math.pi * max(0.0, share))
        places[foot] = here + blend * (there - here)
        places[foot, 2] = 0.05 * math.sin(math.pi * max(0.0, share))
        standing[foot] = float(share <= 0.0)
    return places, standing


def _foothold(foot: int, time: float) -> FloatArray:
    place = position(time) + attitude(time) @ HIPS[foot]
    return np.array([place[0], place[1], 0.0])


def readings(
    seconds: float, dt: float, rng: np.random.Generator, noise: float = 1.0, bias: float = 1.0
) -> Iterator[Reading]:
    """Yield what a consumer IMU and encoders would say, with noise and constant biases scaled by the arguments."""
    gyro_bias, accelerometer_bias = bias * np.array([0.01, -0.02, 0.005]), bias * np.array([0.1, -0.05, 0.1])
    root = math.sqrt(dt)
    for index in range(round(seconds / dt)):
        time = index * dt
        now, then = attitude(time), attitude(time + dt)
        middle = now @ rotation.exp(0.5 * log(now.T @ then))
        speed, speed_then = ((position(t + dt) - position(t - dt)) / (2 * dt) for t in (time, time + dt))
        force = middle.T @ ((speed_then - speed) / dt - GRAVITY)
        places, standing = feet_at(time + dt)
        feet = (places - position(time + dt)) @ then
        yield Reading(
            gyro=log(now.T @ then) / dt + gyro_bias + noise * 0.005 / root * rng.standard_normal(3),
            accelerometer=force + accelerometer_bias + noise * 0.05 / root * rng.standard_normal(3),
            feet=feet + noise * 0.002 * rng.standard_normal((4, 3)),
            contacts=standing,
            position=position(time + dt),
            velocity=speed_then,
            rotation=then,
        )
