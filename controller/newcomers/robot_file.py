"""A robot's file, proposed from what was found in its body: every value with where it came from."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from controller.newcomers.commented import Said, Section, written
from controller.newcomers.sizes import KEPT, MARGIN, Sizes, ranges
from controller.newcomers.walking import Walk
from hardware import sides
from hardware.channels import measured
from hardware.robot import FloatArray
from sim.discovery.discover import Found
from sim.robots.anatomy import PACKAGE

_STILL = ("vy", "gyro_x", "gyro_z")
"""Channels that stay zero in a plane."""
_PACKAGES = ("site-packages", "dist-packages")
"""Folders of installed Python packages."""
_ROTOR = "what the damping of its servos in one step of physics asks for; write that of the motors, behind their gears"
"""Where the least inertia of a joint comes from."""
_SWING = 0.4
"""How far from its standing pose a motor may be told to go, where nothing else drives it [rad]."""


def robot_file(name: str, found: Found, body: str, walk: Walk | None) -> str:
    """Return the text of a robot's file, called `name`, whose body is at `body`, with a gait or motor by motor."""
    sizes = Sizes.of(found, gait=walk is not None)
    low, high = ranges(found)
    poses = (found.stand, found.sit) if walk is None else (walk.stand, walk.sit)
    stand, sit = (np.clip(pose, low + KEPT, high - KEPT) for pose in poses)
    sections: Section = {
        **_head(name, found, sizes),
        "channels": _channels(found, walk),
        "actions": _actions(found, stand, low, high) if walk is None else walk.actions,
        "drive": {"kind": Said("direct", "an action is the angle of a motor")} if walk is None else walk.drive,
        **({} if walk is None else {"steering": walk.steering}),
        "limits": _limits(found, sizes, low, high),
        "checks": _checks(sizes),
        "arming": {
            check: Said({"severity": "off"}, "nothing is proven of a robot that is simulated only")
            for check in ("pose", "legs", "ground", "feet")
        },
        "servo": _servo(found, stand, sit, 0.5 * (low + high)),
        **({} if walk is None else walk.legs),
        "anatomy": _anatomy(found, sizes, body),
    }
    heading = [
        f"{name}: what was found in {found.file.name}, and what was proposed from it. Edit it, then look at it again:",
        f"limber new-robot {name} --check {name}.yaml. What every key means: hardware/spec.py, sim/robots/anatomy.py.",
    ]
    return written(heading, sections)


def _head(name: str, found: Found, sizes: Sizes) -> Section:
    long, wide = (2.0 * found.half[:2]).tolist()
    legs = f"{len(found.legs)} leg{'s' if len(found.legs) > 1 else ''}"
    motors = [motor.name for motor in found.motors]
    speed, rate = sizes.speed, sizes.control_hz
    return {
        "name": Said(name, "as it was asked for"),
        "description": Said(
            f"{legs}, a trunk of {long:.2f} by {wide:.2f} m, {found.mass:.3g} kg; simulated", "from the body"
        ),
        "motors": Said(motors, "driven joints, leg by leg, from the trunk outwards: from the body"),
        **({} if not found.legs else {"feet": Said([leg.name for leg in found.legs], "those of the legs, in order")}),
        **({} if not found.images else _mirror(found)),
        "control_hz": Said(rate, f"25 Hz at 0.3 m, with the root of the height of its hips, {found.hips:.2g} m"),
        "servo_hz": Said(sizes.servo_hz, "a multiple of control_hz"),
        "course": Said(
            {
                "scale": 4.3 * speed,
                "ahead": 25.0 * speed / rate,
                "behind": 4.0 * speed / rate,
                "tick": 6.0 * speed / rate,
            },
            f"for {speed:.2g} m/s, which goes with the root of its height: what it runs in a plan and a tick, and more",
        ),
    }  # fmt: skip


def _mirror(found: Found) -> Section:
    images = sides.written({name: sides.Image(*image) for name, image in found.images.items()})
    return {
        "symmetric": Said(True, "each joint has one on the other side that moves as in a mirror: from the body"),
        "images": Said(images, "who is whose image; - turns the other way"),
    }


def _channels(found: Found, walk: Walk | None) -> list[Said]:
    motors = [motor.name for motor in found.motors]
    known = [asdict(channel) for channel in measured(motors)]
    if found.root == "planar":
        return [Said(each, "") for each in known[: 12 + 2 * len(motors)] if each["name"] not in _STILL]
    if walk is not None:
        return [Said(each, "") for each in (*known[:12], *walk.channels)]
    return [Said(each, "") for each in known[: 12 + 2 * len(motors)]]


def _actions(found: Found, stand: FloatArray, low: FloatArray, high: FloatArray) -> list[Said]:
    return [
        Said(
            {
                "name": motor.name,
                "unit": "rad",
                "low": _up(max(float(first) + KEPT, float(rest) - _SWING)),
                "high": _down(min(float(last) - KEPT, float(rest) + _SWING)),
                "rest": float(rest),
            },
            f"{_SWING:g} rad either way of the standing pose, within the range",
        )
        for motor, rest, first, last in zip(found.motors, stand, low, high, strict=True)
    ]


def _limits(found: Found, sizes: Sizes, low: FloatArray, high: FloatArray) -> Section:
    count, held = len(found.motors), found.servos
    free = [motor.name for motor in found.motors if motor.span is None]
    weak = [motor.name for motor in found.motors if motor.torque is None]
    span = "from the body" + (f"; a half turn either way for {', '.join(free)}, which have none" if free else "")
    force = "from the body" + (
        f"; for {_some(weak)}, which have none there, what 0.35 rad of error ask for" if weak else ""
    )
    return {
        "position_low": Said([_down(float(end)) for end in low], span),
        "position_high": Said([_up(float(end)) for end in high], span),
        "velocity_low": Said([-sizes.fastest] * count, "a choice: 30 rad/s over the root of its height over 0.3 m"),
        "velocity_high": Said([sizes.fastest] * count, "the same"),
        "torque": Said(held.torque, force),
        "kp": Said(1.5 * float(held.kp.max()), "half as much again as the stiffest servo"),
        "kd": Said(1.5 * float(held.kd.max()), "half as much again as the most damped servo"),
    }


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _checks(sizes: Sizes) -> Section:
    fell = {"severity": "hard", "limit": 1.2}
    usual = "as other robots have it; hardware/limits.py says what it means"
    return {
        "finite": Said({"severity": "warn"}, usual),
        "range": Said({"severity": "warn", "limit": MARGIN}, "the margin that set-points keep [rad]"),
        "slew": Said({"severity": "warn", "limit": sizes.fastest}, "as fast as the motors [rad/s]"),
        "torque": Said({"severity": "warn", "limit": 1.0}, "all that the motors give"),
        "command_age": Said({"severity": "warn", "limit": 0.1}, usual),
        "robot": Said({"severity": "hard"}, usual),
        "state_age": Said({"severity": "hard", "limit": 0.1}, usual),
        "attitude": Said({"severity": "hard", "limit": 0.01}, usual),
        "tilt": Said(fell, "70 degrees: it has fallen"),
        "joint_velocity": Said({"severity": "warn", "limit": 2.0 * sizes.fastest}, "twice what is asked of the motors"),
    }


def _servo(found: Found, stand: FloatArray, sit: FloatArray, middle: FloatArray) -> Section:
    held = found.servos
    own = any(motor.kp is not None for motor in found.motors)
    stiff = "what gives way by a few degrees under its weight" + ("; the body's own where it has some" if own else "")
    gains = {"kp": held.kp, "kd": held.kd}
    away = float(np.abs(stand - sit).max())
    if away < 1e-3:  # it cannot sit any lower: a pose next to the one that it stands in, within its range
        sit = stand + 1e-2 * np.sign(middle - stand + 1e-9)
    return {
        "kind": Said("position", "joints that follow angles: what the simulation gives to every motor"),
        "stand": Said(stand, f"{found.pose}, settled on the ground"),
        "sit": Said(sit, "the same with its hips a third lower"),
        "rise_seconds": Said(1.5, "a choice"),
        "hold": Said(gains, stiff),
        "run": Said(gains, "the same"),
        "damping": Said(held.kd, "the same"),
    }


def _anatomy(found: Found, sizes: Sizes, body: str) -> Section:
    names = [leg.name for leg in found.legs]
    mass, half = found.mass, np.maximum(found.half, 0.02 * found.reach)
    top = float(found.middle[2] + half[2])
    load = {
        "half": 0.4 * half, "back": top, "heaviest": 0.7 * mass, "reach": half[:2], "drawn": 0.6 * half[:2],
    }  # fmt: skip
    unknown = any(motor.torque is None for motor in found.motors)
    rest: Section = {
        "passive": Said(found.passive, "joints without a motor, as it stands"),
        "held": Said(list(found.held), "driven joints that are in no leg: they stay there"),
    }
    sets = leg_sets(names)
    return {
        "body": Said(body, "as it was given"),
        "trunk": Said(found.trunk, "the body in the world that carries the most joints"),
        "root": Said(found.root, "from the body; one that was fixed is let go"),
        "legs": Said(names, "by where their feet stand"),
        "limbs": Said([leg.limb for leg in found.legs], "what a leg loses: its last motor's body and what hangs on it"),
        "feet": Said([leg.foot for leg in found.legs], "the shape on which each leg stands"),
        **{key: each for key, each in rest.items() if found.passive or found.held},
        **({"torque": Said(found.servos.torque, "as limits.torque: the body does not say all")} if unknown else {}),
        "damping": Said(float(np.median(found.servos.kd)), "of a joint without a command, as its servo"),
        **({"armature": Said(found.servos.armature, _ROTOR)} if found.servos.armature > 0.0 else {}),
        "load": Said(load, "on the box around the trunk; at most 0.7 of its mass"),
        "units": Said(
            {"payload": 0.26 * mass, "moment": 0.026 * mass * sizes.length, "force": 2.0 * sizes.weight},
            "what counts as one in a description: a quarter of its mass, that a little aside, twice its weight",
        ),
        "jammed": Said(5.0 * sizes.weight * found.reach, "five times its weight times the reach of a leg [N m]"),
        "push": Said(2.7 * mass * sizes.pace, "as much as a robot of its size can stand [N s]"),
        "kept_motors": Said(list(found.legs[-1].motors) if len(found.legs) > 1 else [], "the last leg's: for tests"),
        **({"leg_sets": {split: Said(each, why) for split, each, why in sets}} if sets else {}),
        "ranges": _ranges(mass, legs=bool(sets)),
    }  # fmt: skip


def leg_sets(names: Sequence[str]) -> list[tuple[str, list[list[str]], str]]:
    """Return which legs are lost together, in training and kept back; none on robots of three legs or fewer."""
    if len(names) < 4:
        return []
    most = 1 if len(names) < 6 else 2
    sets = [list(legs) for count in range(1, most + 1) for legs in itertools.combinations(names, count)]
    single = "each leg" if most == 1 else "each leg and each pair"
    kept = sets[2 : len(names) : 4] + sets[len(names) + 1 :: 4] if most > 1 else sets[2:3]
    return [
        ("train", [each for each in sets if each not in kept], f"{single}, but those that are kept back"),
        ("heldout", kept, "kept back from training"),
    ]


def _ranges(mass: float, *, legs: bool) -> Section:
    said = "in proportion to its mass, [train] and [kept back]"
    shares = {"train": [[0.07, 0.2], [0.3, 0.43]], "heldout": [[0.2, 0.3], [0.43, 0.53]]}
    payload = {split: [[mass * low, mass * high] for low, high in bands] for split, bands in shares.items()}
    usual = "as of the quadruped that comes along"
    return {
        **({"leg_loss": Said({}, "drawn from leg_sets")} if legs else {}),
        "payload": {"mass": Said(payload, f"[kg], {said}")},
        "slope": {"angle": Said({"train": [[0.03, 0.07], [0.1, 0.14]], "heldout": [[0.07, 0.1], [0.14, 0.17]]}, usual)},
        "motor": {"gain": Said({"train": [[0.45, 0.6], [0.7, 0.95]], "heldout": [[0.6, 0.7], [0.38, 0.45]]}, usual)},
        "friction": {"mu": Said({"train": [[0.35, 0.45], [0.55, 0.7]], "heldout": [[0.45, 0.55], [0.3, 0.35]]}, usual)},
    }


def _up(value: float) -> float:
    return float(np.ceil(value * 1e4) / 1e4)


def _down(value: float) -> float:
    return float(np.floor(value * 1e4) / 1e4)


def body_path(file: Path) -> str:
    """Return how a robot's file names its body: inside an installed Python package, or by an absolute path."""
    file = file.resolve()
    for place in map(Path, sys.path):
        if place.name in _PACKAGES and file.is_relative_to(place.resolve()):
            return f"{PACKAGE}{file.relative_to(place.resolve())}"
    return str(file)
