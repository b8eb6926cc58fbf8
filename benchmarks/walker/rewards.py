"""What a walker is rewarded for: velocities as commanded, at little cost to motors, feet and whoever it carries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

FAR, SLOPPY, NEAR = 2.0, 0.25, 0.04
"""Squared errors of velocity by which a reward falls to 37 %: on the way to the command, and the nearer the narrower
[m^2/s^2], [rad^2/s^2]."""
USUAL_HEIGHT = 0.3
"""Of the trunk over the ground [m]."""
CLEARANCE = 0.08
"""Height of a foot in swing [m]."""
SHORT_SWING, LONG_SWING = 0.15, 0.35
"""Between these a longer swing earns more [s]."""
STILL = 0.05
"""Commands smaller than this ask to stand [m/s], [rad/s]."""


@dataclass(frozen=True)
class Motion:
    """What a control step came to, a row for each robot."""

    command: FloatArray
    """(n, 3)"""
    velocity: FloatArray
    """In heading axes (n, 3) [m/s]."""
    gyro: FloatArray
    """In body axes (n, 3) [rad/s]."""
    lean: FloatArray
    """The ground's normal in body axes (n, 3)."""
    height: FloatArray
    """(n,) [m]"""
    angle: FloatArray
    """Less the usual pose (n, n_motors) [rad]."""
    excess: FloatArray
    """By how much angles are out of what motors should use (n, n_motors) [rad]."""
    torque: FloatArray
    acceleration: FloatArray
    """Of the joints (n, n_motors) [rad/s^2]."""
    action_change: FloatArray
    contact: BoolArray
    """(n, n_legs)"""
    landed: BoolArray
    swing: FloatArray
    """How long a foot was in the air until now (n, n_legs) [s]."""
    foot_height: FloatArray
    """(n, n_legs) [m]"""
    foot_speed: FloatArray
    """Along the ground (n, n_legs) [m/s]."""


def terms(motion: Motion) -> dict[str, FloatArray]:
    """Return the terms of the reward (n,) by the names of their weights."""
    off = ((motion.command[:, :2] - motion.velocity[:, :2]) ** 2).sum(axis=1)
    turn_off = (motion.command[:, 2] - motion.gyro[:, 2]) ** 2
    still = (np.abs(motion.command) < STILL).all(axis=1)
    swing = np.clip(motion.swing - SHORT_SWING, 0.0, LONG_SWING - SHORT_SWING) * motion.landed
    low = np.abs(motion.foot_height - CLEARANCE) * motion.foot_speed * ~motion.contact
    return {
        "velocity_far": np.exp(-off / FAR),
        "velocity": np.exp(-off / SLOPPY),
        "velocity_near": np.exp(-off / NEAR),
        "turn": np.exp(-turn_off / SLOPPY),
        "turn_near": np.exp(-turn_off / NEAR),
        "vertical": motion.velocity[:, 2] ** 2,
        "rolling": (motion.gyro[:, :2] ** 2).sum(axis=1),
        "tilt": (motion.lean[:, :2] ** 2).sum(axis=1),
        "height": (motion.height - USUAL_HEIGHT) ** 2,
        "torque": (motion.torque**2).sum(axis=1),
        "acceleration": (motion.acceleration**2).sum(axis=1),
        "action_rate": (motion.action_change**2).sum(axis=1),
        "limits": motion.excess.sum(axis=1),
        "spread": (motion.angle[:, ::3] ** 2).sum(axis=1),
        "slip": (motion.contact * motion.foot_speed**2).sum(axis=1),
        "clearance": low.sum(axis=1),
        "air_time": swing.sum(axis=1) * ~still / 0.02,
        "still": np.abs(motion.angle).sum(axis=1) * still,
    }
