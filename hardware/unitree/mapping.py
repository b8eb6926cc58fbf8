"""A LowState record as a RobotState: the robot's order, signs and units become the controller's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.motors import PositionServo
from hardware.robot import FloatArray, RobotState
from hardware.spec import RobotSpec
from hardware.unitree.layout import BUTTONS, LEGS, MOTORS, POS_STOP, VEL_STOP

_UNKNOWN = np.full(3, np.nan)
_UNKNOWN.setflags(write=False)
EMERGENCY = frozenset({"L2", "B"})
"""Buttons of the remote that, pressed together, make the robot's own controllers go limp; they stop this one too."""


@dataclass
class Counts:
    """What the driver counts from when it connects on."""

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
        if not isinstance(spec.servo, PositionServo) or spec.wire is None:
            raise ValueError(f"robot {spec.name}: expected a wire and motors servoed by position, as a Go2 has")
        wire = spec.wire
        found = tuple(MOTORS[place] for place in wire.place if place < len(MOTORS))
        if found != spec.motors or sorted(LEGS) != sorted(spec.feet):
            raise ValueError(f"robot {spec.name}: expected 'wire.place' to place {spec.motors} among {list(MOTORS)}")
        self.damping = np.array(spec.servo.damping)
        """Of the spec's motors (12,) [N m s/rad]."""
        self.motors = spec.motors
        self._wire = np.array(wire.place)
        self._order = np.argsort(self._wire)
        self._sign, self._offset = np.array(wire.sign), np.array(wire.offset)
        self._feet = np.array([LEGS.index(foot) for foot in spec.feet])
        self._angle_offset = self._sign * self._offset
        self._damping = np.zeros(len(MOTORS))
        self._damping[self._wire] = self.damping

    def state(self, record: NDArray[np.void], time: float, counts: Counts, faults: tuple[str, ...]) -> RobotState:
        """Return what a LowState record () says that was true at `time` [s]; where the body is, is not measured."""
        motors, imu = record["motor_state"][self._wire], record["imu_state"]
        q, dq, torque = (self._sign * motors[name] for name in ("q", "dq", "tau_est"))
        return RobotState(
            seq=counts.seq,
            time=time,
            position=_UNKNOWN,
            quaternion=imu["quaternion"].astype(np.float64),
            velocity=_UNKNOWN,
            gyro=imu["gyroscope"].astype(np.float64),
            motor_position=q - self._angle_offset,
            motor_velocity=dq,
            battery=float(record["power_v"]),
            motor_torque=torque,
            motor_temperature=motors["temperature"].astype(np.float64),
            accelerometer=imu["accelerometer"].astype(np.float64),
            foot_force=record["foot_force"][self._feet].astype(np.float64),
            charge=float(record["bms_state"]["soc"]) / 100.0,
            lost=motors["lost"].astype(np.float64),
            tick=float(record["tick"]) / 1000.0,
            bad_packets=counts.bad,
            foreign_commands=counts.foreign,
            faults=faults,
        )

    def command(
        self, position: FloatArray, velocity: FloatArray, torque: FloatArray, kp: FloatArray, kd: FloatArray
    ) -> FloatArray:
        """Return set-points (12,) of the spec's motors as rows in the wire's order (5, 12)."""
        rows = np.array((position, velocity, torque, kp, kd))
        rows[:3] *= self._sign
        rows[0] += self._offset
        return np.asarray(rows[:, self._order])

    def passive(self, share: float) -> FloatArray:
        """Return rows (5, 12) with no loop at all but a share of the spec's damping."""
        rows = np.zeros((5, len(MOTORS)))
        rows[0], rows[1], rows[4] = POS_STOP, 0.0 if share else VEL_STOP, share * self._damping
        return rows

    def motors_in(self, record: NDArray[np.void], mode: int) -> frozenset[str]:
        """Return the motors that report a mode."""
        return frozenset(self.motors[i] for i in np.flatnonzero(record["motor_state"]["mode"][self._wire] == mode))


def pressed(record: NDArray[np.void]) -> frozenset[str]:
    """Return the buttons of the remote that are held down."""
    low, high = record["wireless_remote"][2:4].tolist()
    bits = low | high << 8
    return frozenset(name for place, name in enumerate(BUTTONS) if bits >> place & 1) if bits else frozenset()
