"""What may happen to a robot: small frozen dataclasses with an onset and an end, readable from text."""

from sim.conditions.condition import Condition
from sim.perturbations.base import Perturbation
from sim.perturbations.body import LegLoss, Payload
from sim.perturbations.codec import PerturbationError
from sim.perturbations.kinds import (
    PERTURBATIONS,
    active,
    channels,
    check,
    compose,
    describe,
    in_words,
    parse,
    register,
    sideways,
)
from sim.perturbations.legs import Limp, ShortLeg, Stiff
from sim.perturbations.motors import DeadMotor, Locked, Motor, Stuck
from sim.perturbations.proportions import CrippledLeg, LegMass, Scaled
from sim.perturbations.sampling import check_ranges, sample_condition
from sim.perturbations.senses import Delay, Noise, PoseBias
from sim.perturbations.servos import Voltage, Zero
from sim.perturbations.world import Friction, Gravity, Ground, Push, Rough, Slope
