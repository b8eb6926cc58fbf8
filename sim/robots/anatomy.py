"""What perturbations can act on, robot by robot: names of legs and motors, and how large things may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Anatomy:
    """Names and magnitudes of one robot."""

    name: str
    legs: tuple[str, ...]
    motors: tuple[str, ...]
    limb: str
    """Ending of the body that a lost leg loses, after the leg's name."""
    payload_half: tuple[float, float, float]
    """Half the size of the box that stands for a payload [m]."""
    back: float
    """Height of the back over the trunk's origin, where payloads lie [m]."""
    jammed: float
    """Dry friction of a stuck motor [N m], many times what the robot's weight can put on it."""
    payload: float
    """Heaviest payload [kg]."""
    reach: tuple[float, float]
    """How far from the middle a payload may lie, forward and sideways [m]."""
    push: float
    """Largest knock along an axis [N s]."""
    bias: float
    """Largest error of a motor's speed; 0 where motors are not servoed by speed [rad/s]."""
    payload_unit: float
    """A payload that counts as one in a description [kg]."""
    moment_unit: float
    """A payload's mass times its place that counts as one [kg m]."""
    force_unit: float
    """A force that counts as one in a description [N]."""
