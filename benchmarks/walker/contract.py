"""What a policy's file needs beside it: a contract in YAML that says how a robot is walked by it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from benchmarks.walker import observation
from benchmarks.walker.environment import WIDEST
from benchmarks.walker.settings import WalkerSettings
from controller.settings import robots
from hardware.motors import PositionServo


def contract(settings: WalkerSettings, policy: str) -> dict[str, object]:
    """Return the contract of a policy that was trained under `settings`; `policy` names its file."""
    spec = robots.spec(settings.robot)
    assert isinstance(spec.servo, PositionServo)
    terms = [{"name": name, "scale": scale} for name, scale in zip(observation.TERMS, observation.SCALES, strict=True)]
    legs = len(spec.motors) // len(settings.scale)
    return {
        "policy": policy,
        "rate_hz": settings.rate_hz,
        "joints": list(spec.motors),
        "pose": list(spec.servo.stand),
        "gains": {"kp": settings.kp, "kd": settings.kd},
        "action": {"scale": list(settings.scale) * legs, "bound": WIDEST},
        "observation": {"history": settings.history, "terms": terms, "bound": observation.BOUND},
        "command": {name: list(getattr(settings.commands, name)) for name in ("low", "high", "slew")},
    }


def write(settings: WalkerSettings, policy: Path) -> Path:
    """Write the contract beside a policy's file and return where."""
    path = policy.with_suffix(".yaml")
    said = yaml.safe_dump(contract(settings, policy.name), sort_keys=False, default_flow_style=None, width=110)
    path.write_text(said, encoding="utf-8")
    return path


def metadata(settings: WalkerSettings) -> dict[str, str]:
    """Return what exporters of such policies write into the file itself: lists are joined by commas."""
    spec = robots.spec(settings.robot)
    count, servo = len(spec.motors), spec.servo
    assert isinstance(servo, PositionServo)
    columns: dict[str, Sequence[object]] = {
        "joint_names": spec.motors,
        "default_joint_pos": servo.stand,
        "joint_stiffness": [settings.kp] * count,
        "joint_damping": [settings.kd] * count,
        "action_scale": list(settings.scale) * (count // len(settings.scale)),
        "observation_names": observation.TERMS,
    }
    return {name: ",".join(map(str, values)) for name, values in columns.items()}
