"""What the emulated robot's sensors say when they are wrong, and when its clock is: the last thing done to a state."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hardware.emulators.go2.faults import Fault, Feet, Imu, Joints, MotorMode, TickJump, Torques, acting
from hardware.unitree.layout import LEGS, MOTORS

_SHIFT, _JUMP = 0.4, 0.3
"""Of the calves' zero, and of a single thigh's [rad]."""
_FAIR = 37.0
"""What a foot bears of a robot that stands [N]."""
_DEGREES = math.degrees(1.0)
_IMU, _JOINTS = ("quaternion", "gyroscope", "accelerometer"), ("q", "dq")


class Lies:
    """Changes the states of one robot; remembers what a frozen sensor said last."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = tuple(faults)
        self._frozen: dict[str, NDArray[np.float32]] = {}

    def tell(self, record: NDArray[np.void], script: float) -> None:
        """Make a LowState record () as wrong as the faults at a time of the script [s] say."""
        imu, motors = record["imu_state"], record["motor_state"][: len(MOTORS)]
        for feet in acting(self._faults, Feet, script):
            said = record["foot_force"].copy()
            told = {"constant": _FAIR, "none": 0.0, "tenth": said / 10.0, "raw": 10.0 * said}
            record["foot_force"] = told.get(feet.kind, said[[1, 0, 3, 2]])
        for joints in acting(self._faults, Joints, script):
            self._joints(motors, joints.kind)
        for torques in acting(self._faults, Torques, script):
            wrong_ones = {"none": 0.0, "constant": 1.0, "sign": -motors["tau_est"]}
            motors["tau_est"] = wrong_ones.get(torques.kind, math.nan)
        for wrong in acting(self._faults, Imu, script):
            self._imu(imu, wrong.kind)
        for mode in acting(self._faults, MotorMode, script):
            motors["mode"] = round(mode.mode)
        for jump in acting(self._faults, TickJump, script):
            record["tick"] += round(1000.0 * jump.seconds)

    def _joints(self, motors: NDArray[np.void], kind: str) -> None:
        by_leg = motors.reshape(len(LEGS), 3)
        match kind:
            case "frozen":
                self._freeze(motors, _JOINTS)
            case "stuck":
                self._freeze(motors[1:2], _JOINTS)
            case "shifted":
                by_leg["q"][:, 2] += _SHIFT
            case "jumped" | "turn":
                by_leg["q"][0, 1] += _JUMP if kind == "jumped" else math.tau
            case "leg":
                for name in _JOINTS:
                    by_leg[name][0] = by_leg[name][0, [0, 2, 1]]
            case _:
                for name in _JOINTS:
                    angles = by_leg[name].copy()
                    turned = {"degrees": _DEGREES * angles, "mirrored": angles * (1.0, -1.0, 1.0)}
                    by_leg[name] = turned.get(kind, angles[:, [0, 2, 1]])

    def _imu(self, imu: NDArray[np.void], kind: str) -> None:
        match kind:
            case "frozen":
                self._freeze(imu, _IMU)
            case "order":
                imu["quaternion"] = np.roll(imu["quaternion"], -1)
            case "degrees":
                imu["gyroscope"] *= _DEGREES
            case "sign":
                imu["gyroscope"] *= -1.0
            case "other":
                imu["quaternion"] *= -1.0
            case _:
                x, y, z = imu["accelerometer"].tolist()
                imu["accelerometer"] = x, math.sqrt(0.5) * (y - z), math.sqrt(0.5) * (y + z)

    def _freeze(self, part: NDArray[np.void], names: Sequence[str]) -> None:
        for name in names:
            part[name] = self._frozen.setdefault(name, part[name].copy())
