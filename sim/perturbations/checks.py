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
                _known(anatomy, item.name, _motors(item), anatomy.motors)
            case Payload():
                check_range(item, "mass", item.mass, 0.0, anatomy.payload)
                check_range(item, "x", item.x, -anatomy.reach[0], anatomy.reach[0])
                check_range(item, "y", item.y, -anatomy.reach[1], anatomy.reach[1])
            case Push():
                for axis in ("x", "y", "z"):
                    check_range(item, axis, getattr(item, axis), -anatomy.push, anatomy.push)
            case _:
                pass


def _motors(motor: Motor) -> tuple[str, ...]:
    sides = {"left": (motor.left, motor.left_bias), "right": (motor.right, motor.right_bias)}
    changed = tuple(side for side, values in sides.items() if values != (1.0, 0.0))
    return (*changed, *(joint for joint, _ in motor.joints))


def _known(anatomy: Anatomy, place: str, names: Iterable[str], choices: tuple[str, ...]) -> None:
    for name in names:
        if name not in choices:
            expected = f"one of {', '.join(choices)} on robot {anatomy.name}"
            raise PerturbationError(f"perturbation {place}", expected, name, nearest(name, choices))
