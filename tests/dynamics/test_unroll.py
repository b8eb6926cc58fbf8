from __future__ import annotations

import numpy as np
import pytest

from dynamics.backpropagation import Sizes, columns, sizes, vectors
from dynamics.descent import Window
from dynamics.meta import squared_error
from dynamics.model import encode
from dynamics.objectives.unroll import Unroll
from dynamics.transitions import Float32
from tests.dynamics.toys import model, window

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
