"""Legs as a gait knows them, fitted to where the feet of a body were found to be."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hardware.legs import AnyLeg, RollLeg, YawLeg
from hardware.robot import FloatArray
from sim.discovery.discover import FoundLeg

_STRAIGHT = 0.05
"""How far axes that should be parallel or upright may be off [-]."""
_OFF = 0.02
"""How far a foot may be from where the fitted leg says, as a share of its length."""
_LEAST = 0.15
"""Shortest distance to which a leg is folded, as a share of its length."""


@dataclass(frozen=True)
class _Plane:
    """A leg's feet in the plane in which it bends: ahead and down (n, 2) [m], at signed angles of its links [rad]."""

    feet: FloatArray
    second: FloatArray
    third: FloatArray


def fitted(leg: FoundLeg) -> AnyLeg | str:
    """Return the leg that moves its foot as the found one does; else why there is none."""
    if len(leg.motors) != 3:
        return f"{len(leg.motors)} joints, where a gait needs three"
    first, second, third = leg.axes
    if abs(float(second @ third)) < 1.0 - _STRAIGHT or abs(float(first @ second)) > _STRAIGHT:
        return "axes that are not one across and two side by side"
    if abs(float(first[0])) > 1.0 - _STRAIGHT:
        found = _rolling(leg)
    elif abs(float(first[2])) > 1.0 - _STRAIGHT:
        found = _yawing(leg)
    else:
        return "a first axis that is neither forward nor upright"
    if found is None:
        return "links that do not bend in one plane"
    most = max(math.dist(found.foot(*each.tolist()), tip.tolist()) for each, tip in leg.samples)
    length = found.thigh + found.calf
    return found if most < _OFF * length else f"a foot {most / length:.0%} of its length off that of three such joints"


def _rolling(leg: FoundLeg) -> AnyLeg | None:
    angles = leg.angles
    signs = (_sign(leg.axes[0, 0]), _sign(leg.axes[1, 1]), _sign(leg.axes[2, 1]))
    across = signs[1] * leg.axes[1]
    zero = float(angles[0]) - signs[0] * math.atan2(across[2], across[1])
    each = np.array([pose for pose, _ in leg.samples])
    feet = np.array([tip for _, tip in leg.samples]) - leg.anchors[0]
    roll = signs[0] * (each[:, 0] - zero)
    cos, sin = np.cos(roll), np.sin(roll)
    aside, down = cos * feet[:, 1] + sin * feet[:, 2], sin * feet[:, 1] - cos * feet[:, 2]
    links = _links(_Plane(np.stack([feet[:, 0], down], axis=-1), signs[1] * each[:, 1], signs[2] * each[:, 2]))
    if links is None or abs(links.down) > _OFF * (links.thigh + links.calf):
        return None
    x, y, z = leg.anchors[0].tolist()
    return RollLeg(
        x=_round(x + links.ahead), y=_round(y), z=_round(z), offset=_round(float(aside.mean())),
        thigh=_round(links.thigh), calf=_round(links.calf), knee_ahead=links.bend(angles[2], signs[2]) > 0.0,
        least=_round(_LEAST * (links.thigh + links.calf)), signs=signs,
        zeros=_rounded(zero, *links.zeros(signs, angles)),
    )  # fmt: skip


def _yawing(leg: FoundLeg) -> AnyLeg | None:
    angles = leg.angles
    left = np.array([leg.axes[1, 0], leg.axes[1, 1]]) / math.hypot(leg.axes[1, 0], leg.axes[1, 1])
    stands = leg.tip - leg.anchors[0]
    side = _sign(left[1] * stands[0] - left[0] * stands[1])
    left = side * left
    heading = math.atan2(-left[0], left[1])
    signs = (_sign(leg.axes[0, 2]), side, side * _sign(float(leg.axes[1] @ leg.axes[2])))
    each = np.array([pose for pose, _ in leg.samples])
    feet = np.array([tip for _, tip in leg.samples]) - leg.anchors[0]
    turned = heading + signs[0] * (each[:, 0] - angles[0])
    out = np.cos(turned) * feet[:, 0] + np.sin(turned) * feet[:, 1]
    links = _links(_Plane(np.stack([out, -feet[:, 2]], axis=-1), signs[1] * each[:, 1], signs[2] * each[:, 2]))
    if links is None:
        return None
    x, y, z = leg.anchors[0].tolist()
    return YawLeg(
        x=_round(x), y=_round(y), z=_round(z - links.down), offset=_round(links.ahead), thigh=_round(links.thigh),
        calf=_round(links.calf), knee_ahead=links.bend(angles[2], signs[2]) > 0.0,
        least=_round(_LEAST * (links.thigh + links.calf)), signs=signs,
        zeros=_rounded(float(angles[0]), *links.zeros(signs, angles)), heading=_round(heading),
        reach=_round(max(1e-3, math.hypot(*stands[:2].tolist()))),
    )  # fmt: skip


@dataclass(frozen=True)
class _Links:
    """Two links in a plane: where the first begins [m], their lengths [m], and their angles at motors of zero [rad]."""

    ahead: float
    down: float
    thigh: float
    calf: float
    lean: float
    fold: float

    def zeros(self, signs: tuple[float, float, float], angles: FloatArray) -> tuple[float, float]:
        """Return what the second and the third motor say where the leg hangs straight down [rad].

        Of all turns it is the one from which the leg gets to the angles in which it stands: a knee whose range ends
        where it hangs straight would else be told angles a whole turn beyond it.
        """
        second, third = float(angles[1]), float(angles[2])
        leans = math.remainder(signs[1] * second + self.lean, math.tau)
        return second - signs[1] * leans, third - signs[2] * self.bend(third, signs[2])

    def bend(self, angle: float, sign: float) -> float:
        """Return how far the knee is bent, positive where it points ahead [rad]."""
        return math.remainder(sign * float(angle) + self.fold - self.lean, math.tau)


def _links(seen: _Plane) -> _Links | None:
    """Fit two links to the feet: each link's place is linear in the sine and cosine of how far it has turned."""
    thigh, calf = _angles(seen.second), _angles(seen.second + seen.third)
    none, one = np.zeros(len(seen.feet)), np.ones(len(seen.feet))
    ahead = np.stack([one, none, -thigh[0], -thigh[1], -calf[0], -calf[1]], axis=-1)
    down = np.stack([none, one, thigh[1], -thigh[0], calf[1], -calf[0]], axis=-1)
    told = np.concatenate([seen.feet[:, 0], seen.feet[:, 1]])
    found, _, rank, _ = np.linalg.lstsq(np.concatenate([ahead, down]), told, rcond=1e-6)
    if rank < 6:
        return None
    x, z, a, b, c, d = found.tolist()
    if min(math.hypot(a, b), math.hypot(c, d)) < 1e-4:
        return None
    return _Links(x, z, math.hypot(a, b), math.hypot(c, d), math.atan2(b, a), math.atan2(d, c))


def _angles(turned: FloatArray) -> tuple[FloatArray, FloatArray]:
    return np.sin(turned), np.cos(turned)


def _sign(value: float) -> float:
    return 1.0 if value >= 0.0 else -1.0


def _round(value: float) -> float:
    return round(value, 5)


def _rounded(*values: float) -> tuple[float, float, float]:
    first, second, third = (round(value, 5) for value in values)
    return first, second, third
