from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from dynamics import factory
from dynamics.adapters.base import AdapterSettings
from dynamics.adapters.context import AttentionSettings, BeliefSettings, LatentSettings, RecurrentSettings
from dynamics.adapters.fixed import FixedSettings, InformedSettings
from dynamics.backpropagation import Sizes, columns, sizes, vectors
from dynamics.descent import Window
from dynamics.meta import squared_error
from dynamics.model import encode
from dynamics.network import Weights, forward
from dynamics.objectives.base import window_errors
from dynamics.objectives.unroll import Unroll, query_errors
from dynamics.rollout.kernel import Kernel
from dynamics.training.dataset import encode as encode_episodes
from dynamics.training.dataset import sample_windows
from dynamics.transitions import Float32
from tests.dynamics.toys import SPACE, episodes, model, window

SUBJECT = model(np.random.default_rng(0))


def problem() -> tuple[Float32, Sizes, Window]:
    inputs, targets = encode(SUBJECT, window(np.random.default_rng(1), 9))
    return vectors(SUBJECT.prior)[0], sizes(SUBJECT.prior), (columns(inputs), targets.T)


def test_a_single_step_is_judged_as_any_other() -> None:
    plain, slope = squared_error(*problem())
    loss, found = Unroll(SUBJECT, 1)(*problem())
    assert loss == pytest.approx(plain, rel=1e-5)
    np.testing.assert_allclose(found, slope, rtol=1e-3, atol=1e-5)


def test_derivative_of_a_roll_out_equals_finite_differences() -> None:
    unroll, (point, widths, query) = Unroll(SUBJECT, 4), problem()
    slope = unroll(point, widths, query)[1]
    noise = np.random.default_rng(2).standard_normal((3, len(point))).astype(np.float32)
    for direction in slope / np.linalg.norm(slope) + 0.02 * noise:  # steep, or float32 would not show it
        above, below = (unroll(p, widths, query)[0] for p in (point + 0.01 * direction, point - 0.01 * direction))
        assert slope @ direction == pytest.approx((above - below) / 0.02, rel=0.01)


PAIR = model(np.random.default_rng(0), members=2)
DATA = episodes(np.random.default_rng(3))
WINDOWS = sample_windows(encode_episodes(PAIR, DATA), 7, 2, 9, torch.Generator().manual_seed(0))


def member(number: int) -> Weights:
    return tuple(w[number : number + 1] for w in PAIR.prior)


def test_every_member_of_an_ensemble_strays_on_its_own() -> None:
    both = query_errors(PAIR, 4, PAIR.prior, WINDOWS)
    alone = torch.cat([query_errors(PAIR, 4, member(number), WINDOWS) for number in (0, 1)], dim=1)
    assert both.shape == (7, 2)
    torch.testing.assert_close(both, alone)


def test_roll_outs_of_one_step_are_single_steps() -> None:
    found = query_errors(PAIR, 1, PAIR.prior, WINDOWS)
    predicted = forward(PAIR.prior, WINDOWS.query_inputs.flatten(0, 1)[None])
    torch.testing.assert_close(found, window_errors(predicted, WINDOWS.query_targets))
    rolled = Unroll(PAIR, 1).errors(
        lambda inputs: forward(member(0), inputs), WINDOWS.query_inputs, WINDOWS.query_targets
    )
    torch.testing.assert_close(rolled, found[:, 0])


def test_a_shift_is_a_change_of_the_first_bias_all_along() -> None:
    shift = torch.full((2, 7, 16), 0.3)
    moved = (PAIR.prior[0], PAIR.prior[1] + 0.3, *PAIR.prior[2:])
    torch.testing.assert_close(query_errors(PAIR, 4, PAIR.prior, WINDOWS, shift), query_errors(PAIR, 4, moved, WINDOWS))


def test_it_goes_where_the_planner_goes() -> None:
    """The error after three steps, of channels that add up, is that of the planner's roll-out of the same actions."""
    vehicle, length = model(np.random.default_rng(0)), 3
    inputs, targets = (part[:, :length] for part in vars(encode_episodes(vehicle, DATA)).values())
    missed: list[torch.Tensor] = []

    def predict(current: torch.Tensor) -> torch.Tensor:
        missed.append(forward(vehicle.prior, current))
        return missed[-1]

    Unroll(vehicle, length).errors(predict, inputs, targets)
    speed = int(SPACE.vectors[0])
    scale = vehicle.increments
    gone = sum(step[:, 0, speed].detach().numpy() * scale.std[speed] + scale.mean[speed] for step in missed)
    kernel = Kernel(vehicle, vehicle.prior)
    for episode in range(len(DATA)):
        rolled = kernel.rollout(DATA.states[episode, 0], DATA.actions[episode, None, :length])[0, 0]
        assert rolled[-1, speed] - rolled[0, speed] == pytest.approx(gone[episode], abs=1e-5)


def test_derivative_of_the_errors_of_roll_outs_equals_finite_differences() -> None:
    leaves = tuple(w.clone().double().requires_grad_() for w in PAIR.prior)
    exact = replace(PAIR)
    windows = type(WINDOWS)(*(part.double() for part in WINDOWS))
    slopes = torch.autograd.grad(query_errors(exact, 4, leaves, windows).mean(), leaves)
    draw = torch.Generator().manual_seed(1)
    for number, slope in enumerate(slopes):
        direction = torch.randn(slope.shape, generator=draw, dtype=torch.float64)

        def moved(by: float, at: int = number, along: torch.Tensor = direction) -> float:
            point = tuple(w.detach() + by * along if i == at else w.detach() for i, w in enumerate(leaves))
            return float(query_errors(exact, 4, point, windows).mean())

        assert float((slope * direction).sum()) == pytest.approx(
            (moved(1e-4) - moved(-1e-4)) / 2e-4, rel=1e-3, abs=1e-6
        )


WINDOWED = (RecurrentSettings, AttentionSettings, LatentSettings, BeliefSettings)


@pytest.mark.parametrize("alone", [FixedSettings(), InformedSettings(), *(kind(window=5) for kind in WINDOWED)])
def test_every_kind_that_has_it_is_judged_on_roll_outs_of_what_it_plans_with(alone: AdapterSettings) -> None:
    told = factory.KINDS[alone.kind].told
    vehicle = model(np.random.default_rng(0), told=told, members=2)
    rolled = replace(alone, rollout=4)
    windows = sample_windows(encode_episodes(vehicle, DATA), 3, 5, 6, torch.Generator().manual_seed(0))
    objective = factory.objective(rolled, vehicle)
    learned = {name: part.weights for name, part in objective.initial(torch.Generator().manual_seed(1)).items()}
    parts = {"prior": vehicle.prior, **learned}
    found = objective.errors(parts, windows)
    assert not torch.allclose(found, factory.objective(alone, vehicle).errors(parts, windows))

    shift = getattr(objective, "shift", None)
    first, *others = vehicle.prior
    width = windows.query_inputs.shape[-1] if shift is None else vehicle.num_inputs
    seen = windows._replace(query_inputs=windows.query_inputs[..., :width])
    moved = None if shift is None else shift(parts, windows).transpose(0, 1)
    torch.testing.assert_close(found, query_errors(vehicle, 4, (first[:, :width], *others), seen, moved))
