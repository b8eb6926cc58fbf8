from __future__ import annotations

import pytest
import torch

from dynamics import encoders


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


SEQUENCE = torch.randn(3, 9, 5, generator=generator())


def test_a_recurrent_sequence_is_read_step_by_step() -> None:
    weights = encoders.initial_recurrent(5, 7, 2, generator())
    entry, bias, turn, turn_bias, last, last_bias = weights
    state = torch.zeros(3, 7)
    for step in SEQUENCE.unbind(1):
        told = step @ entry + bias
        parts = told[:, :14] + turn_bias[:14], told[:, 14:]
        state = encoders.gated_step(state, *parts, (turn[:, :14], turn[:, 14:]), turn_bias[14:])
    torch.testing.assert_close(encoders.recurrent(weights, SEQUENCE), state @ last + last_bias)


@pytest.mark.parametrize("length", [1, 2, 9])
def test_one_window_is_read_at_run_time_as_in_training(length: int) -> None:
    weights = tuple(w + 0.1 for w in encoders.initial_recurrent(5, 7, 2, generator()))
    for sequence in SEQUENCE[:, :length]:
        found = torch.from_numpy(encoders.recurrent_of_one(weights, sequence.numpy()))
        torch.testing.assert_close(found, encoders.recurrent(weights, sequence), rtol=1e-5, atol=1e-6)


def test_the_gated_step_is_that_of_the_library() -> None:
    cell = torch.nn.GRUCell(5, 7)
    state, told = torch.randn(3, 7, generator=generator()), SEQUENCE[:, 0]
    theirs = cell(told, state)
    ours = encoders.gated_step(
        state,
        told @ cell.weight_ih[:14].T + cell.bias_ih[:14] + cell.bias_hh[:14],
        told @ cell.weight_ih[14:].T + cell.bias_ih[14:],
        (cell.weight_hh[:14].T, cell.weight_hh[14:].T),
        cell.bias_hh[14:],
    )
    torch.testing.assert_close(ours, theirs)


def test_order_does_not_matter_where_it_should_not() -> None:
    weights = encoders.initial_exchangeable(5, 7, 2, generator())
    out = encoders.exchangeable(weights, SEQUENCE)
    torch.testing.assert_close(encoders.exchangeable(weights, SEQUENCE.flip(1)).flip(1), out)


def test_attention_sees_the_whole_window_and_is_batched() -> None:
    weights = encoders.initial_attention(5, 6, 2, 9, generator())
    out = encoders.attention(weights, SEQUENCE)
    for step in range(9):
        changed = SEQUENCE.clone()
        changed[:, step] += 1.0
        assert (encoders.attention(weights, changed) - out).abs().max() > 1e-6
    torch.testing.assert_close(encoders.attention(weights, SEQUENCE[1]), out[1])


@pytest.mark.parametrize("length", [1, 2, 5, 30])
def test_any_length_can_be_read(length: int) -> None:
    sequence = torch.randn(length, 5, generator=generator())
    assert encoders.attention(encoders.initial_attention(5, 6, 2, 8, generator()), sequence).shape == (2,)
    assert encoders.recurrent(encoders.initial_recurrent(5, 6, 2, generator()), sequence).shape == (2,)


@pytest.mark.parametrize("kind", ["exchangeable", "recurrent", "attention"])
def test_gradients_equal_finite_differences(kind: str) -> None:
    initial = {
        "exchangeable": lambda: encoders.initial_exchangeable(5, 4, 2, generator()),
        "recurrent": lambda: encoders.initial_recurrent(5, 4, 2, generator()),
        "attention": lambda: encoders.initial_attention(5, 4, 2, 9, generator()),
    }[kind]()
    leaves = tuple(w.double().requires_grad_() for w in initial)
    function = getattr(encoders, kind)
    assert torch.autograd.gradcheck(lambda *weights: function(weights, SEQUENCE[0].double()), leaves)
