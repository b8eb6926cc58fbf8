"""A LowState record as a RobotState: the robot's order, signs and units become the controller's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.robot import FloatArray, Joints, RobotSpec, RobotState
from hardware.unitree.codec import MotorCommand, motor_floats
from hardware.unitree.layout import BUTTONS, FEET, MOTORS, POS_STOP, VEL_STOP

_LEGS = {"FR": "front_right", "FL": "front_left", "RR": "rear_right", "RL": "rear_left"}
_UNKNOWN = np.full(3, np.nan)
EMERGENCY = frozenset({"L2", "B"})
"""Buttons of the remote that, pressed together, make the robot's own controllers go limp; they stop this one too."""


@dataclass(frozen=True)
class Counts:
    """What the driver has counted since it connected."""

    seq: int = 0
    """States accepted."""
    bad: int = 0
    """States refused."""
    foreign: int = 0
    """Commands of somebody else."""


class Mapping:
    """Between the wire's order of motors and feet and the spec's.

    Raises:
        ValueError: the spec has no position servos, or its motors and feet are not those of the wire.
    """

    def __init__(self, spec: RobotSpec) -> None:
        if spec.joints is None:
            raise ValueError(f"robot {spec.name}: expected 'joints' in its file, a Go2 is servoed by position")
        named = [f"{_LEGS[leg]}_{joint}" for leg, joint in (motor.split("_") for motor in MOTORS)]
        feet = [_LEGS[foot] for foot in FEET]
        if tuple(named[place] for place in spec.joints.wire) != spec.motors or sorted(feet) != sorted(spec.feet):
            raise ValueError(f"robot {spec.name}: expected 'wire' to place {spec.motors} among {named}")
        self.joints: Joints = spec.joints
        self.motors = spec.motors
        self._wire = np.array(spec.joints.wire)
        self._sign, self._offset = np.array(spec.joints.sign), np.array(spec.joints.offset)
        self._feet = [feet.index(foot) for foot in spec.feet]

    def state(self, record: NDArray[np.void], time: float, counts: Counts, faults: tuple[str, ...]) -> RobotState:
        """Return what a LowState record () says; body position and velocity are not measured."""
        motors, imu = record["motor_state"], record["imu_state"]
        q, dq, _, torque = _floats(motor_floats(record)[self._wire].T)
        return RobotState(
            seq=counts.seq,
            time=time,
            position=_UNKNOWN,
            quaternion=_floats(imu["quaternion"]),
            velocity=_UNKNOWN,
            gyro=_floats(imu["gyroscope"]),
            motor_position=self._sign * (q - self._offset),
            motor_velocity=self._sign * dq,
            battery=float(record["power_v"]),
            motor_torque=self._sign * torque,
            motor_temperature=_floats(motors["temperature"][self._wire]),
            accelerometer=_floats(imu["accelerometer"]),
            foot_force=_floats(record["foot_force"])[self._feet],
            charge=float(record["bms_state"]["soc"]) / 100.0,
            lost=_floats(motors["lost"][self._wire]),
            tick=float(record["tick"]) / 1000.0,
            bad_packets=counts.bad,
            foreign_commands=counts.foreign,
            faults=faults,
        )

    def command(
        self, position: FloatArray, velocity: FloatArray, torque: FloatArray, kp: FloatArray, kd: FloatArray
    ) -> MotorCommand:
        """Return set-points (12,) of the spec's motors in the wire's order."""
        signed = (self._sign * position + self._offset, self._sign * velocity, self._sign * torque, kp, kd)
        rows = np.empty((len(signed), len(MOTORS)))
        rows[:, self._wire] = signed
        return MotorCommand(*rows)

    def passive(self, share: float) -> MotorCommand:
        """Return no loop at all but a share of the spec's damping."""
        none, rows = np.zeros(len(MOTORS)), np.zeros(len(MOTORS))
        rows[self._wire] = share * np.array(self.joints.damping)
        return MotorCommand(none + POS_STOP, none if share else none + VEL_STOP, none, none, rows)

    def motors_off(self, record: NDArray[np.void]) -> tuple[str, ...]:
        """Return the motors that report themselves switched off."""
        return tuple(self.motors[i] for i in np.flatnonzero(record["motor_state"]["mode"][self._wire] == 0))


def pressed(record: NDArray[np.void]) -> frozenset[str]:
    """Return the buttons of the remote that are held down."""
    low, high = record["wireless_remote"][2:4].tolist()
    bits = low | high << 8
    return frozenset(name for place, name in enumerate(BUTTONS) if bits >> place & 1) if bits else frozenset()


def _floats(values: NDArray[np.generic]) -> FloatArray:
    return values.astype(np.float64)
