"""What may happen to a robot: small frozen dataclasses with an onset and an end, readable from text."""

from sim.conditions.condition import Condition
from sim.conditions.condition import channels as condition_channels
from sim.conditions.condition import describe as describe_condition
from sim.perturbations.body import DeadMotor, LegLoss, Motor, Payload, Stuck
from sim.perturbations.codec import PerturbationError
from sim.perturbations.kinds import PERTURBATIONS, Perturbation, active, compose, last, parse
from sim.perturbations.sampling import sample_condition
from sim.perturbations.senses import Delay, Noise, PoseBias
from sim.perturbations.world import Friction, Gravity, Ground, Push, Slope

__all__ = [
    "PERTURBATIONS",
    "Condition",
    "DeadMotor",
    "Delay",
    "Friction",
    "Gravity",
    "Ground",
    "LegLoss",
    "Motor",
    "Noise",
    "Payload",
    "Perturbation",
    "PerturbationError",
    "PoseBias",
    "Push",
    "Slope",
    "Stuck",
    "active",
    "compose",
    "condition_channels",
    "describe_condition",
    "last",
    "parse",
    "sample_condition",
]
