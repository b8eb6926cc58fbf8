from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from planners.sampling.noise import Interpolation, interpolation

KINDS: tuple[Interpolation, ...] = get_args(Interpolation)
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
@pytest.mark.parametrize("horizon", [1, 2, 9])
def test_a_knot_at_every_step_is_no_interpolation(kind: Interpolation, horizon: int) -> None:
    np.testing.assert_array_equal(interpolation(horizon, 1, kind), np.eye(horizon))


@each_kind
@pytest.mark.parametrize("horizon", [1, 2, 7, 12, 13])
@pytest.mark.parametrize("hold", [2, 3, 20])
def test_knots_are_met_where_they_are_and_what_is_constant_stays_constant(
    kind: Interpolation, horizon: int, hold: int
) -> None:
    matrix = interpolation(horizon, hold, kind)
    at_knots = matrix[::hold]
    np.testing.assert_allclose(at_knots, np.eye(*at_knots.shape), atol=1e-12)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0)


def test_zero_order_holds() -> None:
    knots = np.array([1.0, 5.0, -2.0])
    np.testing.assert_array_equal(interpolation(7, 3, "zero") @ knots, [1, 1, 1, 5, 5, 5, -2])


def test_linear_and_cubic_knots_follow_a_line() -> None:
    for kind in ("linear", "cubic"):
        knots = np.array([0.0, 4.0, 8.0, 12.0])
        np.testing.assert_allclose(interpolation(11, 4, kind) @ knots, np.arange(11.0), atol=1e-12)


def test_a_cubic_has_no_kinks() -> None:
    knots = np.random.default_rng(0).normal(size=6)
    fine = interpolation(501, 100, "cubic") @ knots
    assert np.abs(np.diff(fine, 2)).max() < 2e-3
    assert np.abs(np.diff(interpolation(501, 100, "linear") @ knots, 2)).max() > 5e-3


def test_the_matrix_is_shared_and_cannot_be_written_to() -> None:
    matrix = interpolation(10, 3, "cubic")
    assert matrix is interpolation(10, 3, "cubic")
    with pytest.raises(ValueError, match="read-only"):
        matrix[0, 0] = 2.0
