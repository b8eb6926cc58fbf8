"""Every adapter with small settings, and parts for it that were not trained but are not trivial either."""

from __future__ import annotations

import numpy as np
import torch

from dynamics.adapters.base import Adapter, AdapterSettings
from dynamics.adapters.bias_input import BiasInputSettings
from dynamics.adapters.context import AttentionSettings, BeliefSettings, LatentSettings, RecurrentSettings
from dynamics.adapters.disturbance import DisturbanceSettings
from dynamics.adapters.finetune import FinetuneSettings
from dynamics.adapters.fixed import FixedSettings, InformedSettings
from dynamics.adapters.gradient import GradientSettings
from dynamics.adapters.last_layer import LastLayerSettings
from dynamics.adapters.least_squares import LeastSquaresSettings
from dynamics.adapters.meta_gradient import MetaGradientSettings
from dynamics.adapters.priors import PriorsSettings
from dynamics.adapters.proposal import ProposalSettings
from dynamics.factory import KINDS, make, objective
from dynamics.model import Model
from dynamics.network import Parts
from tests.dynamics.toys import model

LISTED: tuple[AdapterSettings, ...] = (
    FixedSettings(),
    FinetuneSettings(window=6, rate=0.05),
    DisturbanceSettings(window=6, doubt=1.0),
    GradientSettings(window=6, steps=2),
    GradientSettings(window=6, steps=2, scope="bias"),
    GradientSettings(window=6, steps=1, scope="last_layer"),
    BiasInputSettings(window=6, size=3),
    MetaGradientSettings(window=6),
    PriorsSettings(window=6, starts=3),
    RecurrentSettings(window=6, hidden=8, latent=3),
    AttentionSettings(window=6, hidden=8, latent=3),
    LatentSettings(window=6, hidden=8, latent=3),
    ProposalSettings(window=6, hidden=8, latent=3, rate=0.02),
    ProposalSettings(window=6, hidden=8, latent=3, steps=0),
    ProposalSettings(window=6, hidden=8, latent=3, rate=0.02, proposes=False),
    BeliefSettings(window=6, hidden=8, channels=("gain",)),
    BeliefSettings(window=6, hidden=8, bottleneck=0.1, channels=("gain",)),
    LastLayerSettings(window=6),
    LeastSquaresSettings(window=6, spread=0.3, memory=50.0),
    InformedSettings(),
)
OTHERS = tuple(kind.settings() for name, kind in KINDS.items() if name not in {s.kind for s in LISTED})
"""Kinds that were registered and have no line here."""
ALL: tuple[AdapterSettings, ...] = (*OTHERS, *LISTED)
ADAPTING = tuple(settings for settings in ALL if not isinstance(settings, FixedSettings | InformedSettings))


def name(settings: AdapterSettings) -> str:
    """What tells the settings apart in a list of tests."""
    extra: list[str] = [settings.scope] if isinstance(settings, GradientSettings) else []
    extra += ["bottleneck"] if isinstance(settings, BeliefSettings) and settings.bottleneck else []
    if isinstance(settings, ProposalSettings):
        extra += ["steps"] * (settings.steps > 0) + ["encoder"] * settings.proposes
    return "-".join([settings.kind, *extra])


def subject(settings: AdapterSettings, members: int = 2) -> tuple[Model, Parts]:
    """Return a model for an adapter, and its parts as an untrained objective has them."""
    shape = model(np.random.default_rng(0), told=KINDS[settings.kind].told, members=members)
    learned = objective(settings, shape).initial(torch.Generator().manual_seed(1))
    return shape, {name: part.weights for name, part in learned.items()}


def adapter(settings: AdapterSettings, members: int = 2) -> Adapter:
    """Return an adapter that was never trained."""
    return make(settings, *subject(settings, members), lambda: np.array([0.7]))
