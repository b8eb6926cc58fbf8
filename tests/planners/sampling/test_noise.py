from __future__ import annotations

import numpy as np
import pytest

from planners.sampling.noise import colouring, draw, shaping


@pytest.mark.parametrize("colour", [0.0, 1.0, 2.5, 4.0])
@pytest.mark.parametrize("steps", [1, 2, 15])
def test_coloured_noise_has_unit_variance_at_every_step(steps: int, colour: float) -> None:
    root = colouring(steps, colour)
    np.testing.assert_allclose((root @ root.T).diagonal(), 1.0)


def test_colour_nought_is_white() -> None:
    root = colouring(15, 0.0)
    np.testing.assert_allclose(root @ root.T, np.eye(15), atol=1e-12)


@pytest.mark.parametrize("colour", [1.0, 2.0, 3.0])
def test_the_covariance_has_the_spectrum_that_was_asked_for(colour: float) -> None:
    """The covariances of a stationary process over a period of 2 T are the cosine series of its spectrum."""
    steps = 16
    covariance = (colouring(steps, colour) @ colouring(steps, colour).T)[0]
    at_half = np.arange(1, steps)
    by_lag = np.append(covariance, 0.0)
    # The lag of half a period is not in the matrix; it follows from the power at the highest frequency.
    waves = np.cos(np.pi * np.outer(np.arange(steps + 1), np.arange(steps)) / steps)
    power = np.linalg.lstsq(waves.T, by_lag[:steps])[0]
    np.testing.assert_allclose(power @ waves, by_lag[:steps], atol=1e-9)
    powers = np.concatenate([[1.0], 2 * at_half**-colour, [steps**-colour]])
    expected = powers / powers.sum() @ waves
    np.testing.assert_allclose(covariance, expected, atol=1e-9)


def test_redder_noise_is_smoother_and_its_ends_are_not_tied_together() -> None:
    neighbours, ends = [], []
    for colour in (0.0, 1.0, 2.0, 3.0):
        covariance = colouring(15, colour) @ colouring(15, colour).T
        neighbours.append(covariance[7, 8])
        ends.append(covariance[0, 14])
    assert neighbours == sorted(neighbours)
    assert ends[-1] < neighbours[-1] - 0.2


def test_drawn_noise_has_the_covariance_of_its_matrix() -> None:
    shape = shaping(12, 3, "cubic", 1.5)
    noise = draw(np.random.default_rng(0), 20000, 2, shape)
    assert noise.shape == (20000, 12, 2)
    np.testing.assert_allclose(noise.mean(axis=0), 0.0, atol=0.03)
    np.testing.assert_allclose(np.cov(noise[:, :, 0].T), shape @ shape.T, atol=0.03)
    np.testing.assert_allclose(np.einsum("nh,nh->h", noise[:, :, 0], noise[:, :, 1]) / 20000, 0.0, atol=0.03)


@pytest.mark.parametrize("colour", [0.0, 2.0])
def test_noise_between_knots_has_unit_variance_too(colour: float) -> None:
    shape = shaping(13, 4, "cubic", colour)
    np.testing.assert_allclose(np.square(shape).sum(axis=1), 1.0, rtol=1e-6)


def test_held_noise_differs_between_knots() -> None:
    noise = draw(np.random.default_rng(0), 5, 2, shaping(7, 3, "zero", 0.0))
    np.testing.assert_array_equal(noise[:, 0], noise[:, 2])
    np.testing.assert_array_equal(noise[:, 3], noise[:, 5])
    assert not np.any(noise[:, 2] == noise[:, 3])
