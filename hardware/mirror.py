"""Left for right: what a robot's numbers are in a mirror that stands along x.

A number keeps its value, changes its sign, or is exchanged with that of the other side; the phase of a gait is half a
cycle off, for the legs of the other side are then where these were.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from hardware.robot import FloatArray
from hardware.sides import other_side
from hardware.spec import RobotSpec
from sim.perturbations import channels, sideways

_ODD = ("y", "yaw", "roll", "vy", "gyro_x", "gyro_z", "lateral", "turn")
"""What changes its sign: channels, actions, and the strides that follow those."""
_BETWEEN = "[_:]"
"""Between the words of a name."""
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
    turned = [f"{what}_{motor}" for what in ("phase", "speed", "emf") for motor in _turned(spec)]
    odd = {*_ODD, *(f"stride_{name}" for name in _ODD), *turned}
    return _mirror(spec, [channel.name for channel in spec.channels], odd, _SHIFTED)


def of_actions(spec: RobotSpec) -> Mirror:
    """Return the mirror of actions (A,)."""
    driven = [action.name for action in spec.actions]
    return _mirror(spec, driven, _turned(spec) if set(driven) <= set(spec.motors) else _ODD)


def of_conditions(spec: RobotSpec) -> Mirror:
    """Return the mirror of descriptions of conditions (C,)."""
    return _mirror(spec, channels(spec.anatomy), {*sideways(), *(f"zero_{motor}" for motor in _turned(spec))})


def of_rows(spec: RobotSpec, names: Sequence[str]) -> Mirror:
    """Return the mirror of a diagnosis' rows (F,): encoded states, actions, changes, and the signs of the servo."""
    whole = {*_ODD, *(f"stride_{name}" for name in _ODD)}
    told = {f"{before}{name}" for before in ("", "sin_", "action_", "change_") for name in whole}
    turned = {f"{motor}_{what}" for what in ("error", "torque") for motor in _turned(spec)}
    return _mirror(spec, names, {*told, *turned, "accelerometer_y"})


def image(spec: RobotSpec, name: str) -> str:
    """Return what a name that may speak of a motor or a leg is on the other side."""
    pairs = spec.pairs
    for part in sorted(pairs, key=len, reverse=True):
        if found := re.search(rf"(?:^|(?<={_BETWEEN})){re.escape(part)}(?={_BETWEEN}|$)", name):
            return f"{name[: found.start()]}{pairs[part].name}{name[found.end() :]}"
    return other_side(name)


def _turned(spec: RobotSpec) -> list[str]:
    """Return the motors that turn the other way in a mirror."""
    return [name for name, other in spec.pairs.items() if other.sign < 0]


def _mirror(
    spec: RobotSpec, names: Sequence[str], odd: Collection[str], shifted: Mapping[str, float] = MappingProxyType({})
) -> Mirror:
    known, others = list(names), [image(spec, name) for name in names]
    for name, other in zip(known, others, strict=True):
        if other not in known:
            raise ValueError(f"{name}: expected {other} on a symmetric robot, got none")
    signs = [-1.0 if name in odd else 1.0 for name in known]
    shifts = [shifted.get(name, 0.0) for name in known]
    return Mirror(tuple(known.index(other) for other in others), np.array(signs), np.array(shifts))
