"""Policies made by hand, as files: what they answer is known."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

JOINTS = tuple(f"{leg}_{kind}" for leg in ("FR", "FL", "RR", "RL") for kind in ("hip", "thigh", "calf"))
GYM = ("gyro", "gravity", "command", "joint_position", "joint_velocity", "last_action")


def linear(path: Path, weights: NDArray[np.float64], bias: NDArray[np.float64], **metadata: str) -> Path:
    """Write a policy that answers weights @ observation + bias."""
    given = [helper.make_tensor_value_info("obs", TensorProto.FLOAT, [1, weights.shape[1]])]
    answer = [helper.make_tensor_value_info("actions", TensorProto.FLOAT, [1, len(weights)])]
    constants = {"w": weights.T, "b": bias[None]}
    return _written(path, ["MatMul obs w m", "Add m b actions"], given, answer, constants, metadata)


def counting(path: Path, size: int, joints: int = 12) -> Path:
    """Write a policy with a state: it answers how many steps it has taken, in tenths."""
    given = [
        helper.make_tensor_value_info("obs", TensorProto.FLOAT, [1, size]),
        helper.make_tensor_value_info("h_in", TensorProto.FLOAT, [1, joints]),
    ]
    answer = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, joints]) for name in ("actions", "h_out")]
    constants = {"w": np.zeros((size, joints)), "one": np.full((1, joints), 0.1)}
    nodes = ["MatMul obs w m", "Add h_in one h_out", "Add m h_out actions"]
    return _written(path, nodes, given, answer, constants, {})


def _written(
    path: Path,
    nodes: Sequence[str],
    given: list[Any],
    answer: list[Any],
    constants: dict[str, NDArray[np.float64]],
    metadata: dict[str, str],
) -> Path:
    made = [helper.make_node(n[0], list(n[1:-1]), [n[-1]]) for n in (node.split() for node in nodes)]
    held = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()]
    model = helper.make_model(helper.make_graph(made, "policy", given, answer, held), ir_version=9)
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("", 17))
    helper.set_model_props(model, metadata)
    onnx.save(model, str(path))
    return path


class Counter(torch.nn.Module):
    """A TorchScript policy with a state inside: it answers how many steps it has taken, in tenths."""

    def __init__(self, resets: bool) -> None:
        super().__init__()
        self.register_buffer("steps", torch.zeros(1))
        self.steps: torch.Tensor
        self.resets = resets

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        self.steps += 0.1
        return 0.0 * observation[:, :12] + self.steps

    @torch.jit.export
    def reset(self) -> None:
        if self.resets:
            self.steps.zero_()


def script(path: Path, module: torch.nn.Module) -> Path:
    """Write a module as TorchScript."""
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        torch.jit.save(torch.jit.script(module), str(path))
    return path
