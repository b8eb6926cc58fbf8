"""The registry of adapters: the union lists them, `make` builds one."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from dynamics.adapters.base import Adapter
from dynamics.adapters.bias_input import BiasInput, BiasInputSettings
from dynamics.adapters.context import (
    AttentionSettings,
    BeliefSettings,
    Context,
    LatentSettings,
    RecurrentSettings,
)
from dynamics.adapters.finetune import Finetune, FinetuneSettings
from dynamics.adapters.fixed import Fixed, FixedSettings
from dynamics.adapters.gradient import Gradient, GradientSettings
from dynamics.adapters.informed import Informed, InformedSettings
from dynamics.adapters.last_layer import LastLayer, LastLayerSettings
from dynamics.adapters.meta_gradient import MetaGradient, MetaGradientSettings
from dynamics.adapters.priors import Priors, PriorsSettings
from dynamics.model import Model
from dynamics.network import Parts
from dynamics.transitions import FloatArray

AdapterSettings = (
    FixedSettings
    | FinetuneSettings
    | GradientSettings
    | BiasInputSettings
    | MetaGradientSettings
    | PriorsSettings
    | RecurrentSettings
    | AttentionSettings
    | LatentSettings
    | BeliefSettings
    | LastLayerSettings
    | InformedSettings
)


def make(
    settings: AdapterSettings, model: Model, parts: Parts, condition: Callable[[], FloatArray] | None = None
) -> Adapter:
    """Build the adapter that the settings name.

    Args:
        settings: one member of the union.
        model: the trained model.
        parts: what was learned beside it.
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
            return Gradient(model, _needed(parts, settings.kind, "rates")["rates"], settings)
        case BiasInputSettings():
            return BiasInput(model, _needed(parts, settings.kind, "entry", "rates"), settings)
        case MetaGradientSettings():
            return MetaGradient(model, _needed(parts, settings.kind, "rates")["rates"], settings)
        case PriorsSettings():
            return Priors(model, _needed(parts, settings.kind, "rates", "starts", "focus"), settings)
        case RecurrentSettings() | AttentionSettings() | LatentSettings():
            return Context(model, _needed(parts, settings.kind, "encoder", "entry"), settings)
        case BeliefSettings():
            return Context(model, _needed(parts, settings.kind, "encoder"), settings)
        case LastLayerSettings():
            return LastLayer(model, _needed(parts, settings.kind, "spread", "noise", "fade"), settings)
        case InformedSettings():
            if condition is None:
                raise ValueError("informed adapter: expected a simulated robot that knows its condition, got none")
            return Informed(model, condition)
        case _:
            assert_never(settings)


def _needed(parts: Parts, kind: str, *names: str) -> Parts:
    missing = [name for name in names if name not in parts]
    if missing:
        raise ValueError(f"{kind} adapter: expected {', '.join(names)} in the checkpoint, got no {', '.join(missing)}")
    return parts
