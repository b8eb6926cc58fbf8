"""The registry of adapters: the union lists them, `make` builds one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
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
    check(settings, parts)
    match settings:
        case FixedSettings():
            return Fixed(model)
        case FinetuneSettings():
            return Finetune(model, settings)
        case GradientSettings():
            return Gradient(model, parts["rates"], settings)
        case BiasInputSettings():
            return BiasInput(model, parts, settings)
        case MetaGradientSettings():
            return MetaGradient(model, parts["rates"], settings)
        case PriorsSettings():
            return Priors(model, parts, settings)
        case RecurrentSettings() | AttentionSettings() | LatentSettings():
            return Context(model, parts, settings)
        case BeliefSettings():
            return Context(model, parts, settings)
        case LastLayerSettings():
            return LastLayer(model, parts, settings)
        case InformedSettings():
            if condition is None:
                raise ValueError("informed adapter: expected a simulated robot that knows its condition, got none")
            return Informed(model, condition)
        case _:
            assert_never(settings)


def check(settings: AdapterSettings, parts: Parts) -> None:
    """Raise ValueError unless there is all that an adapter of this kind learns beside the model."""
    needed = _NEEDED.get(type(settings), ())
    missing = [name for name in needed if name not in parts]
    if missing:
        expected = f"expected {', '.join(needed)} in the checkpoint, got no {', '.join(missing)}"
        raise ValueError(f"{settings.kind} adapter: {expected}")


_NEEDED: Mapping[type[AdapterSettings], tuple[str, ...]] = MappingProxyType(
    {
        GradientSettings: ("rates",),
        BiasInputSettings: ("entry", "rates"),
        MetaGradientSettings: ("rates",),
        PriorsSettings: ("rates", "starts", "focus"),
        RecurrentSettings: ("encoder", "entry"),
        AttentionSettings: ("encoder", "entry"),
        LatentSettings: ("encoder", "entry"),
        BeliefSettings: ("encoder",),
        LastLayerSettings: ("spread", "noise", "fade"),
    }
)
