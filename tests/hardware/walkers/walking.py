"""The Go2 with a policy made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from controller.settings import robots
from hardware.contract import Answer, Command, Contract, Gains, Observation, Term
from hardware.drives import Walking
from hardware.robot import RobotState
from hardware.spec import RobotSpec
from tests.hardware.walkers.policies import GYM, JOINTS, linear

POSE = (0.1, 0.8, -1.5, -0.1, 0.8, -1.5, 0.1, 1.0, -1.5, -0.1, 1.0, -1.5)
SCALES = {"gyro": 0.25, "joint_velocity": 0.05}


def gym(policy: Path, *, names: tuple[str, ...] = GYM, scale: float = 0.25) -> Contract:
    """The contract of a policy of legged-gym."""
    terms = tuple(Term(name, (SCALES.get(name, 1.0),)) for name in names)
    return Contract(
        policy=str(policy),
        rate_hz=50.0,
        joints=JOINTS,
        pose=POSE,
        gains=Gains((20.0,), (0.5,)),
        observation=Observation(terms),
        command=Command((-1.0, -0.5, -1.0), (1.0, 0.5, 1.0), scale=(2.0, 2.0, 0.25)),
        action=Answer((scale,)),
    )


def walking(contract: Contract) -> RobotSpec:
    """The Go2 under a contract."""
    spec = robots.spec("go2-walker")
    drive = Walking(contract, 15.2)
    strides = [channel for channel in spec.channels if not channel.name.startswith("stride_")]
    return replace(spec, drive=drive, actions=drive.actions(), channels=tuple(strides))


def answering(folder: Path, answer: float | NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> Path:
    """Write a policy that gives the same answer always, or weighs what it sees."""
    bias = np.zeros(12) + answer
    return linear(folder / "policy.onnx", np.zeros((12, 45)) if weights is None else weights, bias)


def state(**told: NDArray[np.float64]) -> RobotState:
    """A state of the Go2 that stands."""
    none, level = np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0])
    stand = np.tile([0.0, 0.8, -1.6], 4)
    return replace(RobotState(0, 0.0, none, level, none, none, stand, np.zeros(12)), **told)  # type: ignore[arg-type]
