"""The registry of adapters: the union lists them, `make` builds one."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from dynamics.adapters.base import Adapter
from dynamics.adapters.finetune import Finetune, FinetuneSettings
from dynamics.adapters.fixed import Fixed, FixedSettings
from dynamics.adapters.gradient import Gradient, GradientSettings
from dynamics.adapters.informed import Informed, InformedSettings
from dynamics.model import Model
from dynamics.network import Weights
from dynamics.transitions import FloatArray

AdapterSettings = FixedSettings | FinetuneSettings | GradientSettings | InformedSettings


def make(
    settings: AdapterSettings, model: Model, rates: Weights | None, condition: Callable[[], FloatArray] | None
) -> Adapter:
    """Build the adapter that the settings name.

    Args:
        settings: one member of the union.
        model: the trained model.
        rates: learned step sizes, needed by `gradient`.
        condition: the true condition of this moment, needed by `informed`.

    Raises:
        ValueError: something that the adapter needs is missing.
    """
    match settings:
        case FixedSettings():
            return Fixed(model)
        case FinetuneSettings():
            return Finetune(model, settings)
        case GradientSettings():
            if rates is None:
                raise ValueError("gradient adapter: expected step sizes in the checkpoint, got none")
            return Gradient(model, rates, settings)
        case InformedSettings():
            if condition is None:
                raise ValueError("informed adapter: expected a simulated robot that knows its condition, got none")
            return Informed(model, condition)
        case _:
            assert_never(settings)
