"""Which objective trains which adapter; adapters that only use what another recipe learned have none of their own."""

from __future__ import annotations

from typing import assert_never

from dynamics.adapters.bias_input import BiasInputSettings
from dynamics.adapters.context import AttentionSettings, BeliefSettings, LatentSettings, RecurrentSettings
from dynamics.adapters.factory import AdapterSettings
from dynamics.adapters.finetune import FinetuneSettings
from dynamics.adapters.fixed import FixedSettings
from dynamics.adapters.gradient import GradientSettings
from dynamics.adapters.informed import InformedSettings
from dynamics.adapters.last_layer import LastLayerSettings
from dynamics.adapters.meta_gradient import MetaGradientSettings
from dynamics.adapters.priors import PriorsSettings
from dynamics.model import Model
from dynamics.objectives.base import Objective
from dynamics.objectives.bias_input import BiasInputObjective
from dynamics.objectives.context import ContextObjective
from dynamics.objectives.gradient import GradientObjective
from dynamics.objectives.last_layer import LastLayerObjective
from dynamics.objectives.plain import PlainObjective
from dynamics.objectives.priors import PriorsObjective
from dynamics.objectives.unroll import Unroll


def told(settings: AdapterSettings) -> bool:
    """Return whether an adapter's model has the true condition among its inputs."""
    return isinstance(settings, InformedSettings | BeliefSettings)


def objective(settings: AdapterSettings, model: Model) -> Objective:
    """Return what trains the model of an adapter."""
    match settings:
        case FixedSettings() | FinetuneSettings() | InformedSettings():
            return PlainObjective()
        case GradientSettings():
            return GradientObjective(settings, Unroll(model, settings.rollout) if settings.rollout > 1 else None)
        case MetaGradientSettings():
            return GradientObjective(GradientSettings(window=settings.window, steps=settings.steps))
        case BiasInputSettings():
            return BiasInputObjective(settings)
        case PriorsSettings():
            return PriorsObjective(settings)
        case RecurrentSettings() | AttentionSettings() | LatentSettings() | BeliefSettings():
            return ContextObjective(settings, model)
        case LastLayerSettings():
            return LastLayerObjective(settings)
        case _:
            assert_never(settings)
