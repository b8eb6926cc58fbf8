"""What the simulation must know of one robot: its parts, how large things may be, what conditions are drawn from.

All of it is data, from the robot's file; a mistake in it is an error that begins with the field.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sim.robots.equipment import Battery, Cranks, Load, Noise, Servos, Units
from sim.robots.ranges import SPLITS, Bands, LegSets
from sim.strict import distinct, not_negative, one_of, positive, require

Servo = Literal["velocity", "position", "torque"]
Root = Literal["free", "planar"]
PACKAGE = "package:"
"""In front of the path of a body's file inside an installed Python package."""
FILES = (".xml", ".urdf")
"""What the names of files that describe a body end with."""


@dataclass(frozen=True)
class Anatomy:
    """One robot as its simulation knows it."""

    name: str
    body: str
    """Builder in `sim.robots.builders`, or path of an MJCF or URDF file; `package:NAME/...` is one in a package."""
    motors: tuple[str, ...]
    """Joints that are driven, in the order of commands."""
    servo: Servo
    """What a motor follows: speeds, angles, or torques alone. Worn motors that follow speeds have a gain and a bias on
    them, others give a share of their torque."""
    load: Load
    units: Units
    jammed: float
    """Dry friction of a stuck motor [N m], many times what the robot's weight can put on it."""
    push: float
    """Largest knock along an axis [N s]."""
    motor_bias: float = 0.0
    """Largest error of a motor's speed; 0 where motors do not follow speeds [rad/s]."""
    root: Root = "free"
    """How the trunk moves: freely, or in the plane of x and z."""
    verbatim: bool = False
    """Whether the file's own ground, contacts, integrator and step stay as they are, as in published experiments. Such
    a robot stays on its ground; the file calls it `floor`."""
    trunk: str = "trunk"
    """The body that moves freely and carries all others."""
    stand: tuple[float, ...] = ()
    """Angles of the motors at the start [rad]; empty where they are all zero."""
    torque: tuple[float, ...] = ()
    """Largest torques of the motors [N m]; empty where the body says them."""
    passive: Mapping[str, float] = field(default_factory=dict, hash=False)
    """Joints without a motor, and their angles at the start where those are not the body's own [rad]."""
    held: tuple[str, ...] = ()
    """Those of them that stay there."""
    damping: float = 5.0
    """Velocity gain of a joint without a command, and of one that follows speeds [N m s/rad]."""
    armature: float = 0.0
    """Inertia of a motor's rotor behind its gears, on joints of a file that says less [kg m^2]. 0: the body's own."""
    legs: tuple[str, ...] = ()
    limbs: tuple[str, ...] = ()
    """Body that each leg loses when it breaks; empty where bodies are called like their legs."""
    feet: tuple[str, ...] = ()
    """Geom of each leg that touches the ground; empty where geoms are called like their legs."""
    leg_sets: LegSets = field(default_factory=LegSets)
    """What the families leg_loss and crippled_leg draw from."""
    kept_motors: tuple[str, ...] = ()
    """Motors that families of a single motor draw for tests alone; where there are none, all are drawn for both."""
    ranges: Mapping[str, Mapping[str, Bands]] = field(default_factory=dict, hash=False)
    """What may be drawn, family by family, and the parameters of each."""
    noise: Noise = field(default_factory=Noise)
    battery: Battery | None = None
    """None where nothing is known of it."""
    cranks: Cranks | None = None
    """What drives the motors of a crawler; None where joints are driven one by one."""
    servos: Servos | None = None
    """What moves the joints, where torque and latency are no matter of the motor's own controller."""

    def __post_init__(self) -> None:
        distinct("motors", self.motors)
        count = len(self.motors)
        require(len(self.stand) in (0, count), "stand", f"{count} angles, one a motor, or none", len(self.stand))
        require(all(map(math.isfinite, self.stand)), "stand", "finite angles", self.stand)
        require(len(self.torque) in (0, count), "torque", f"{count} torques, one a motor, or none", len(self.torque))
        positive(self, "jammed", "push", "damping", "torque")
        for joint, angle in self.passive.items():
            require(joint not in self.motors and math.isfinite(angle), f"passive.{joint}", "a joint's angle", angle)
        for joint in self.held:
            one_of("held", joint, self.passive)
        not_negative(self, "motor_bias", "armature")
        if self.verbatim or not self.body.endswith(FILES):
            require(self.armature == 0.0, "armature", "0 where the body's own stay", self.armature)
        if self.servo != "velocity":
            require(self.motor_bias == 0.0, "motor_bias", "0 on motors that follow no speeds", self.motor_bias)
        if self.cranks is not None:
            driven = self.battery is not None and self.servo == "velocity" and self.root == "free"
            require(driven, "cranks", "none without a battery, motors that follow speeds and a free root", "some")
        if self.servos is not None:
            fitted = self.battery is not None and self.servo == "position"
            require(fitted, "servos", "none without a battery and motors that follow angles", "some")
        for motor in self.kept_motors:
            one_of("kept_motors", motor, self.motors)
        require(set(self.kept_motors) != set(self.motors), "kept_motors", "not all motors", count)
        self._check_legs()

    def _check_legs(self) -> None:
        for key in ("legs", "limbs", "feet"):
            names = getattr(self, key)
            require(len(set(names)) == len(names), key, "different names", ", ".join(names))
            right = key == "legs" or len(names) in (0, len(self.legs))
            require(right, key, f"{len(self.legs)} names, one a leg, or none", len(names))
        for split in SPLITS:
            place, sets = f"leg_sets.{split}", self.leg_sets.of(split)
            for leg in itertools.chain.from_iterable(sets):
                one_of(place, leg, self.legs)
            drawn = {"leg_loss", "crippled_leg"} & set(self.ranges)
            require(bool(sets) or not drawn, place, "one or more sets of legs", "none")

    @property
    def families(self) -> tuple[str, ...]:
        """Families of conditions that are drawn for this robot; a mixture joins two others."""
        return ("none", *self.ranges, *(("mixture",) if len(self.ranges) > 1 else ()))

    def bands(self, family: str, parameter: str) -> Bands:
        """Return what a parameter is drawn from; raises ValueError where the robot does not say."""
        found = self.ranges[family].get(parameter)
        if found is None:
            raise ValueError(f"anatomy.ranges.{family}.{parameter}: missing; expected intervals of train and heldout")
        return found

    @property
    def latency(self) -> float:
        """Time from sending a command to the motors' following it [s]."""
        return 0.0 if self.servos is None else self.servos.latency

    def joints(self, leg: str) -> tuple[str, ...]:
        """Return the motors of a leg: those whose names begin with the leg's."""
        return tuple(motor for motor in self.motors if motor.startswith(f"{leg}_"))

    def limb(self, leg: str) -> str:
        """Return the body that a leg loses."""
        return self.limbs[self.legs.index(leg)] if self.limbs else leg

    def foot(self, leg: str) -> str:
        """Return the geom of a leg that touches the ground."""
        return self.feet[self.legs.index(leg)] if self.feet else leg
