from __future__ import annotations

import numpy as np
from scipy import stats

from controller.bootstrap import Estimate, drawn_anew, estimate, interval


def mean(count: int) -> Estimate:
    rng = np.random.default_rng(0)
    values = rng.normal(1.0, 1.0, count)
    return estimate(float(values.mean()), values[drawn_anew(rng, count)].mean(axis=1))


def test_an_interval_covers_the_figure_and_shrinks_with_data() -> None:
    few, many = mean(10), mean(1000)
    assert few.low < few.value < few.high
    assert many.high - many.low < few.high - few.low


def test_rows_are_drawn_apart() -> None:
    drawn = drawn_anew(np.random.default_rng(0), 3, 50, resamples=7)
    assert drawn.shape == (7, 3, 50)
    assert {*drawn.ravel().tolist()} == set(range(50))
    assert not np.array_equal(drawn[:, 0], drawn[:, 1])


def test_it_is_the_percentile_bootstrap_of_scipy() -> None:
    values = np.random.default_rng(1).normal(size=30)
    ours = interval(values[drawn_anew(np.random.default_rng(2), 30)].mean(axis=1))
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=2000, method="percentile", random_state=np.random.default_rng(2)
    )
    np.testing.assert_allclose(ours, theirs.confidence_interval, rtol=1e-12)
