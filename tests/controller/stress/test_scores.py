from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from controller.bootstrap import Estimate
from controller.stress.scores import Costs, gap_closed, iqm, paired, profile, profile_band, recovery_time, run_scores
from planners.problem import FloatArray

RATE = 20.0
finite = st.floats(-100.0, 100.0)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def costs(share: float = 0.8, conditions: int = 3, seeds: int = 12) -> Costs:
    """Costs with gaps of very different size, of which an adapter closes a share."""
    gap = np.array([0.1, 1.0, 10.0])[:conditions, None] * rng(1).uniform(0.5, 1.5, (conditions, seeds))
    informed = rng(2).uniform(0.0, 0.1, (conditions, seeds))
    return Costs(informed + gap, informed + (1.0 - share) * gap, informed)


def test_the_interquartile_mean_is_that_of_the_middle_half() -> None:
    assert iqm(np.array([100.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, -100.0])) == pytest.approx(3.5)
    assert iqm(np.array([1.0, 2.0, 6.0])) == pytest.approx(3.0)
    np.testing.assert_allclose(iqm(np.array([[0.0, 1.0, 2.0, 9.0], [5.0, 5.0, 5.0, 5.0]])), [1.5, 5.0])


@given(finite, st.integers(1, 40))
def test_the_interquartile_mean_of_a_constant_is_that_constant(value: float, count: int) -> None:
    assert iqm(np.full(count, value)) == pytest.approx(value)


@given(arrays(np.float64, st.integers(1, 30), elements=finite), st.randoms(use_true_random=False))
def test_the_order_of_runs_does_not_matter(values: FloatArray, random: object) -> None:
    assert iqm(rng(3).permutation(values)) == pytest.approx(float(iqm(values)))
    assert values.min() - 1e-9 <= iqm(values) <= values.max() + 1e-9


def test_the_plain_model_is_zero_and_the_informed_one_is_one() -> None:
    some = costs()
    assert gap_closed(Costs(some.plain, some.plain, some.informed), rng()) == Estimate(0.0, 0.0, 0.0)
    assert gap_closed(Costs(some.plain, some.informed, some.informed), rng()) == Estimate(1.0, 1.0, 1.0)


@pytest.mark.parametrize("share", [-0.5, 0.0, 0.7, 1.3])
def test_an_adapter_that_closes_a_share_everywhere_has_that_score(share: float) -> None:
    found = gap_closed(costs(share), rng())
    assert found.value == pytest.approx(share)
    assert found.low == pytest.approx(share)
    assert found.high == pytest.approx(share)


def test_scores_do_not_depend_on_the_size_of_a_conditions_gap() -> None:
    some = costs()
    other = some.other + rng(5).normal(0.0, 0.1, some.other.shape) * (some.plain - some.informed)
    scaled = [x * np.array([1000.0, 1.0, 0.01])[:, None] for x in (some.plain, other, some.informed)]
    np.testing.assert_allclose(
        run_scores(Costs(some.plain, other, some.informed)), run_scores(Costs(scaled[0], scaled[1], scaled[2]))
    )


def test_the_order_of_seeds_changes_no_score() -> None:
    some, order = costs(), rng(4).permutation(12)
    noisy = some.other + rng(5).normal(0.0, 0.05, some.other.shape)
    shuffled = Costs(some.plain[:, order], noisy[:, order], some.informed[:, order])
    value = gap_closed(Costs(some.plain, noisy, some.informed), rng()).value
    assert gap_closed(shuffled, rng()).value == pytest.approx(value)


def test_an_adapter_of_few_seeds_is_measured_in_units_of_the_whole_gap() -> None:
    gap = np.concatenate([np.full(2, -0.3), np.full(28, 1.0)])[None]  # at its seeds the informed model did worse
    some = Costs(5.0 + gap, (5.0 + gap)[:, :2] - 0.5, np.full((1, 30), 5.0))
    found = gap_closed(some, rng())
    assert found.value == pytest.approx(0.5)
    assert found.low > 0.0
    np.testing.assert_allclose(run_scores(some), [[0.5, 0.5]])


def test_one_disastrous_run_cannot_raise_a_score() -> None:
    some = costs()
    fallen = some.other.copy()
    fallen[0, 3] = 35.0
    broken = Costs(some.plain, fallen, some.informed)
    assert gap_closed(broken, rng()).value <= gap_closed(some, rng()).value
    assert run_scores(broken)[0, 3] < -100.0


def test_costs_that_are_not_finite_or_do_not_fit_are_refused() -> None:
    good = np.ones((2, 3))
    with pytest.raises(ValueError, match="Costs.other: expected finite"):
        Costs(good, np.full((2, 3), np.nan), good)
    with pytest.raises(ValueError, match=r"Costs.informed: expected \(C, S\)"):
        Costs(good, good, np.ones((2, 4)))
    with pytest.raises(ValueError, match="Costs.plain"):
        Costs(np.ones(3), np.ones(3), np.ones(3))


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(100):
        found = paired(rng(seed).normal(1.0, 2.0, 30), rng(seed + 1000))
        assert found.low <= found.value <= found.high
        covered += found.low <= 1.0 <= found.high
    assert 88 <= covered <= 99


def test_head_room_needs_a_gap_that_stands_out_from_noise() -> None:
    assert paired(rng().normal(0.0, 1.0, 30), rng()).low < 0.0
    assert paired(rng().normal(1.0, 1.0, 30), rng()).low > 0.0


@given(arrays(np.float64, st.integers(1, 20), elements=finite))
def test_a_profile_falls_from_all_to_none(scores: FloatArray) -> None:
    shares = profile(scores, np.linspace(-101.0, 101.0, 50))
    assert shares[0] == 1.0
    assert shares[-1] == 0.0
    assert (np.diff(shares) <= 0.0).all()


def test_a_profile_counts_runs_and_lies_in_its_band() -> None:
    thresholds = np.array([0.0, 0.5, 1.0])
    np.testing.assert_allclose(profile(np.array([0.2, 0.6, 0.7, 2.0]), thresholds), [1.0, 0.75, 0.25])
    scores = rng().normal(0.5, 0.5, (4, 10))
    low, high = profile_band(scores, thresholds, rng())
    assert (low <= profile(scores, thresholds)).all()
    assert (profile(scores, thresholds) <= high).all()


def track(*pieces: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """Ticks with a path error of (seconds, metres) pieces."""
    distance = np.concatenate([np.full(round(seconds * RATE), value) for seconds, value in pieces])
    return np.arange(len(distance)) / RATE, distance


def test_recovery_is_the_first_return_to_the_settled_error() -> None:
    time, distance = track((4.0, 0.001), (1.0, 0.03), (7.0, 0.005))
    assert recovery_time(time, distance, 4.0) == pytest.approx(1.0, abs=0.06)
    late = np.where((time >= 4.0) & (time < 4.4), 0.001, distance)  # the change needs time to show
    assert recovery_time(time, late, 4.0) == pytest.approx(1.0, abs=0.06)


def test_who_never_leaves_recovers_at_once_and_who_stays_away_long_recovers_late() -> None:
    assert recovery_time(*track((12.0, 0.005)), 4.0) == 0.0
    time, distance = track((4.0, 0.001), (3.2, 0.05), (4.8, 0.01))
    assert recovery_time(time, distance, 4.0) == pytest.approx(3.2, abs=0.11)


def test_what_happens_long_after_the_onset_is_no_matter_of_recovery() -> None:
    time, distance = track((4.0, 0.001), (4.5, 0.005), (0.5, 0.05), (3.0, 0.005))
    assert recovery_time(time, distance, 4.0) == 0.0


def test_a_run_too_short_or_broken_does_not_tell() -> None:
    assert recovery_time(*track((7.3, 0.005)), 4.0) is None
    assert recovery_time(*track((0.05, 0.005)), 0.0) is None
    time, distance = track((12.0, 0.005))
    assert recovery_time(time, np.where(time == 5.0, np.nan, distance), 4.0) is None


@given(st.floats(0.001, 1000.0))
def test_recovery_does_not_depend_on_the_unit_of_length(scale: float) -> None:
    time, distance = track((4.0, 0.001), (1.0, 0.03), (0.5, 0.02), (6.5, 0.005))
    assert recovery_time(time, scale * distance, 4.0) == recovery_time(time, distance, 4.0)
