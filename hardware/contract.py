"""What has to be known of a policy that walks a robot: what it sees, what becomes of its answer, what it can be told.

It stands in a YAML file beside the policy's own (docs/walkers.md). Lists go by the policy's joints, in its order: one
number for all of them, three for every leg's hip, thigh and calf, or one a joint.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BeforeValidator

from sim.strict import at_least, distinct, not_negative, one_of, positive, require, within


def _listed(given: object) -> object:
    """Return a number as a list of one, and a list as a tuple."""
    number = isinstance(given, int | float) and not isinstance(given, bool)
    return (given,) if number else tuple(given) if isinstance(given, list) else given


Numbers = Annotated[tuple[float, ...], BeforeValidator(_listed)]
"""A list of numbers, or one number alone."""

_LEGS = {"fl": "front_left", "fr": "front_right", "rl": "rear_left", "rr": "rear_right"}
_LEGS |= {"lf": "front_left", "rf": "front_right", "lh": "rear_left", "rh": "rear_right", "hl": "rear_left"}
_LEGS |= {"hr": "rear_right"}
_KINDS = {"hip": "hip", "thigh": "thigh", "calf": "calf", "haa": "hip", "hfe": "thigh", "kfe": "calf", "knee": "calf"}
_KINDS |= {"abduction": "hip", "abad": "hip", "hipx": "hip", "hipy": "thigh", "shank": "calf"}
KINDS = ("hip", "thigh", "calf")
"""Of a leg's joints."""
UNITS = {"forward": "m/s", "lateral": "m/s", "turn": "rad/s", "height": "m", "lift": "m", "width": "m"}
UNITS |= {"roll": "rad", "pitch": "rad", "frequency": "Hz"}
"""Of what a policy can be told; of anything else, 1."""
ALIASES = {
    "gyro": ("base_ang_vel", "ang_vel", "angular_velocity", "imu_ang_vel"),
    "gravity": ("projected_gravity", "gravity_vector", "gravity_orientation", "imu_projected_gravity"),
    "linear_velocity": ("base_lin_vel", "lin_vel"),
    "command": ("commands", "velocity_commands", "velocity_command", "base_velocity", "twist", "generated_commands"),
    "joint_position": ("joint_pos", "joint_pos_rel", "dof_pos", "joint_positions"),
    "joint_velocity": ("joint_vel", "joint_vel_rel", "dof_vel", "joint_velocities"),
    "last_action": ("actions", "action", "last_actions", "prev_actions", "previous_actions"),
    "attitude": ("roll_pitch", "base_rpy", "imu_rpy"),
    "heading_error": (),
    "height": ("base_height",),
    "feet": ("foot_contacts", "feet_contact"),
    "clock": ("phase", "gait_phase", "clock_inputs"),
    "constant": (),
}
"""What a policy can see, and what it is called elsewhere."""
TERMS = {other: name for name, others in ALIASES.items() for other in (name, *others)}
_OWN = {"of": "command", "values": "constant", "frequency": "clock", "phases": "clock", "age": "last_action"}
"""Keys of one kind of term alone."""


@dataclass(frozen=True)
class Term:
    """Some of the numbers that a policy sees. They are clipped, then scaled."""

    name: str
    """One of `ALIASES`, or as it is called elsewhere."""
    scale: Numbers = (1.0,)
    """One number, or one for each of the term's."""
    clip: tuple[float, float] | None = None
    """Lowest and highest number before scaling."""
    history: int | None = None
    """Frames of it, where they are grouped by term; as all have when not given."""
    absolute: bool = False
    """Joint angles as they are, and not less the usual pose."""
    of: tuple[str, ...] = ()
    """Which commands, when not all."""
    values: Numbers = ()
    """Of constants."""
    frequency: float | str = 0.0
    """Of a clock [Hz]: a number, or the name of the command that says it."""
    phases: Numbers = (0.0,)
    """By what share of its cycle each of a clock's sines and cosines is ahead."""
    age: int = 1
    """Which action: the last is 1, that before it 2."""

    def __post_init__(self) -> None:
        one_of("name", self.name, TERMS)
        at_least(self, 1, "age", most=10)
        if self.history is not None:
            within("history", 1, self.history, 1000)
        for key, owner in _OWN.items():
            own = getattr(self, key) == type(self).__dataclass_fields__[key].default or self.kind == owner
            require(own, key, f"none but for the term {owner}", getattr(self, key))
        require(self.kind == "joint_position" or not self.absolute, "absolute", "false but for joint_position", "true")
        require(self.kind != "constant" or bool(self.values), "values", "one or more numbers", "none")
        require(self.kind != "clock" or bool(self.frequency), "frequency", "a number [Hz], or a command's name", "none")

    @property
    def kind(self) -> str:
        """What it is called here."""
        return TERMS[self.name]


@dataclass(frozen=True)
class Observation:
    """What a policy sees: terms, one after the other, now and as they were at the steps before."""

    terms: tuple[Term, ...]
    history: int = 1
    """Frames that it sees, the newest and those before."""
    newest_first: bool = False
    grouped: Literal["frame", "term"] = "frame"
    """Whether all terms of a time come together, or all times of a term."""
    start: Literal["first", "zeros"] = "first"
    """What is taken for the frames before the first."""
    bound: float = 100.0
    """Largest number, of all terms after scaling."""

    def __post_init__(self) -> None:
        require(bool(self.terms), "terms", "one or more", "none")
        within("history", 1, self.history, 1000)
        positive(self, "bound")
        alike = self.grouped == "term" or all(term.history is None for term in self.terms)
        require(alike, "grouped", "term, because terms have histories of their own", "frame")


@dataclass(frozen=True)
class Gains:
    """Of the motors while the policy walks."""

    kp: Numbers
    """[N m/rad]"""
    kd: Numbers
    """[N m s/rad]"""

    def __post_init__(self) -> None:
        not_negative(self, "kp", "kd")


@dataclass(frozen=True)
class Answer:
    """What becomes of a policy's answer: set-point = about + scale * answer."""

    scale: Numbers = (1.0,)
    """[rad]"""
    bound: float = 100.0
    """Largest answer that is used."""
    filter: float = 0.0
    """Share of the answer before that stays in each."""
    about: Literal["pose", "zero", "angle"] = "pose"
    """The usual pose, none, or the joint's angle at the time."""

    def __post_init__(self) -> None:
        positive(self, "bound")
        require(0.0 <= self.filter < 1.0, "filter", "a share in [0, 1)", self.filter)


@dataclass(frozen=True)
class Command:
    """What the policy can be told; each is an action that the planner chooses."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    names: tuple[str, ...] = ("forward", "lateral", "turn")
    rest: Numbers = (0.0,)
    """What it is told when nothing is wanted."""
    slew: Numbers = ()
    """By how much each may change from one step of the policy to the next; at once where none is given."""
    scale: Numbers = (1.0,)
    """By what each is multiplied before it is shown."""

    def __post_init__(self) -> None:
        distinct("names", self.names)
        positive(self, "slew")
        count = len(self.names)
        for key in ("low", "high"):
            require(len(getattr(self, key)) == count, key, f"{count} numbers, one a name", len(getattr(self, key)))
        for key in ("rest", "scale", "slew"):
            got = len(getattr(self, key))
            require(got in {1, count} or (key == "slew" and not got), key, f"1 or {count} numbers", got)
        for name, low, rest, high in zip(self.names, self.low, spread(self.rest, count), self.high, strict=True):
            require(low < high, "high", f"more than low, {low:g}, for {name}", f"{high:g}")
            require(low <= rest <= high, "rest", f"a number in [{low:g}, {high:g}] for {name}", f"{rest:g}")


@dataclass(frozen=True)
class Contract:
    """All of it. Raises ValueError unless it fits together."""

    policy: str
    """The policy's file: ONNX, or TorchScript."""
    rate_hz: float
    """Steps of the policy per second."""
    joints: tuple[str, ...]
    """In the policy's order: names of the robot's, conventional ones (FL_hip_joint, LF_HAA), or legs alone (FL)."""
    pose: Numbers
    """Usual angles, from which the policy counts [rad]."""
    gains: Gains
    observation: Observation
    command: Command
    action: Answer = field(default_factory=Answer)
    grouped: Literal["leg", "joint"] = "leg"
    """Where `joints` are legs: whether all joints of a leg come together, or all hips, then all thighs, all calves."""
    sign: Numbers = (1.0,)
    """1 or -1: the policy's angle = sign * the robot's + offset."""
    offset: Numbers = (0.0,)
    """[rad]"""
    input: str = ""
    """Which of an ONNX file's inputs takes the observation; the only one, or that which is no state."""
    output: str | int = 0
    """Which of its outputs is the answer: a name, or a place among those that are no state."""
    state: tuple[tuple[str, str], ...] | None = None
    """Inputs and outputs that hand a state from step to step; by their names (h_in and h_out) when not given."""
    metadata: bool = True
    """Whether what is written in the policy's file counts: for what is left out here, and as a check of the rest."""

    def __post_init__(self) -> None:
        require(0.0 < self.rate_hz <= 1000.0, "rate_hz", "more than 0 and at most 1000", self.rate_hz)
        require(set(self.sign) <= {1.0, -1.0}, "sign", "1 or -1", list(self.sign))
        for index, term in enumerate(self.observation.terms):
            told = (*term.of, term.frequency) if isinstance(term.frequency, str) else term.of
            for name in told:
                one_of(f"observation.terms[{index}]", name, self.command.names)
        turns = "turn" in self.command.names or all(t.kind != "heading_error" for t in self.observation.terms)
        require(turns, "command.names", "turn, which moves the heading", ", ".join(self.command.names))

    def order(self, motors: Sequence[str]) -> tuple[int, ...]:
        """Return which of the robot's motors is each of the policy's joints. Raises ValueError where one is unknown."""
        names = list(self.joints)
        if all(name.lower() in _LEGS for name in names):
            legs = [_LEGS[name.lower()] for name in names]
            pairs = [(leg, kind) for leg in legs for kind in KINDS]
            names = [f"{leg}_{kind}" for leg, kind in (pairs if self.grouped == "leg" else sorted(pairs, key=_by_kind))]
        for index, name in enumerate(names):
            names[index] = name if name in motors else joint(name)
            require(names[index] in motors, f"joints[{index}]", f"one of {', '.join(motors)}", repr(name))
        every = sorted(names) == sorted(motors)
        require(every, "joints", f"every one of the robot's {len(motors)} once", f"{len(names)}: {', '.join(names)}")
        return tuple(motors.index(name) for name in names)

    def check(self, motors: Sequence[str]) -> None:
        """Raise ValueError unless it fits a robot's motors."""
        order = self.order(motors)
        for key, values in (
            ("pose", self.pose),
            ("sign", self.sign),
            ("offset", self.offset),
            ("gains.kp", self.gains.kp),
            ("gains.kd", self.gains.kd),
            ("action.scale", self.action.scale),
        ):
            allowed = {1, 3, len(order)} if len(order) % 3 == 0 else {1, len(order)}
            require(len(values) in allowed, key, f"{' or '.join(map(str, sorted(allowed)))} numbers", len(values))

    def each(self, values: Sequence[float], motors: Sequence[str]) -> list[float]:
        """Return one number a joint, in the policy's order."""
        order = self.order(motors)
        return [values[place % 3] for place in order] if len(values) == 3 else spread(values, len(order))


def spread(values: Sequence[float], count: int) -> list[float]:
    """Return so many numbers: those given, or one given again and again."""
    return list(values) if len(values) == count else list(values) * count


def joint(name: str) -> str:
    """Return what a joint is called here that has a conventional name: FL_hip_joint is front_left_hip."""
    words = re.split(r"[_.]", re.sub(r"_joint$", "", name.lower()))
    return f"{_LEGS.get(words[0], words[0])}_{_KINDS.get(words[-1], words[-1])}"


def _by_kind(pair: tuple[str, str]) -> int:
    return KINDS.index(pair[1])
