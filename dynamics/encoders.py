"""Encoders: what a window of transitions says, as a few numbers. Pure functions over a tuple of weights.

    exchangeable   every transition votes, order does not matter (PEARL, Rakelly et al. 2019, arXiv 1903.08254)
    recurrent      a gated recurrent unit whose hidden state carries the past (RL^2, ReBAL; Cho et al. 2014)
    attention      dilated causal convolutions and causal attention (SNAIL, Mishra et al. 2018, arXiv 1707.03141)

All take a sequence (..., M, F), oldest first, and work at any length. The same functions run in meta-training and at
run time, but for `recurrent_of_one`: a step of so few numbers costs what its calls cost, and NumPy's cost less.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from dynamics.network import Weights
from dynamics.transitions import Float32

_KERNEL = 2
"""Taps of a convolution."""


def linear(size_in: int, size_out: int, generator: torch.Generator, gain: float = 1.0) -> Weights:
    """Return a matrix (in, out), uniform with unit output variance times `gain` squared, and a zero bias (out,)."""
    bound = gain * math.sqrt(3.0 / size_in)
    return (2 * torch.rand(size_in, size_out, generator=generator) - 1) * bound, torch.zeros(size_out)


def initial_exchangeable(size_in: int, hidden: int, size_out: int, generator: torch.Generator) -> Weights:
    """Return the weights of `exchangeable`."""
    first, second = linear(size_in, hidden, generator), linear(hidden, hidden, generator)
    return (*first, *second, *linear(hidden, size_out, generator, 0.3))


def exchangeable(weights: Weights, sequence: Tensor) -> Tensor:
    """Map every transition on its own: (..., M, F) -> (..., M, out)."""
    first, bias, second, second_bias, last, last_bias = weights
    hidden = torch.nn.functional.silu(sequence @ first + bias)
    hidden = torch.nn.functional.silu(hidden @ second + second_bias)
    return hidden @ last + last_bias


def initial_recurrent(size_in: int, hidden: int, size_out: int, generator: torch.Generator) -> Weights:
    """Return the weights of `recurrent`."""
    entry, bias = linear(size_in, 3 * hidden, generator)
    turn, turn_bias = linear(hidden, 3 * hidden, generator)
    return (entry, bias, turn, turn_bias, *linear(hidden, size_out, generator, 0.3))


def recurrent(weights: Weights, sequence: Tensor) -> Tensor:
    """Read a sequence step by step from a blank state: (..., M, F) -> (..., out) after the last step.

    At this size a step costs what its few calls cost, so the input's part and the biases are added up for all steps
    at once.
    """
    entry, bias, turn, turn_bias, last, last_bias = weights
    size = turn.shape[0]
    # What the inputs say to the gates (B, 2 h) and to the candidate (B, h), for all steps at once.
    flat = sequence.reshape(-1, *sequence.shape[-2:])
    given = flat @ entry + bias
    gates = (given[..., : 2 * size] + turn_bias[: 2 * size]).unbind(1)
    candidates = given[..., 2 * size :].unbind(1)
    # What the state says, step by step.
    turns, back = (turn[:, : 2 * size], turn[:, 2 * size :]), turn_bias[2 * size :]
    state = flat.new_zeros(len(flat), size)
    for gate, candidate in zip(gates, candidates, strict=True):
        state = gated_step(state, gate, candidate, turns, back)
    return (state @ last + last_bias).reshape(*sequence.shape[:-2], -1)


def gated_step(state: Tensor, gate: Tensor, candidate: Tensor, turns: tuple[Tensor, Tensor], back: Tensor) -> Tensor:
    """Advance hidden states by one step of a gated recurrent unit.

        r, u = sigmoid(gate + state W_g),   c = tanh(candidate + r (state W_c + b_c)),   state <- u state + (1 - u) c

    Args:
        state: (B, h).
        gate: the input's part of reset and update, with all biases (B, 2 h).
        candidate: the input's part of the candidate (B, h).
        turns: matrices from the state to the gates (h, 2 h) and to the candidate (h, h).
        back: bias of the state's part of the candidate (h,).
    """
    reset, update = torch.sigmoid(torch.addmm(gate, state, turns[0])).chunk(2, dim=-1)
    found = torch.tanh(torch.addcmul(candidate, reset, torch.addmm(back, state, turns[1])))
    return torch.lerp(found, state, update)


def recurrent_of_one(weights: Weights, sequence: Float32) -> Float32:
    """Read one sequence (M, F) in NumPy: what `recurrent` says (out,), at run time.

    A gate is (1 + tanh(x / 2)) / 2; its halves are put into the weights.
    """
    entry, bias, turn, turn_bias, last, last_bias = (w.detach().numpy() for w in weights)
    size = len(turn)
    # Halve what a gate's tanh gets; the reset gate then comes as 1 + tanh, twice what it is.
    halves = np.ones(3 * size, np.float32)
    halves[: 2 * size] = 0.5
    turns = turn * halves
    turns[:, 2 * size :] *= 0.5
    # What the inputs say, for all steps at once.
    given = sequence @ entry
    given += bias
    given[:, : 2 * size] += turn_bias[: 2 * size]
    given[:, : 2 * size] *= 0.5
    back = 0.5 * turn_bias[2 * size :]
    # What the state says, step by step; at the end of each, state <- candidate + u (state - candidate).
    state = np.zeros(size, np.float32)
    for gate, candidate in zip(given[:, : 2 * size], given[:, 2 * size :], strict=True):
        turned = state @ turns
        gates, found = turned[: 2 * size], turned[2 * size :]
        gates += gate
        np.tanh(gates, out=gates)
        gates += 1
        found += back
        found *= gates[:size]
        found += candidate
        np.tanh(found, out=found)
        state -= found
        state *= gates[size:]
        state *= 0.5
        state += found
    said: Float32 = state @ last + last_bias
    return said


def dilations(window: int) -> tuple[int, ...]:
    """Return 1, 2, 4, ... so that the convolutions together reach over a window."""
    return tuple(2**k for k in range(max(1, math.ceil(math.log2(window)))))


def initial_attention(size_in: int, hidden: int, size_out: int, window: int, generator: torch.Generator) -> Weights:
    """Return the weights of `attention`: an entry, the convolutions, query, key and value maps, and an exit."""
    weights = list(linear(size_in, hidden, generator))
    for _ in dilations(window):
        weights += linear(_KERNEL * hidden, 2 * hidden, generator)
    for _ in range(3):
        weights += linear(hidden, hidden, generator)
    return (*weights, *linear(2 * hidden, size_out, generator, 0.3))


def attention(weights: Weights, sequence: Tensor) -> Tensor:
    """Read a sequence at once: (..., M, F) -> (..., out) at its last step.

    Gated residual convolutions (tanh times sigmoid, as in WaveNet and SNAIL) look back over growing distances; then the
    last step attends to all steps.
    """
    # Dilated convolutions: what a step knows doubles in reach with every level.
    hidden = sequence @ weights[0] + weights[1]
    convolutions = list(zip(weights[2:-8:2], weights[3:-8:2], strict=True))
    for level, (matrix, bias) in enumerate(convolutions):
        mixed = torch.cat([_back(hidden, 2**level), hidden], dim=-1) @ matrix + bias
        signal, gate = mixed.chunk(2, dim=-1)
        hidden = hidden + torch.tanh(signal) * torch.sigmoid(gate)
    # The last step asks all of them, and says what it knew itself beside what it found.
    to_query, query_bias, to_key, key_bias, to_value, value_bias, last, last_bias = weights[-8:]
    query = hidden[..., -1:, :] @ to_query + query_bias
    keys, values = hidden @ to_key + key_bias, hidden @ to_value + value_bias
    scores = torch.softmax(query @ keys.transpose(-1, -2) / math.sqrt(keys.shape[-1]), dim=-1)
    found = torch.cat([hidden[..., -1, :], (scores @ values).squeeze(-2)], dim=-1)
    return found @ last + last_bias


def _back(hidden: Tensor, steps: int) -> Tensor:
    """Return the sequence (..., M, h) as it was `steps` earlier, zero before its beginning."""
    length = hidden.shape[-2]
    padding = hidden.new_zeros(*hidden.shape[:-2], min(steps, length), hidden.shape[-1])
    return torch.cat([padding, hidden[..., : max(length - steps, 0), :]], dim=-2)
