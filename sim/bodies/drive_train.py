"""What turns the cranks of a crawler: geared DC motors with velocity loops, on one battery."""

from __future__ import annotations

import math
from dataclasses import dataclass

import mujoco
import numpy as np

from sim.conditions.condition import Condition
from sim.robots.anatomy import Anatomy
from sim.robots.equipment import Battery, Cranks
from sim.terrain import FloatArray


@dataclass(frozen=True)
class DriveTrain:
    """The motors of a crawler in the order of its anatomy, their cranks and what feeds them."""

    motors: tuple[str, ...]
    cranks: Cranks
    battery: Battery

    @classmethod
    def of(cls, anatomy: Anatomy) -> DriveTrain:
        """Return that of a robot; raises ValueError where it has none."""
        if anatomy.cranks is None or anatomy.battery is None:
            raise ValueError(f"cranks: expected a crawler with cranks and a battery, got robot {anatomy.name}")
        return cls(anatomy.motors, anatomy.cranks, anatomy.battery)

    def install(self, spec: mujoco.MjSpec) -> None:
        """Add the velocity loops: torque = clip(gain * (signal - speed)) with the clip set by the battery voltage.

        Back-EMF is the crank joint's damping, so the torque left at a voltage falls with speed as in the motor.
        """
        stall = float(self.stall(self.battery.voltage))
        for name in self.motors:
            joint = spec.joint(name)
            joint.armature, joint.damping[0] = self.cranks.inertia, self.cranks.damping
            motor = spec.add_actuator(name=name, trntype=mujoco.mjtTrn.mjTRN_JOINT, target=name)
            motor.set_to_velocity(kv=self.cranks.loop_gain)
            motor.forcelimited = mujoco.mjtLimited.mjLIMITED_TRUE
            motor.forcerange = [-stall, stall]

    def signal(self, condition: Condition, speeds: FloatArray) -> FloatArray:
        """Return what the velocity loops are given (..., n) for wanted speeds (..., n), both [rad/s]; NaN brakes."""
        gain = np.array([condition.gain.get(motor, 1.0) for motor in self.motors])
        bias = np.array([condition.bias.get(motor, 0.0) for motor in self.motors])
        feedforward = 1.0 + self.cranks.damping / self.cranks.loop_gain  # makes up for back-EMF
        return np.where(np.isnan(speeds), 0.0, feedforward * (speeds * gain + bias))

    def stall(self, voltage: FloatArray | float) -> FloatArray:
        """Return the largest torque of a motor [N m] at a voltage (...) [V]."""
        return np.asarray(self.cranks.constant * voltage / self.cranks.resistance)

    def sagged(self, voltage: FloatArray | float, torque: FloatArray, speed: FloatArray, seconds: float) -> FloatArray:
        """Return the battery voltage (...) [V] after motors gave torques (..., n) [N m] at speeds (..., n) [rad/s]."""
        cranks, battery = self.cranks, self.battery
        current = (torque - cranks.damping * speed) / cranks.constant
        share = torque * cranks.resistance / (cranks.constant * battery.voltage)
        loaded = battery.voltage - battery.resistance * np.maximum(current * share, 0.0).sum(axis=-1)
        return np.asarray(voltage + (1.0 - math.exp(-seconds / battery.settling)) * (loaded - voltage))
