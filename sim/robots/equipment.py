"""What a simulated robot carries, as data: sensors with their noise, a battery, cranks, payloads."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim.strict import not_negative, positive, require, within


@dataclass(frozen=True)
class Noise:
    """Standard deviations of white measurement noise; the defaults are estimates for a robot of a few kilograms."""

    position: float = 0.002
    """Motion capture of a body that shakes [m]."""
    attitude: float = 0.003
    """The IMU's own attitude filter [rad]."""
    velocity: float = 0.02
    """Filtered differences of positions [m/s]."""
    gyro: float = 0.01
    """MEMS gyro with leg vibration [rad/s]."""
    accelerometer: float = 0.1
    """[m/s^2]"""
    motor_position: float = 0.001
    """Encoder at the joint [rad]."""
    motor_velocity: float = 0.05
    """Encoder differences [rad/s]."""
    motor_torque: float = 0.2
    """Estimated from the current [N m]."""
    foot_force: float = 2.0
    """[N]"""
    voltage: float = 0.01
    """[V]"""

    def __post_init__(self) -> None:
        not_negative(self, *self.__dataclass_fields__)


@dataclass(frozen=True)
class Battery:
    """A battery and what it feeds beside the motors."""

    voltage: float
    """Open-circuit [V]."""
    resistance: float
    """Cells and wiring [ohm]."""
    settling: float
    """Time constant of what it gives behind what is drawn [s]."""
    energy: float = 0.0
    """When full [J]; 0 where its charge is not known."""
    copper_loss: float = 0.0
    """Heat per squared torque of a joint [W/(N m)^2]."""
    electronics: float = 0.0
    """Drawn all the time [W]."""

    def __post_init__(self) -> None:
        positive(self, "voltage", "resistance", "settling")
        not_negative(self, "energy", "copper_loss", "electronics")


@dataclass(frozen=True)
class Cranks:
    """Geared DC motors with their velocity loops, all at the output shaft; each turns the cranks of one side."""

    constant: float
    """Torque per current = back-EMF per speed [N m/A = V s/rad]."""
    resistance: float
    """Winding [ohm]."""
    loop_gain: float
    """Torque per speed error of the on-board loop [N m s/rad], inside the voltage limit."""
    inertia: float
    """Rotor inertia times gear ratio squared [kg m^2]."""

    def __post_init__(self) -> None:
        positive(self, "constant", "resistance", "loop_gain", "inertia")

    @property
    def damping(self) -> float:
        """Torque that back-EMF takes away per speed [N m s/rad]."""
        return self.constant**2 / self.resistance


@dataclass(frozen=True)
class Servos:
    """Hobby servos in the joints: geared DC motors under a voltage that follows how far the angle is off.

    Back-EMF takes away from their torque in proportion to the speed, all of it at the free speed, and torque and gains
    are those of the voltage that the battery gives at the time.
    """

    voltage: float
    """At which the figures hold [V]."""
    stall: float
    """Torque at rest under all of the voltage [N m]."""
    free_speed: float
    """Without a load [rad/s]."""
    latency: float
    """From sending a command to the servo's following it [s]."""

    def __post_init__(self) -> None:
        positive(self, "voltage", "stall", "free_speed")
        not_negative(self, "latency")

    @property
    def damping(self) -> float:
        """Torque that back-EMF takes away per speed [N m s/rad]."""
        return self.stall / self.free_speed


@dataclass(frozen=True)
class Load:
    """Payloads: the box that stands for one, and what may lie where."""

    half: tuple[float, float, float]
    """Half the size of the box [m]."""
    back: float
    """Height of the back over the trunk's origin, where the box lies [m]."""
    heaviest: float
    """[kg]"""
    reach: tuple[float, float]
    """How far from the middle one may lie, forward and sideways [m]."""
    drawn: tuple[float, float]
    """How far from the middle those lie that are drawn [m]."""

    def __post_init__(self) -> None:
        positive(self, "half", "heaviest", "reach")
        require(math.isfinite(self.back), "back", "a height", self.back)
        for index, (drawn, reach) in enumerate(zip(self.drawn, self.reach, strict=True)):
            within(f"drawn[{index}]", 0.0, drawn, reach)

    def seat(self, place: tuple[float, float]) -> tuple[float, float, float]:
        """Return the middle of a box that lies on the back at a place, in the trunk's axes [m]."""
        return (*place, self.back + self.half[2])


@dataclass(frozen=True)
class Units:
    """What counts as one in a description of a condition."""

    payload: float
    """[kg]"""
    moment: float
    """A payload's mass times its place [kg m]."""
    force: float
    """[N]"""

    def __post_init__(self) -> None:
        positive(self, "payload", "moment", "force")
