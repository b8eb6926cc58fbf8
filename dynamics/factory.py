"""The registry of kinds: an adapter with the objective that trains its model, one line for each.

The same call adds those from outside the library. A kind is one file or two: a frozen settings dataclass with a `kind`,
a `window` and a default for every field, a class that adapts, and one that trains unless a known objective serves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from dynamics.adapters.base import Adapter, AdapterSettings
from dynamics.adapters.bias_input import BiasInput, BiasInputSettings
from dynamics.adapters.context import AttentionSettings, BeliefSettings, Context, LatentSettings, RecurrentSettings
from dynamics.adapters.disturbance import Disturbance, DisturbanceSettings
from dynamics.adapters.finetune import Finetune, FinetuneSettings
from dynamics.adapters.fixed import Fixed, FixedSettings, Informed, InformedSettings
from dynamics.adapters.gradient import Gradient, GradientSettings
from dynamics.adapters.last_layer import LastLayer, LastLayerSettings
from dynamics.adapters.least_squares import LeastSquaresSettings, least_squares
from dynamics.adapters.meta_gradient import MetaGradient, MetaGradientSettings
from dynamics.adapters.priors import Priors, PriorsSettings
from dynamics.adapters.proposal import Proposal, ProposalSettings
from dynamics.model import Model
from dynamics.network import Parts
from dynamics.objectives.base import Objective
from dynamics.objectives.bias_input import BiasInputObjective
from dynamics.objectives.context import ContextObjective
from dynamics.objectives.gradient import GradientObjective
from dynamics.objectives.last_layer import LastLayerObjective
from dynamics.objectives.plain import PlainObjective
from dynamics.objectives.priors import PriorsObjective
from dynamics.objectives.proposal import ProposalObjective
from dynamics.transitions import FloatArray

S = TypeVar("S", bound=AdapterSettings)


@dataclass(frozen=True)
class Kind(Generic[S]):
    """One kind of adapter.

    Attributes:
        adapter: builds it from settings and what training left.
        objective: builds what trains it, from settings and an untrained model.
        needs: names of the parts that it learns beside the model.
        alike: those of them that hold one tensor for each of the network's, of its shape.
        lent: names of parts that it makes use of where another recipe lends them.
        told: its model has the true condition among its inputs.
        lender: another kind whose trained network serves this one too.
    """

    settings: type[S]
    adapter: Callable[[S, Model, Parts, Callable[[], FloatArray] | None], Adapter]
    objective: Callable[[S, Model], Objective]
    needs: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    lent: tuple[str, ...] = ()
    told: bool = False
    lender: str | None = None


KINDS: dict[str, Kind[Any]] = {}
"""Every kind of adapter by its name."""


def register(kind: Kind[S]) -> None:
    """Add a kind; experiments and checkpoints then know it. Raises ValueError where another kind has this name."""
    name = kind.settings().kind
    if name in KINDS:
        raise ValueError(f"{kind.settings.__name__}: kind: expected a new one, got {name}, which is registered")
    KINDS[name] = kind


def make(
    settings: AdapterSettings, model: Model, parts: Parts, condition: Callable[[], FloatArray] | None = None
) -> Adapter:
    """Build the adapter that the settings belong to; `condition` tells the true one (C,) of the moment, for `informed`.

    Raises ValueError where something that the adapter needs is missing.
    """
    check(settings, model, parts)
    return KINDS[settings.kind].adapter(settings, model, parts, condition)


def objective(settings: AdapterSettings, model: Model) -> Objective:
    """Build what trains an untrained model for the adapter that the settings belong to."""
    return KINDS[settings.kind].objective(settings, model)


def check(settings: AdapterSettings, model: Model, parts: Parts) -> None:
    """Raise ValueError unless there is all that an adapter of this kind learns beside the model, of the right shape."""
    kind = KINDS[settings.kind]
    missing = [name for name in kind.needs if name not in parts]
    if missing:
        expected = f"expected {', '.join(kind.needs)} in the checkpoint, got no {', '.join(missing)}"
        raise ValueError(f"{settings.kind} adapter: {expected}")
    shapes = [tuple(w.shape) for w in model.prior]
    for name in kind.alike:
        if (got := [tuple(w.shape) for w in parts[name]]) != shapes:
            raise ValueError(f"{name}: expected the shapes of the weights, {shapes}, got {got}")


def read(values: Mapping[str, object]) -> AdapterSettings:
    """Return settings from plain values, such as those in a checkpoint. Raises ValueError where no kind has such."""
    name = str(values.get("kind"))
    if name not in KINDS:
        raise ValueError(f"adapter.kind: expected one of {', '.join(KINDS)}, got {name}")
    settings: AdapterSettings = TypeAdapter(KINDS[name].settings).validate_python(values)
    return settings


def _as_grbal(settings: MetaGradientSettings, model: Model) -> Objective:
    return GradientObjective(GradientSettings(window=settings.window, steps=settings.steps), model)


_RATES, _ENCODER = ("rates",), ("encoder", "entry")

register(Kind(FixedSettings, Fixed, PlainObjective))
register(Kind(FinetuneSettings, Finetune, PlainObjective, lender="fixed"))
register(Kind(DisturbanceSettings, Disturbance, PlainObjective, lender="fixed"))
register(Kind(LeastSquaresSettings, least_squares, PlainObjective, lender="fixed"))
register(Kind(InformedSettings, Informed, PlainObjective, told=True))
register(Kind(GradientSettings, Gradient, GradientObjective, needs=_RATES, alike=_RATES))
register(Kind(MetaGradientSettings, MetaGradient, _as_grbal, needs=_RATES, alike=_RATES, lender="gradient"))
register(Kind(PriorsSettings, Priors, PriorsObjective, needs=("rates", "starts", "focus"), alike=_RATES))
register(Kind(BiasInputSettings, BiasInput, BiasInputObjective, needs=("entry", "rates")))
register(Kind(RecurrentSettings, Context, ContextObjective, needs=_ENCODER, lent=("plain",)))
register(Kind(AttentionSettings, Context, ContextObjective, needs=_ENCODER, lent=("plain",)))
register(Kind(LatentSettings, Context, ContextObjective, needs=_ENCODER, lent=("plain",)))
_BOTH = (*_ENCODER, *_RATES)
register(Kind(ProposalSettings, Proposal, ProposalObjective, needs=_BOTH, alike=_RATES, lent=("plain",)))
register(Kind(BeliefSettings, Context, ContextObjective, needs=("encoder",), lent=("plain",), told=True))
register(Kind(LastLayerSettings, LastLayer, LastLayerObjective, needs=("spread", "noise", "fade")))
