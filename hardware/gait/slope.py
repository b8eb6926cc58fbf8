"""Which way is down, as seen from the feet: on slopes weight pulls along the ground, and falls beside the feet.

A trunk that stays parallel to the ground has to stand uphill of its feet, so that its centre of mass is above them
along gravity: the zero-moment point of one who stands still (Vukobratovic and Borovac 2004, "Zero-moment point").
"""

from __future__ import annotations

import math

from hardware.drives import Stride
from hardware.legs import Triple

DOWN: Triple = (0.0, 0.0, -1.0)
_LEAST = 0.5
"""Least cosine between down and the trunk's own down that is taken for walking."""


def down(w: float, x: float, y: float, z: float) -> Triple:
    """Return the unit vector of gravity in the trunk's axes, given its attitude wxyz; `DOWN` where that is no walk."""
    found = 2.0 * (w * y - x * z), -2.0 * (w * x + y * z), 2.0 * (x * x + y * y) - 1.0
    return found if found[2] < -_LEAST else DOWN  # neither lying nor unknown


def below(pull: Triple, stride: Stride) -> tuple[float, float]:
    """Return where on the plane of its feet the trunk's origin falls [m], forward and to the left.

    Args:
        pull: unit vector of gravity in the trunk's axes.
        stride: that the feet follow: how high the trunk is, and how it leans over its feet.
    """
    x, y, z = pull
    sin, cos = math.sin(stride.roll), math.cos(stride.roll)
    y, z = cos * y - sin * z, cos * z + sin * y
    sin, cos = math.sin(stride.pitch), math.cos(stride.pitch)
    x, z = cos * x + sin * z, cos * z - sin * x
    return -stride.height * x / z, -stride.height * y / z
