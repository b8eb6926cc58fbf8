"""Which perturbations can happen to which robot."""

from __future__ import annotations

from collections.abc import Iterable

from sim.perturbations.body import DeadMotor, LegLoss, Motor, Payload, Stuck
from sim.perturbations.codec import PerturbationError, check_range, nearest
from sim.perturbations.kinds import Perturbation
from sim.perturbations.world import Push
from sim.robots.anatomy import Anatomy


def check(perturbations: Iterable[Perturbation], anatomy: Anatomy) -> None:
    """Raise PerturbationError when a robot has no such leg or motor, or could never carry or survive it."""
    for item in perturbations:
        match item:
            case LegLoss():
                _known(anatomy, f"{item.name}.leg", item.legs, anatomy.legs)
            case DeadMotor() | Stuck():
                _known(anatomy, f"{item.name}.name", (item.motor,), anatomy.motors)
            case Motor():
                _known(anatomy, item.name, (motor for motor, _ in (*item.gains, *item.biases)), anatomy.motors)
                for motor, bias in item.biases:
                    if anatomy.servo != "velocity":
                        expected = f"a share of its torque, {motor}=..., as robot {anatomy.name} follows no speeds"
                        raise PerturbationError(f"perturbation {item.name}.{motor}_bias", expected, f"{bias:g}")
                    check_range(item, f"{motor}_bias", bias, -anatomy.motor_bias, anatomy.motor_bias)
            case Payload():
                check_range(item, "mass", item.mass, 0.0, anatomy.load.heaviest)
                for key, reach in zip(("x", "y"), anatomy.load.reach, strict=True):
                    check_range(item, key, getattr(item, key), -reach, reach)
            case Push():
                for axis in ("x", "y", "z"):
                    check_range(item, axis, getattr(item, axis), -anatomy.push, anatomy.push)
            case _:
                pass


def _known(anatomy: Anatomy, place: str, names: Iterable[str], choices: tuple[str, ...]) -> None:
    for name in names:
        if name not in choices:
            expected = f"one of {', '.join(choices)} on robot {anatomy.name}"
            raise PerturbationError(f"perturbation {place}", expected, name, nearest(name, choices))
