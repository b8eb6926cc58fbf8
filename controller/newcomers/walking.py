"""A gait for legs of three joints, proposed in proportion to that of the quadruped that comes along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from controller.newcomers.commented import Said, Section
from controller.newcomers.geometry import fitted
from controller.newcomers.sizes import KEPT, Sizes, ranges
from hardware.channels import Action, strode
from hardware.legs import AnyLeg, RollLeg
from hardware.robot import FloatArray
from sim.discovery.discover import Found

_FEWEST = 4
"""Legs without which no gait keeps a robot up."""
_SIT = 0.6
"""Height of the trunk as it sits, over that as it stands."""
_UNLIKE = 0.02
"""How far angles of a peg may differ from leg to leg [rad]."""
_STRAIGHTEST = 0.15
"""How far a knee without a calf is from the end of its range [rad]."""


@dataclass(frozen=True)
class Walk:
    """What a robot's file says of a gait."""

    legs: Section
    drive: Section
    actions: list[Said]
    steering: Section
    """What it can be told while it runs."""
    channels: list[dict[str, object]]
    """Those that a gait adds."""
    stand: FloatArray
    sit: FloatArray
    """Angles of the motors (n_motors,) [rad]."""


def walk(found: Found, share: float = 1.0) -> Walk | str:
    """Return a gait for a robot that was found, at a share of the usual speeds; else why there is none."""
    if found.root != "free":
        return "a robot in a plane has no gait"
    if len(found.legs) < _FEWEST:
        return f"{len(found.legs)} legs, where a gait needs {_FEWEST}"
    legs: list[AnyLeg] = []
    for each in found.legs:
        leg = fitted(each)
        if isinstance(leg, str):
            return f"leg {each.name}: {leg}"
        legs.append(leg)
    sizes, height = Sizes.of(found, gait=True), _height(found)
    stand = _posed(legs, height)
    reached = max(_off(leg, stand[3 * at : 3 * at + 3], height) for at, leg in enumerate(legs))
    if reached > 0.02 * found.reach:
        return "feet that cannot all stand at one height"
    low, high = ranges(found)
    low, high = low + KEPT, high - KEPT
    if (stand < low).any() or (stand > high).any():
        return "a stance that is outside of the joints' ranges"
    actions = _actions(legs, sizes, height, share)
    return Walk(
        legs=_legs(legs, found, sizes),
        drive=_drive(legs, found, sizes, low, high),
        actions=[Said(asdict(action), why) for action, why in actions],
        steering=_steering([action for action, _ in actions], sizes),
        channels=[asdict(channel) for channel in strode([action for action, _ in actions])[:4]],
        stand=stand,
        sit=np.clip(_posed(legs, _SIT * height), low, high),
    )


def _height(found: Found) -> float:
    """Return the trunk's origin over the middle of the feet [m]."""
    return float(-np.mean([leg.tip[2] for leg in found.legs]))


def _width(legs: Sequence[AnyLeg]) -> float:
    """Return how far the left and the right feet are apart by themselves [m]."""
    return 2.0 * float(np.mean([abs(leg.place[1]) for leg in legs]))


def _posed(legs: Sequence[AnyLeg], height: float) -> FloatArray:
    width = _width(legs)
    return np.array([leg.angles(*leg.home(width, width), -height) for leg in legs]).ravel()


def _off(leg: AnyLeg, angles: FloatArray, height: float) -> float:
    return abs(leg.foot(*angles.tolist())[2] + height)


def _actions(legs: Sequence[AnyLeg], sizes: Sizes, height: float, share: float) -> list[tuple[Action, str]]:
    """Return the strides that are asked for, each with where its bounds came from."""
    size, pace, width = sizes.length, sizes.pace, _width(legs)
    slower = "" if share == 1.0 else f", and {share:.0%} of that, the share of its speed at which it keeps up"
    fast, far, whirl = f"with the root of its height{slower}", "with its height", share / pace
    spread = 0.18 * min(size * 0.3, 0.5 * width)
    return [
        (Action("forward", "m/s", -0.3 * share * pace, 0.7 * share * pace, 0.0), fast),
        (Action("lateral", "m/s", -0.3 * share * pace, 0.3 * share * pace, 0.0), fast),
        (Action("turn", "rad/s", -whirl, whirl, 0.0), f"against the root of its height{slower}"),
        (Action("lift", "m", 0.05 * size, 0.1 * size, 0.07 * size), far),
        (Action("width", "m", width - spread, width + spread, width), "the stance that was found, and around it"),
        (Action("height", "m", 0.86 * height, 1.06 * height, height), "the height that was found, and around it"),
        (Action("roll", "rad", -0.1, 0.1, 0.0), "as of the known robot"),
        (Action("pitch", "rad", -0.1, 0.1, 0.0), "as of the known robot"),
        (Action("frequency", "Hz", 2.0 / pace, 2.8 / pace, 2.4 / pace), "against the root of its height"),
    ]  # fmt: skip


def _steering(actions: Sequence[Action], sizes: Sizes) -> Section:
    """Return somewhat less than what the gait is driven at, in its first three actions."""
    fast = (3.0, 3.0, 2.0 / sizes.pace)
    return {
        action.name: Said(
            {"low": 0.85 * action.low, "high": 0.85 * action.high, "acceleration": share},
            "0.85 of what the gait is driven at",
        )
        for action, share in zip(actions[:3], fast, strict=True)
    }


def _legs(legs: Sequence[AnyLeg], found: Found, sizes: Sizes) -> Section:
    share = sizes.weight / len(legs)
    foot = {
        "radius": max(0.0, float(np.mean([leg.radius for leg in found.legs]))), "contact_force": 0.4 * share,
        "contact_width": 0.16 * share, "bare_force": 0.13 * share, "bare_seconds": 0.05 * sizes.pace,
    }  # fmt: skip
    why = "fitted to where its foot is in 40 poses"
    return {
        "legs": [Said(_plain(leg), f"{each.name}: {why}") for leg, each in zip(legs, found.legs, strict=True)],
        "foot": Said(foot, f"the ball that was found; forces with what a foot bears, {share:.3g} N"),
    }


def _plain(leg: AnyLeg) -> dict[str, object]:
    values = {"kind": leg.kind, **asdict(leg)}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def _drive(legs: Sequence[AnyLeg], found: Found, sizes: Sizes, low: FloatArray, high: FloatArray) -> Section:
    four = len(legs) == _FEWEST
    even = len(legs) % 2 == 0
    pattern = "trot" if four else "tripod" if even else "wave"
    peg = _peg(legs, found, low, high) if four else None
    section: dict[str, object] = {
        "kind": Said("gait", "each leg has three joints of a kind that a gait knows"),
        "pattern": Said(pattern, "for so many legs"),
        "mass": Said(sizes.mass, "of all bodies [kg]"),
        "longest_step": Said(0.15 * sizes.length if four else 0.0, "with its height; 0 where three feet stand"),
    }  # fmt: skip
    if peg is not None:
        section["peg"] = Said(peg, "a leg that lost its calf stands on its knee: the thigh hangs straight down")
    return section  # type: ignore[return-value]


def _peg(legs: Sequence[AnyLeg], found: Found, low: FloatArray, high: FloatArray) -> dict[str, object] | None:
    """Return how a leg without a calf stands; None where that differs from leg to leg, or nothing could stand."""
    if not all(isinstance(leg, RollLeg) for leg in legs) or not all(leg.stump for leg in found.legs):
        return None
    poses = []
    for at, leg in enumerate(legs):
        least, most = low[3 * at + 2] + _STRAIGHTEST, high[3 * at + 2] - _STRAIGHTEST
        poses.append([*leg.zeros[:2], float(np.clip(leg.zeros[2], least, most))])
    if np.ptp(np.array(poses), axis=0).max() > _UNLIKE:
        return None
    height = float(np.mean([leg.thigh - leg.z for leg in legs]))
    return {"pose": poses[0], "height": height}
