"""Where the body is and how it moves, from IMU, leg kinematics and contacts: an invariant extended Kalman filter.

Feet that stand do not move: what the legs then measure corrects what the IMU integrates. Filter of Hartley, Ghaffari,
Eustice and Grizzle 2020, "Contact-aided invariant extended Kalman filtering for robot state estimation", IJRR 39(4),
sections 4 and 5, with feet kept in the state and let loose while they swing (Bloesch et al. 2012, "State estimation
for legged robots: consistent fusion of leg kinematics and IMU", RSS VIII, section III).

Errors are right-invariant: R_hat = exp(phi) R, v_hat = exp(phi) v + J xi_v, the same for the position p and every
foot d. In these the observation matrix does not depend on the estimate. Position and heading are odometry: they drift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hardware import rotation
from hardware.robot import FloatArray

GRAVITY = np.array([0.0, 0.0, -9.81])
"""World frame [m/s^2]."""
_TURN, _SPEED, _PLACE = slice(0, 3), slice(3, 6), slice(6, 9)
_FEET = 9


@dataclass(frozen=True)
class EstimatorSettings:
    """How noisy everything is: densities of the IMU, and what to think of feet.

    The IMU figures are those of a consumer MEMS part; biases of the kinematics are covered by `foot`.
    """

    gyro: float = 0.005
    """[rad/s/sqrt(Hz)]"""
    accelerometer: float = 0.05
    """[m/s^2/sqrt(Hz)]"""
    gyro_bias: float = 1e-4
    """Random walk [rad/s/sqrt(s)]."""
    accelerometer_bias: float = 1e-3
    """Random walk [m/s^2/sqrt(s)]."""
    foot: float = 0.005
    """Of a foot's position from joint angles and link lengths, a reading [m]."""
    slip: float = 0.02
    """Of a foot that stands: how it creeps and rolls [m/sqrt(s)]."""
    swing: float = 3.0
    """Of a foot that swings, as good as unknown [m/sqrt(s)]."""
    gate: float = 5.0
    """Standard deviations at which a standing foot is disbelieved: it slipped, or does not stand."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0.0 < value < math.inf:
                raise ValueError(f"EstimatorSettings.{name}: expected a positive number, got {value}")


@dataclass(frozen=True)
class Estimate:
    """What is believed of the body, world frame; the origin is where the estimator was started."""

    position: FloatArray
    """(3,) [m], drifts."""
    velocity: FloatArray
    """(3,) [m/s]"""
    quaternion: FloatArray
    """Attitude wxyz, body to world (4,); the heading drifts."""
    gyro: FloatArray
    """Without its bias, body frame (3,) [rad/s]."""
    height: float
    """Above the feet that stand [m]; the last one known while none does."""


class Estimator:
    """Of a robot with F `feet`: call `reset` once, then `step` with every reading of the IMU.

    It believes in an attitude R, a velocity v, a position p and feet d (F, 3) in the world, and biases b_w, b_a of gyro
    and accelerometer. Errors and their covariance P (size, size) are in the order phi, xi_v, xi_p, xi_d, b_w, b_a.
    """

    def __init__(self, feet: int, settings: EstimatorSettings | None = None) -> None:
        self._settings = settings if settings is not None else EstimatorSettings()
        self._count = feet
        self._size = _FEET + 3 * feet + 6
        self._bias = _FEET + 3 * feet  # gyro; the accelerometer's comes behind it
        # H of eq. R h(q) + p - d = 0: the same wherever the body is, which is what invariant errors are for.
        self._observation = np.zeros((3 * feet, self._size))
        for foot in range(feet):
            rows = slice(3 * foot, 3 * foot + 3)
            self._observation[rows, _PLACE] = np.eye(3)
            self._observation[rows, _FEET + 3 * foot : _FEET + 3 * foot + 3] = -np.eye(3)
        self.rotation = np.eye(3)
        self.arms = np.zeros((2 + feet, 3))
        """Velocity, position and feet, world frame: what an error of the attitude turns along."""
        self.biases = np.zeros((2, 3))
        """Of gyro [rad/s] and accelerometer [m/s^2]."""
        self.covariance = np.eye(self._size)
        # A of d(error)/dt = A error: gravity turns with phi, position follows velocity; `transition` adds the biases.
        self._crossed = np.zeros((2 + feet, 3, 3))
        self._growth = np.zeros((self._size, self._size))
        self._growth[_SPEED, _TURN] = rotation.skew(GRAVITY)
        self._growth[_PLACE, _SPEED] = np.eye(3)
        self._densities = np.array([self._settings.gyro] * 3 + [self._settings.accelerometer] * 3)
        walks = [self._settings.gyro_bias**2] * 3 + [self._settings.accelerometer_bias**2] * 3
        self._walks = np.array([0.0] * (3 * feet) + walks)
        self._height = math.nan

    @property
    def velocity(self) -> FloatArray:
        """Of the body, world frame (3,) [m/s]; a view."""
        return np.asarray(self.arms[0])

    @property
    def position(self) -> FloatArray:
        """Of the body, world frame (3,) [m]; a view."""
        return np.asarray(self.arms[1])

    @property
    def feet(self) -> FloatArray:
        """Where the feet are believed to stand, world frame (F, 3) [m]; a view."""
        return self.arms[2:]

    def reset(self, accelerometer: FloatArray, feet: FloatArray) -> None:
        """Start anew from a body at rest above the origin, heading along x, its lowest foot at height 0.

        Args:
            accelerometer: specific force at rest, body frame (3,) [m/s^2]; it tells where down is.
            feet: positions in the body frame (F, 3) [m].

        Raises:
            ValueError: a number is not finite, or the accelerometer does not feel gravity.
        """
        norm = float(np.linalg.norm(accelerometer))
        if not (0.5 < norm / -GRAVITY[2] < 1.5 and np.isfinite(feet).all()):
            raise ValueError(f"Estimator.reset: expected a body at rest and finite feet, got {accelerometer}, {feet}")
        x, y, z = (accelerometer / norm).tolist()
        pitch, roll = math.atan2(-x, math.hypot(y, z)), math.atan2(y, z)
        self.rotation = rotation.exp(np.array([0.0, pitch, 0.0])) @ rotation.exp(np.array([roll, 0.0, 0.0]))
        self.arms, self.biases = np.zeros_like(self.arms), np.zeros((2, 3))
        reach = feet @ self.rotation.T
        self.position[2] = -float(reach[:, 2].min())
        self.feet[:] = self.position + reach
        self._height = float(self.position[2])
        body = [0.05, 0.05, 1e-4] + [0.1] * 3 + [1e-4] * 3  # heading and place are what they are called
        spread = np.array(body + [0.02] * (3 * self._count) + [0.02] * 3 + [0.05] * 3)
        self.covariance = np.diag(spread**2)

    def step(
        self, dt: float, gyro: FloatArray, accelerometer: FloatArray, feet: FloatArray, contacts: FloatArray
    ) -> Estimate:
        """Take one reading in and return what is believed now; a reading that is not finite is left out.

        Args:
            dt: time since the last reading [s].
            gyro: angular velocity, body frame (3,) [rad/s].
            accelerometer: specific force, body frame (3,) [m/s^2].
            feet: positions of the feet in the body frame (F, 3) [m].
            contacts: probability that each foot stands (F,).
        """
        sizes = gyro @ gyro + accelerometer @ accelerometer + np.vdot(feet, feet) + contacts @ contacts
        if dt > 0.0 and math.isfinite(sizes):
            self._predict(dt, gyro, accelerometer, contacts)
            self._correct(feet, contacts)
            below = zip((feet @ self.rotation[2]).tolist(), contacts.tolist(), strict=True)
            standing = [height for height, contact in below if contact > 0.5]
            if standing:
                self._height = -sum(standing) / len(standing)
        return Estimate(
            self.position.copy(),
            self.velocity.copy(),
            rotation.quaternion(self.rotation),
            gyro - self.biases[0],
            self._height,
        )

    def transition(self, dt: float) -> FloatArray:
        """Return Phi = I + A dt (size, size), how errors grow over `dt` [s]: eq. 28 and 53 of the paper, first order.

        An error of b_w turns the attitude by -R and every arm with it by -skew(arm) R; one of b_a goes by -R into v.
        """
        bias, growth, crossed = self._bias, self._growth, self._crossed
        x, y, z = self.arms.T
        crossed[:, 0, 1], crossed[:, 1, 2], crossed[:, 2, 0] = z, x, y
        crossed[:, 1, 0], crossed[:, 2, 1], crossed[:, 0, 2] = -z, -x, -y
        growth[3:bias, bias : bias + 3] = crossed.reshape(-1, 3) @ self.rotation  # -skew(arm) R
        growth[_TURN, bias : bias + 3] = growth[_SPEED, bias + 3 :] = -self.rotation
        grown = dt * growth
        grown.reshape(-1)[:: self._size + 1] += 1.0
        return grown

    def _predict(self, dt: float, gyro: FloatArray, accelerometer: FloatArray, contacts: FloatArray) -> None:
        """Integrate the IMU over `dt` [s], and the uncertainty with it."""
        noise, bias = self._settings, self._bias

        # P <- Phi P Phi' + Q dt: noise of the IMU enters as its biases do, feet creep while they stand, else fly.
        grown = self.transition(dt)
        covariance = grown @ self.covariance @ grown.T
        reach = grown[:bias, bias:] * self._densities  # what the noise of gyro and accelerometer does, times dt
        covariance[:bias, :bias] += reach @ reach.T / dt
        loose = noise.slip**2 + (1.0 - contacts) * noise.swing**2
        walks = self._walks
        walks[: 3 * self._count].reshape(-1, 3)[:] = loose[:, None]
        covariance.reshape(-1)[_FEET * (self._size + 1) :: self._size + 1] += dt * walks
        self.covariance = covariance

        # a = R exp(w dt/2) (f - b_a) + g; p <- p + v dt + a dt^2/2, v <- v + a dt, R <- R exp(w dt), with w less b_w.
        turn = dt * (gyro - self.biases[0])
        force = rotation.exp(0.5 * turn) @ (accelerometer - self.biases[1])
        acceleration = self.rotation @ force + GRAVITY
        self.arms[1] += dt * (self.arms[0] + 0.5 * dt * acceleration)
        self.arms[0] += dt * acceleration
        self.rotation = self.rotation @ rotation.exp(turn)

    def _correct(self, feet: FloatArray, contacts: FloatArray) -> None:
        """Compare where the legs say the feet are with where they are believed to stand."""
        # R h(q) + p - d, zero where legs and belief agree; its covariance is S = H P H' + N.
        miss = (feet @ self.rotation.T + self.position - self.feet).ravel()
        gain_side = self.covariance @ self._observation.T
        spread = self._observation @ gain_side
        spread.reshape(-1)[:: len(spread) + 1] += self._settings.foot**2
        self._let_go(miss, spread, contacts)

        # K = P H' S^-1; P <- P - K H P, kept symmetric; the estimate moves by exp(-K miss).
        gain = np.linalg.solve(spread, gain_side.T).T
        covariance = self.covariance - gain @ gain_side.T
        self.covariance = 0.5 * (covariance + covariance.T)
        self._apply(-(gain @ miss))

    def _let_go(self, miss: FloatArray, spread: FloatArray, contacts: FloatArray) -> None:
        """Take the weight of standing feet that are nowhere near where they stood: this reading does not count."""
        misses, variances = miss.tolist(), spread.diagonal().tolist()
        for foot, contact in enumerate(contacts.tolist()):
            rows = slice(3 * foot, 3 * foot + 3)
            surprise = sum(part * part for part in misses[rows]) / sum(variances[rows])
            if contact > 0.5 and surprise > self._settings.gate**2:
                spread[rows, rows] += np.eye(3)  # a metre: as good as no reading
                loose = slice(_FEET + 3 * foot, _FEET + 3 * foot + 3)
                self.covariance[loose, loose] += np.eye(3)

    def _apply(self, error: FloatArray) -> None:
        """Move the estimate by `error` (size,) from the left: R <- exp(phi) R, v <- exp(phi) v + J xi_v, so p and d."""
        turn = rotation.exp(error[_TURN])
        carry = rotation.left_jacobian(error[_TURN])
        self.rotation = turn @ self.rotation
        self.arms = self.arms @ turn.T + error[3 : self._bias].reshape(-1, 3) @ carry.T
        self.biases = self.biases + error[self._bias :].reshape(2, 3)


def contact_probability(force: FloatArray, threshold: float, width: float) -> FloatArray:
    """Return how probably feet stand (F,), from their forces (F,): one half at `threshold`, a logistic of `width`."""
    below = np.minimum(np.maximum((threshold - force) / width, -50.0), 50.0)  # half the time of clip
    return np.asarray(1.0 / (1.0 + np.exp(below)))
