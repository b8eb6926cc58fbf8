"""The simulated bodies in the terms of the Robot protocol: commands to set-points, readings to states."""

from __future__ import annotations

import numpy as np

from hardware.robot import CommandMode, RobotCommand, RobotState
from sim.bodies.base import Physics, Setpoints
from sim.bodies.sensors import Reading


def follow(physics: Physics, command: RobotCommand | None, expires: float) -> None:
    """Follow a command until a time of the simulation [s].

    None brakes or damps, and so does OFF where motors follow speeds.
    """
    speeds = physics.anatomy.servo == "velocity"
    if command is None or command.mode is CommandMode.DAMP or (speeds and command.mode is CommandMode.OFF):
        physics.command(None)
    elif command.mode is CommandMode.OFF:
        none = np.zeros(len(command.position))
        physics.command(Setpoints(none, none, none, none, none))
    else:
        law = Setpoints(command.position, command.velocity, command.torque, command.kp, command.kd)
        physics.command(law, expires)


def state(reading: Reading, seq: int, time: float, tick: float) -> RobotState:
    """Return a reading as the state of a robot at a time of the host's clock, and a tick of the robot's own [s]."""
    return RobotState(
        seq=seq,
        time=time,
        position=reading.position,
        quaternion=reading.quaternion,
        velocity=reading.velocity,
        gyro=reading.gyro,
        motor_position=reading.motor_position,
        motor_velocity=reading.motor_velocity,
        back_emf=reading.back_emf,
        motor_torque=reading.motor_torque,
        accelerometer=reading.accelerometer,
        foot_force=reading.foot_force,
        battery=reading.battery,
        charge=reading.charge,
        lost=np.zeros(len(reading.motor_position)),
        tick=tick,
    )
