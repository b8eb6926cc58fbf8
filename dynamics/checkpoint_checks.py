"""Whether the tensors of a checkpoint belong together: layers that fit each other and the channels, usable numbers."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from dynamics.adapters.bias_input import BiasInputSettings
from dynamics.adapters.factory import AdapterSettings
from dynamics.model import Model
from dynamics.network import Parts, Weights
from dynamics.normalizer import Normalizer


def check(model: Model, parts: Parts, adapter: AdapterSettings) -> None:
    """Raise ValueError unless a model, and what its adapter learned, can be used."""
    told = 0 if model.condition is None else len(model.condition.mean)
    _check_network("prior", model.prior, model.num_inputs + told, model.space.size)
    if "plain" in parts:
        _check_network("plain", parts["plain"], model.num_inputs, model.space.size)
    if "rates" in parts and not isinstance(adapter, BiasInputSettings):  # which has a rate for each of its inputs
        shapes, expected = _shapes(parts["rates"]), _shapes(model.prior)
        if shapes != expected:
            raise ValueError(f"rates: expected the shapes of the weights, {expected}, got {shapes}")
    for name, weights in {"prior": model.prior, **parts}.items():
        if not all(w.is_floating_point() for w in weights):
            raise ValueError(f"{name}: expected floating-point weights, got {weights[0].dtype}")
        if not all(bool(torch.isfinite(w).all()) for w in weights):
            raise ValueError(f"{name}: expected finite weights, got NaN or infinity")
    _check_scaling("inputs", model.inputs, model.num_inputs)
    _check_scaling("increments", model.increments, model.space.size)
    if model.condition is not None:
        _check_scaling("condition", model.condition, told)


def _check_network(name: str, weights: Weights, size_in: int, size_out: int) -> None:
    """Refuse layers (E, in, out), (E, out) that do not lead from one width to the next."""
    shapes = _shapes(weights)
    if len(shapes) < 2 or len(shapes) % 2 or len(shapes[0]) != 3:
        raise ValueError(f"{name}: expected a matrix (E, in, out) and a bias (E, out) a layer, got {shapes}")
    members = shapes[0][0]
    widths = [size_in, *(shape[-1] for shape in shapes[:-2:2]), size_out]
    expected = [
        shape for one, other in itertools.pairwise(widths) for shape in ((members, one, other), (members, other))
    ]
    if shapes != expected:
        raise ValueError(f"{name}: expected layers {expected}, got {shapes}")


def _check_scaling(name: str, scaling: Normalizer, size: int) -> None:
    """Refuse what does not scale every channel; an infinite deviation leaves out one that never varied."""
    if not scaling.mean.shape == scaling.std.shape == (size,):
        got = f"{scaling.mean.shape} and {scaling.std.shape}"
        raise ValueError(f"{name}: expected means and deviations of {size} channels, got {got}")
    if not np.isfinite(scaling.mean).all() or not (scaling.std > 0.0).all():
        raise ValueError(f"{name}: expected finite means and positive deviations")


def _shapes(weights: Weights) -> list[tuple[int, ...]]:
    return [tuple(w.shape) for w in weights]
