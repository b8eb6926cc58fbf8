"""The estimator against a trot whose truth is known, and its matrices against finite differences."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest

from hardware import rotation
from hardware.estimation.kalman import GRAVITY, Estimate, Estimator, EstimatorSettings, contact_probability
from hardware.robot import FloatArray
from tests.hardware import strides
from tests.hardware.turns import log, matrix

DT = 0.002


def started(seed: int = 0) -> Estimator:
    """An estimator in the middle of nowhere: no state is special."""
    rng = np.random.default_rng(seed)
    estimator = Estimator(4)
    estimator.rotation = rotation.exp(rng.normal(size=3))
    estimator.arms = rng.normal(size=(6, 3))
    estimator.biases = 0.1 * rng.normal(size=(2, 3))
    return estimator


def moved(estimator: Estimator, error: FloatArray) -> Estimator:
    other = copy.deepcopy(estimator)
    other._apply(error)
    return other


def error_between(estimate: Estimator, truth: Estimator) -> FloatArray:
    """The right-invariant error (27,), to first order."""
    turn = log(estimate.rotation @ truth.rotation.T)
    carried = rotation.exp(turn)
    parts = [turn, estimate.velocity - carried @ truth.velocity, estimate.position - carried @ truth.position]
    feet = estimate.feet - truth.feet @ carried.T
    return np.concatenate([*parts, feet.ravel(), (estimate.biases - truth.biases).ravel()])


def run(
    seconds: float, settings: EstimatorSettings | None = None, noise: float = 1.0, bias: float = 1.0
) -> tuple[list[Estimate], list[strides.Reading]]:
    estimator = Estimator(4, settings)
    taken = list(strides.readings(seconds, DT, np.random.default_rng(1), noise, bias))
    estimator.reset(strides.attitude(0.0).T @ -GRAVITY, taken[0].feet)
    return [estimator.step(DT, r.gyro, r.accelerometer, r.feet, r.contacts) for r in taken], taken


def test_errors_grow_as_the_transition_says() -> None:
    estimator, step, dt = started(), 1e-6, 1e-4
    gyro, accelerometer = np.array([0.3, -0.2, 0.5]), np.array([1.0, -2.0, 9.0])
    analytic = (estimator.transition(dt) - np.eye(27)) / dt
    truth = copy.deepcopy(estimator)
    truth._predict(dt, gyro, accelerometer, np.ones(4))
    numeric = np.zeros((27, 27))
    for column, axis in enumerate(np.eye(27)):
        ends = []
        for sign in (1.0, -1.0):
            other = moved(estimator, sign * step * axis)
            other._predict(dt, gyro, accelerometer, np.ones(4))
            ends.append(error_between(other, truth))
        numeric[:, column] = ((ends[0] - ends[1]) / (2 * step) - axis) / dt
    assert analytic == pytest.approx(numeric, abs=2e-3)


def test_misses_follow_the_observation_matrix() -> None:
    estimator, step = started(), 1e-6
    feet = (estimator.feet - estimator.position) @ estimator.rotation

    def miss(other: Estimator) -> FloatArray:
        return np.asarray((feet @ other.rotation.T + other.position - other.feet).ravel())

    assert miss(estimator) == pytest.approx(np.zeros(12), abs=1e-12)
    for column, axis in enumerate(np.eye(27)):
        slope = (miss(moved(estimator, step * axis)) - miss(moved(estimator, -step * axis))) / (2 * step)
        assert slope == pytest.approx(estimator._observation[:, column], abs=1e-6)


def test_without_noise_it_follows_the_truth() -> None:
    estimates, taken = run(4.0, noise=0.0, bias=0.0)
    drift = estimates[-1].position[:2] - (taken[-1].position - taken[0].position)[:2]
    assert np.linalg.norm(drift) < 0.01
    assert np.linalg.norm(estimates[-1].velocity - taken[-1].velocity) < 0.01


def test_with_noise_and_biases_it_drifts_little() -> None:
    estimates, taken = run(12.0)
    travelled = float(np.linalg.norm(taken[-1].position - taken[0].position))
    drift = estimates[-1].position[:2] - (taken[-1].position - taken[0].position)[:2]
    later = range(1000, len(taken))
    speed = np.array([estimates[i].velocity - taken[i].velocity for i in later])
    height = np.array([estimates[i].height - taken[i].position[2] for i in later])
    tilt = [math.acos(min(1.0, float(matrix(estimates[i].quaternion)[2] @ taken[i].rotation[2]))) for i in later]
    assert travelled > 5.0
    assert np.linalg.norm(drift) < 0.03 * travelled
    assert np.sqrt((speed**2).mean()) < 0.03
    assert np.sqrt((height**2).mean()) < 0.006
    assert np.sqrt(np.mean(np.square(tilt))) < math.radians(1.5)
    measured = np.mean([reading.gyro for reading in taken[-500:]], axis=0)
    corrected = np.mean([estimate.gyro for estimate in estimates[-500:]], axis=0)
    assert (measured - corrected)[:2] == pytest.approx([0.01, -0.02], abs=0.004)


def test_the_covariance_stays_one() -> None:
    estimator = Estimator(4)
    taken = list(strides.readings(3.0, DT, np.random.default_rng(2)))
    estimator.reset(-GRAVITY, taken[0].feet)
    for reading in taken:
        estimator.step(DT, reading.gyro, reading.accelerometer, reading.feet, reading.contacts)
    assert estimator.covariance == pytest.approx(estimator.covariance.T)
    assert np.linalg.eigvalsh(estimator.covariance).min() > 0.0


def test_a_foot_that_slips_is_not_believed() -> None:
    def velocity_error(gate: float) -> float:
        estimator = Estimator(4, EstimatorSettings(gate=gate))
        taken = list(strides.readings(2.0, DT, np.random.default_rng(3)))
        estimator.reset(-GRAVITY, taken[0].feet)
        worst = 0.0
        for index, reading in enumerate(taken):
            feet = reading.feet.copy()
            if index > 500 and index % 125 < 60:  # it slides by 10 cm at once and back
                feet[int(np.flatnonzero(reading.contacts)[0])] += np.array([0.1, 0.0, 0.0])
            estimate = estimator.step(DT, reading.gyro, reading.accelerometer, feet, reading.contacts)
            worst = max(worst, float(np.linalg.norm(estimate.velocity - reading.velocity)))
        return worst

    assert velocity_error(gate=5.0) < 0.7 * velocity_error(gate=1e6)


def test_a_reading_that_is_not_finite_changes_nothing() -> None:
    estimator = Estimator(4)
    (reading,) = strides.readings(DT, DT, np.random.default_rng(0))
    estimator.reset(-GRAVITY, reading.feet)
    before = estimator.step(DT, reading.gyro, reading.accelerometer, reading.feet, reading.contacts)
    after = estimator.step(DT, reading.gyro, np.array([np.nan, 0, 9.8]), reading.feet, reading.contacts)
    assert before.position.tolist() == after.position.tolist()
    assert np.isfinite(after.velocity).all()


def test_it_starts_level_whatever_the_pose() -> None:
    true = rotation.exp(np.array([0.0, 0.0, 0.7])) @ rotation.exp(np.array([0.3, -0.2, 0.0]))
    estimator = Estimator(4)
    estimator.reset(true.T @ -GRAVITY, strides.HIPS - [0.0, 0.0, 0.3])
    assert estimator.rotation[2] == pytest.approx(true[2])
    assert estimator.feet[:, 2].min() == pytest.approx(0.0)


def test_a_body_that_falls_cannot_be_started() -> None:
    with pytest.raises(ValueError, match="expected a body at rest"):
        Estimator(4).reset(np.zeros(3), strides.HIPS)
    with pytest.raises(ValueError, match=r"EstimatorSettings.foot: expected a positive number, got 0"):
        EstimatorSettings(foot=0.0)


def test_contacts_come_from_forces() -> None:
    found = contact_probability(np.array([-1e6, 20.0, 25.0, 1e6]), threshold=20.0, width=5.0)
    assert found == pytest.approx([0.0, 0.5, 0.731, 1.0], abs=1e-3)
