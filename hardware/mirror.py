"""Left for right: what a robot's numbers are in a mirror that stands along x.

A number keeps its value, changes its sign, or is exchanged with that of the other side; the phase of a gait is half a
cycle off, for the legs of the other side are then where these were.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from hardware.robot import FloatArray
from hardware.spec import RobotSpec
from sim.perturbations import channels, sideways

_ODD = ("y", "yaw", "roll", "vy", "gyro_x", "gyro_z", "lateral", "turn")
"""What changes its sign: channels, actions, and the strides that follow those."""
_SIDES = {"left": "right", "right": "left"}
_SHIFTED = MappingProxyType({"gait_phase": math.pi})


@dataclass(frozen=True, eq=False)
class Mirror:
    """Mirrors a group of numbers.

    Attributes:
        source: which number takes each place (n,).
        sign: what it is multiplied by (n,).
        shift: what is added then (n,).
    """

    source: tuple[int, ...]
    sign: FloatArray
    shift: FloatArray

    def __call__(self, values: FloatArray) -> FloatArray:
        """Return the mirror image of values (..., n)."""
        found: FloatArray = values[..., self.source] * self.sign + self.shift
        return found


def of_states(spec: RobotSpec) -> Mirror:
    """Return the mirror of state vectors (S,). Raises ValueError where a channel has none on the other side."""
    turned = [f"{what}_{hip}" for what in ("phase", "speed", "emf") for hip in _hips(spec)]
    odd = {*_ODD, *(f"stride_{name}" for name in _ODD), *turned}
    return _mirror([channel.name for channel in spec.channels], odd, _SHIFTED)


def of_actions(spec: RobotSpec) -> Mirror:
    """Return the mirror of actions (A,)."""
    return _mirror([action.name for action in spec.actions], _ODD)


def of_conditions(spec: RobotSpec) -> Mirror:
    """Return the mirror of descriptions of conditions (C,)."""
    return _mirror(channels(spec.anatomy), {*sideways(), *(f"zero_{hip}" for hip in _hips(spec))})


def of_rows(spec: RobotSpec, names: Sequence[str]) -> Mirror:
    """Return the mirror of a diagnosis' rows (F,): encoded states, actions, changes, and the signs of the servo."""
    whole = {*_ODD, *(f"stride_{name}" for name in _ODD)}
    told = {f"{before}{name}" for before in ("", "sin_", "action_", "change_") for name in whole}
    turned = {f"{hip}_{what}" for what in ("error", "torque") for hip in _hips(spec)}
    return _mirror(names, {*told, *turned, "accelerometer_y"})


def other_side(name: str) -> str:
    """Return a name with left and right exchanged."""
    return "_".join(_SIDES.get(word, word) for word in name.split("_"))


def _hips(spec: RobotSpec) -> list[str]:
    """Return the first motor of every leg, which turns the other way in a mirror."""
    return [motor for index, motor in enumerate(spec.motors) if spec.legs and index % 3 == 0]


def _mirror(names: Sequence[str], odd: Collection[str], shifted: Mapping[str, float] = MappingProxyType({})) -> Mirror:
    known = list(names)
    for name in known:
        if other_side(name) not in known:
            raise ValueError(f"{name}: expected {other_side(name)} on a symmetric robot, got none")
    signs = [-1.0 if name in odd else 1.0 for name in known]
    shifts = [shifted.get(name, 0.0) for name in known]
    return Mirror(tuple(known.index(other_side(name)) for name in known), np.array(signs), np.array(shifts))
