"""The emulated robot's body: a simulated quadruped, hot motors, a battery, and what its sensors say of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hardware.emulators.go2.wire import Command
from hardware.robot import FloatArray
from hardware.rotation import roll_pitch_yaw, tilt
from hardware.unitree.layout import HEAD, LEGS, LOW_LEVEL, LOW_STATE, MOTORS
from sim.bodies.base import Setpoints
from sim.bodies.jointed import JointedPhysics
from sim.perturbations import Perturbation
from sim.robots import go2
from sim.robots.anatomy import Anatomy
from sim.terrain import Terrain

PERIOD = go2.TIMESTEP
"""One cycle of the robot [s]."""
_SETTLE = 1.0
"""Time to come to rest on the ground before anything is asked of it, held in the pose in which it lies [s]."""
_DAMPING = 3.0
"""Velocity gain of the motors when nobody commands [N m s/rad]."""
_HELD = 60.0
"""Position gain with which the robot's own controller holds it down [N m/rad]."""
_CARRIED, _HANDS, _SOFT, _LEVEL = 0.7, 600.0, 200.0, 60.0
"""Where a carried trunk would float [m]; stiffness [N/m] and damping [N s/m] of hands; how they keep it level [N m]."""
_AMBIENT, _HEATING, _COOLING = 25.0, 0.45, 250.0
"""Air [deg C], heating per squared torque in the end [K/(N m)^2] and time constant [s] of a motor: our estimates."""
_GYRO_NOISE, _ACCELEROMETER_NOISE = 0.01, 0.08
"""Standard deviations of a consumer MEMS IMU over its bandwidth, our estimates [rad/s], [m/s^2]."""
TO_WIRE = np.array([go2.MOTORS.index(name) for name in MOTORS])
"""Place in the simulation of each motor on the wire."""
_FEET = np.array([go2.LEGS.index(leg) for leg in LEGS])


class Body:
    """One robot, lying at rest until its first step. Motors are in the wire's order."""

    def __init__(
        self, anatomy: Anatomy, terrain: Terrain, perturbations: Sequence[Perturbation], rng: np.random.Generator
    ) -> None:
        """Lay the robot on `terrain`; times of `perturbations` count from the first step [s]."""
        self.physics = JointedPhysics(anatomy, terrain, [_later(item) for item in perturbations])
        self.physics.reset(go2.SIT)
        self._rng = rng
        self._none = np.zeros(len(MOTORS))
        self.on = np.ones(len(MOTORS), bool)
        self.temperature = np.full(len(MOTORS), _AMBIENT + 5.0)
        self.lost = np.zeros(len(MOTORS), np.uint32)
        on, lies = np.ones(len(MOTORS), bool), np.array(go2.SIT)[TO_WIRE]
        held = Command(on, lies, self._none, self._none, self._none + _HELD, self._none + _DAMPING)
        self.step(held, (), round(_SETTLE / PERIOD))

    @property
    def time(self) -> float:
        """Time since the first step [s]."""
        return self.physics.time() - _SETTLE

    @property
    def joints(self) -> tuple[FloatArray, FloatArray]:
        """Angles [rad] and speeds [rad/s], each (12,)."""
        return self.physics.motor_position[TO_WIRE], self.physics.motor_velocity[TO_WIRE]

    @property
    def tilt(self) -> float:
        """Angle between the body's and the ground's z axis [rad]."""
        return tilt(self.physics.quaternion)

    def step(
        self,
        command: Command | None,
        failed: Sequence[str],
        periods: int,
        *,
        limp: bool = False,
        pressed: float = 0.0,
        lifted: bool = False,
    ) -> None:
        """Advance by some periods under a command, damped without one.

        Args:
            command: what the motors are asked for.
            failed: motors that are off.
            periods: how many.
            limp: all motors are off and seem to be on.
            pressed: force that holds the trunk down [N].
            lifted: it is carried.

        Raises:
            SimulationError: the physics broke down.
        """
        none = self._none
        broken = np.isin(MOTORS, failed)
        self.on = ~broken if command is None else command.on & ~broken
        rows = (none, none, none, none, none + _DAMPING)
        if command is not None:
            rows = (command.q, command.dq, command.tau, command.kp, command.kd)
        asked = np.empty((5, len(MOTORS)))
        asked[:, TO_WIRE] = np.where(self.on & (not limp), rows, 0.0)
        self.physics.command(Setpoints(*asked))
        hands = self._hands() if lifted else np.array((0.0, 0.0, -pressed, 0.0, 0.0, 0.0))
        wrench = self.physics.data.xfrc_applied[1]  # the trunk is the first body
        wrench += hands
        self.physics.step(periods)
        wrench -= hands
        self.lost[broken] += np.uint32(periods)
        torque = self.physics.motor_torque[TO_WIRE]
        goal = _AMBIENT + 5.0 + _HEATING * torque**2
        self.temperature += (goal - self.temperature) * (1.0 - math.exp(-periods * PERIOD / _COOLING))

    def _hands(self) -> FloatArray:
        """Return force [N] and torque [N m] of somebody who carries it (6,)."""
        w, x, y, z = self.physics.quaternion.tolist()
        lift = _HANDS * (_CARRIED - self.physics.position[2]) - _SOFT * self.physics.velocity[2]
        upright = _LEVEL * np.array((2.0 * (y * z - w * x), -2.0 * (x * z + w * y), 0.0))
        return np.array((0.0, 0.0, lift, *(upright - 0.1 * _LEVEL * self.physics.gyro)))

    def measure(self) -> NDArray[np.void]:
        """Return a LowState record () with everything that the body can say; tick, remote and CRC are open."""
        physics, noise = self.physics, self._rng.normal
        record = np.zeros((), LOW_STATE.struct.dtype)
        record["head"], record["level_flag"] = HEAD, LOW_LEVEL
        imu, motors, battery = record["imu_state"], record["motor_state"][: len(MOTORS)], record["bms_state"]
        attitude = physics.level_quaternion
        imu["quaternion"], imu["rpy"], imu["temperature"] = attitude, roll_pitch_yaw(attitude), 45
        imu["gyroscope"] = physics.gyro + noise(0.0, _GYRO_NOISE, 3)
        imu["accelerometer"] = physics.accelerometer + noise(0.0, _ACCELEROMETER_NOISE, 3)
        motors["q"], motors["dq"] = self.joints
        motors["q_raw"], motors["dq_raw"] = motors["q"], motors["dq"]
        motors["tau_est"] = physics.motor_torque[TO_WIRE]
        motors["mode"], motors["lost"] = self.on, self.lost
        motors["temperature"] = np.clip(self.temperature, 0.0, 255.0)
        voltage, amperes = physics.battery, physics.power / physics.battery
        battery["soc"], battery["current"] = round(100.0 * physics.charge), round(-1000.0 * amperes)
        battery["cell_vol"][:8] = round(1000.0 * voltage / 8.0)
        battery["status"], battery["bq_ntc"], battery["mcu_ntc"] = 8, 30, 32
        record["foot_force"] = record["foot_force_est"] = np.clip(physics.foot_force[_FEET], 0.0, 32000.0)
        record["power_v"], record["power_a"] = voltage, amperes
        record["temperature_ntc1"] = record["temperature_ntc2"] = 40
        return record


def _later(item: Perturbation) -> Perturbation:
    """Return a perturbation on the clock that has run through the settling; what is there at once stays."""
    return replace(item, onset=item.onset + _SETTLE if item.onset > 0.0 else 0.0, end=item.end + _SETTLE)
