"""What this machine's arithmetic makes of fixed numbers: where that differs, so does the last bit of every run.

Libraries choose their kernels by processor, and a kernel its order of summation. `python -m tests.golden.arithmetic`
prints the digests and the versions of what they were computed with as one JSON object.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from importlib.metadata import version
from itertools import pairwise

import mujoco
import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LIBRARIES = ("casadi", "mujoco", "numpy", "safetensors", "scipy", "torch")
ROWS, INNER, COLUMNS = (1, 54, 512), (21, 128, 257), (4, 128, 256)
"""Of the products: every kernel has its own way with what is left over at the edges."""
SWING = """<mujoco>
  <worldbody>
    <geom type="plane" size="1 1 .1"/>
    <body pos="0 0 .3">
      <freejoint/>
      <geom type="box" size=".1 .05 .02" mass="1"/>
      <body pos=".1 0 0">
        <joint name="hip" axis="0 1 0" damping=".01"/>
        <geom type="capsule" fromto="0 0 0 .05 0 -.1" size=".01" mass=".1"/>
      </body>
    </body>
  </worldbody>
  <actuator><motor joint="hip" gear=".1"/></actuator>
</mujoco>"""
"""A body that falls, lands and kicks."""
STEPS = 400


def digests() -> dict[str, str]:
    """Return what tells this machine from one on which the same program computes other bits, and its versions."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    numbers = rng.uniform(-3.0, 3.0, 4097)
    found = {name: version(name) for name in LIBRARIES}
    return found | {
        "libm": _digest(_scalars(numbers)),
        "numpy functions": _digest(*_functions(numbers)),
        "numpy products": _digest(*_products(rng)),
        "torch functions": _digest(*_tensors(rng)),
        "physics": _digest(_physics()),
    }


def _digest(*arrays: NDArray[np.floating]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def _scalars(numbers: Floats) -> Floats:
    values = [float(number) for number in numbers]
    functions = (math.sin, math.cos, math.exp, math.tanh, math.atan)
    found = [function(value) for value in values for function in functions]
    return np.array(found + [math.hypot(a, b) for a, b in pairwise(values)])


def _functions(numbers: Floats) -> list[NDArray[np.floating]]:
    found: list[NDArray[np.floating]] = []
    for given in (numbers, numbers.astype(np.float32)):
        found += [np.sin(given), np.cos(given), np.exp(given), np.tanh(given), np.arctan2(given, given[::-1])]
        found += [np.sqrt(np.abs(given)), np.asarray(given.sum()), np.asarray(given.std()), np.cumsum(given)]
    return found


def _products(rng: np.random.Generator) -> list[NDArray[np.floating]]:
    found: list[NDArray[np.floating]] = []
    for rows, inner, columns in zip(ROWS, INNER, COLUMNS, strict=True):
        left, right = rng.standard_normal((rows, inner)), rng.standard_normal((inner, columns))
        found += [left @ right, left.astype(np.float32) @ right.astype(np.float32), np.einsum("ij,jk->k", left, right)]
    square = rng.standard_normal((24, 24))
    positive = square @ square.T + np.eye(24)
    return [*found, np.linalg.cholesky(positive), np.linalg.solve(positive, square)]


def _tensors(rng: np.random.Generator) -> list[NDArray[np.floating]]:
    found: list[NDArray[np.floating]] = []
    for rows, inner, columns in zip(ROWS, INNER, COLUMNS, strict=True):
        given = torch.from_numpy(rng.standard_normal((rows, inner)).astype(np.float32)).requires_grad_()
        weight = torch.from_numpy(rng.standard_normal((columns, inner)).astype(np.float32))
        hidden = torch.nn.functional.linear(given, weight)
        answer = torch.softmax(torch.tanh(hidden), -1) + torch.sigmoid(hidden) + torch.nn.functional.gelu(hidden)
        (slope,) = torch.autograd.grad(answer.square().mean(), given)
        found += [hidden.detach().numpy(), answer.detach().numpy(), slope.numpy()]
        found.append(torch.bmm(given.detach()[None], weight.T[None]).numpy())
    return found


def _physics() -> Floats:
    model = mujoco.MjModel.from_xml_string(SWING)
    data = mujoco.MjData(model)
    path = []
    for step in range(STEPS):
        data.ctrl[0] = math.sin(0.1 * step)
        mujoco.mj_step(model, data)
        path.append(np.concatenate([data.qpos, data.qvel]))
    return np.array(path)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(digests()) + "\n")
