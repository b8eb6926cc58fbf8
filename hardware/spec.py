"""What a robot is: the constant facts of its file, and whether they fit together.

What one part says alone it checks itself; here is what two parts say of one thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass

from hardware.channels import Action, Channel, kinds_of, measured, strode
from hardware.drives import Drive, Stride, Striding, Walking
from hardware.legs import AnyLeg, Foot
from hardware.limits import Arming, Checks, Limits
from hardware.motors import Gains, PositionServo, ServoKind, TorqueServo, VelocityServo, Wire
from hardware.sides import Image, pairs
from hardware.steering import Steering
from sim.robots.anatomy import Anatomy
from sim.strict import distinct, one_of, positive, require, within

_FASTEST = 10_000.0
"""No servo loop is faster [Hz]."""
_FEWEST = 4
"""No gait keeps up a robot of fewer legs."""
_WHOLE = 1e-6
"""How far a ratio of rates may be from a whole number."""


@dataclass(frozen=True)
class CourseSize:
    """How large the courses of a robot are, and how far along them is looked: more than it runs in that time."""

    scale: float
    """How many times as large as a 10 cm crawler's."""
    ahead: float
    """How far ahead of the robot a plan sees the path [m]."""
    behind: float
    """How far behind it a plan may project on the path [m]."""
    tick: float
    """How far progress may move within one tick [m]."""

    def __post_init__(self) -> None:
        positive(self, "scale", "ahead", "behind", "tick")
        within("scale", 0.01, self.scale, 100.0)
        for key in ("ahead", "behind", "tick"):
            within(key, 0.0, getattr(self, key), 100.0 * self.scale)


@dataclass(frozen=True)
class RobotSpec:
    """The constant facts about a robot, as its file says them. Raises ValueError unless they fit together."""

    name: str
    description: str
    """One line for people."""
    motors: tuple[str, ...]
    servo: ServoKind
    """What the motors follow."""
    channels: tuple[Channel, ...]
    actions: tuple[Action, ...]
    drive: Drive
    """What turns actions into set-points."""
    control_hz: float
    """Default rate of the plan loop [Hz]."""
    servo_hz: float
    """Rate of the servo loop [Hz], a multiple of every supported control rate."""
    limits: Limits
    checks: Checks
    course: CourseSize
    anatomy: Anatomy
    """As the simulation knows it."""
    feet: tuple[str, ...] = ()
    """Feet whose force is measured."""
    legs: tuple[AnyLeg, ...] = ()
    """In the order of the motors, three each; none on robots whose legs nobody needs to know."""
    arming: Arming = field(default_factory=Arming)
    """What is proven before its motors are driven, where it has a wire."""
    foot: Foot | None = None
    """Of those legs."""
    wire: Wire | None = None
    """None on robots that are simulated only."""
    steering: Steering | None = None
    """Which velocities it can be told; None where it follows courses only."""
    source: str = ""
    """Path of its file where it did not come with Limber, else its name: by this it is found again."""
    symmetric: bool = False
    """Its right side is the mirror image of its left side, motors and all."""
    images: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Which motor, or leg, is the image of which, one of each pair: with a - in front the motor turns the other way.
    Empty where the names say left and right, and the first motor of every leg alone turns the other way."""
    judged: tuple[str, ...] = ()
    """Channels that the robot does not measure: a judge beside it does, such as one that gives rewards."""

    def __post_init__(self) -> None:
        _check(self)

    @property
    def own(self) -> bool:
        """Whether a controller of its own walks it: it is told velocities, and its motors nothing."""
        return isinstance(self.drive, Walking) and self.drive.own

    @property
    def pairs(self) -> dict[str, Image]:
        """The mirror image of every motor and leg that has one by its name, or by `images`."""
        hips = self.motors[::3] if self.legs else ()
        return pairs(self.motors, self.anatomy.legs, self.images, hips)


def _check(spec: RobotSpec) -> None:
    """Raise ValueError with the key, what was expected and what was got, unless everything fits."""
    _check_names(spec)
    positive(spec, "control_hz", "servo_hz")
    within("servo_hz", 0.0, spec.servo_hz, _FASTEST)
    ratio = spec.servo_hz / spec.control_hz
    whole = ratio >= 1.0 - _WHOLE and abs(ratio - round(ratio)) <= _WHOLE
    require(whole, "servo_hz", f"a multiple of control_hz, {spec.control_hz:g}", f"{spec.servo_hz:g}")
    count = len(spec.motors)
    for part in ("limits", "servo", "wire"):
        for key, length in _lengths(getattr(spec, part), part):
            require(length == count or (part == "limits" and not length), key, f"{count} numbers, one a motor", length)
    require(len(spec.limits.velocity_low) == count, "limits.velocity_low", f"{count} numbers, one a motor", "none")
    if not isinstance(spec.servo, VelocityServo):
        _check_joints(spec, spec.servo)
    _check_legs(spec)
    require(spec.symmetric or not spec.images, "images", "none on a robot that is not symmetric", "some")
    spec.pairs  # noqa: B018 - raises where images do not fit
    _check_drive(spec)
    if spec.wire is not None:
        absent = spec.checks.absent(position=not isinstance(spec.servo, VelocityServo))
        require(not absent, f"checks.{', '.join(absent)}", "a check that is on, because it has a wire", "none")


def _check_names(spec: RobotSpec) -> None:
    plain = spec.name.replace("-", "").replace("_", "").isalnum() and spec.name == spec.name.lower()
    require(plain, "name", "lower-case letters, digits, - and _", repr(spec.name))
    require(len(spec.description.splitlines()) == 1, "description", "one line", repr(spec.description))
    distinct("motors", spec.motors)
    distinct("channels", [channel.name for channel in spec.channels])
    distinct("actions", [action.name for action in spec.actions])
    if spec.feet:
        distinct("feet", spec.feet)
    own = {"name": spec.name, "motors": spec.motors, "servo": spec.servo.kind}
    for key, value in own.items():
        got = getattr(spec.anatomy, key)
        require(got == value, f"anatomy.{key}", f"{value}, as of the robot", got)
    known = {channel.name: channel for channel in (*measured(spec.motors), *strode(spec.actions))}
    for index, channel in enumerate(spec.channels):
        if channel.name not in spec.judged:
            one_of(f"channels[{index}].name", channel.name, known)
            right, kinds = known[channel.name], kinds_of(known[channel.name])
            fits = channel.unit == right.unit and channel.kind in kinds
            require(fits, f"channels[{index}]", f"unit {right.unit} and kind {' or '.join(kinds)}", channel)


def _lengths(part: object, place: str) -> Iterator[tuple[str, int]]:
    """Return the lengths of all tuples in a part, each with its place."""
    if isinstance(part, tuple):
        yield place, len(part)
    elif is_dataclass(part):
        for each in fields(part):
            yield from _lengths(getattr(part, each.name), f"{place}.{each.name}")


def _check_joints(spec: RobotSpec, servo: PositionServo | TorqueServo) -> None:
    """Check what motors that follow angles or torques need: ranges, and poses and gains within them."""
    limits, margin = spec.limits, spec.checks.range.limit
    for key in ("position_low", "position_high", "torque"):
        require(bool(getattr(limits, key)), f"limits.{key}", f"{len(spec.motors)} numbers, one a motor", "none")
    require(limits.kd > 0.0, "limits.kd", "a positive number", limits.kd)
    poses = {"stand": servo.stand}
    gains = {"damping": Gains((), servo.damping)}
    if isinstance(servo, PositionServo):
        require(limits.kp > 0.0, "limits.kp", "a positive number", limits.kp)
        poses |= {"sit": servo.sit}
        gains |= {"hold": servo.hold, "run": servo.run}
    for key, pose in poses.items():
        ranges = zip(limits.position_low, pose, limits.position_high, strict=True)
        for index, (low, angle, high) in enumerate(ranges):
            within(f"servo.{key}[{index}]", low + margin, angle, high - margin)
    for key, gain in gains.items():
        for what, values, most in (("kp", gain.kp, limits.kp), ("kd", gain.kd, limits.kd)):
            place = f"servo.{key}" if key == "damping" else f"servo.{key}.{what}"
            require(max(values, default=0.0) <= most, place, f"at most limits.{what}, {most:g}", max(values, default=0))


def _check_legs(spec: RobotSpec) -> None:
    legs, count = len(spec.legs), len(spec.motors)
    require((spec.foot is None) == (legs == 0), "foot", "one where there are legs", "none" if legs else "one")
    require(not legs or 3 * legs == count, "legs", f"a leg for three of {count} motors each", legs)
    require(not legs or len(spec.feet) == legs, "feet", f"one a leg, {legs}", len(spec.feet))
    joints = spec.checks.joint_position.on
    require(bool(spec.limits.position_low) or not joints, "checks.joint_position", "off without position_low", "on")
    for name in spec.judged:
        one_of("judged", name, [channel.name for channel in spec.channels])


def _check_drive(spec: RobotSpec) -> None:
    steps = isinstance(spec.drive, Striding) or not (spec.checks.feet.on or spec.checks.foot.on)
    require(steps, "checks.feet", "off without a gait, as checks.foot", "on")
    if isinstance(spec.drive, Striding):
        names = tuple(action.name for action in spec.actions)
        require(names == Stride._fields, "actions", f"those of a gait, {', '.join(Stride._fields)}", ", ".join(names))
        require(len(spec.legs) >= _FEWEST, "legs", f"at least {_FEWEST}, for a gait", len(spec.legs))
        moved = isinstance(spec.servo, PositionServo)
        require(moved, "servo.kind", "position, because a gait moves joints", spec.servo.kind)
        for index, action in enumerate(spec.actions):
            within(f"actions[{index}].rest", action.low, action.rest, action.high)
        return
    if isinstance(spec.drive, Walking):
        _check_walk(spec, spec.drive)
        return
    require(len(spec.actions) == len(spec.motors), "actions", f"{len(spec.motors)}, one a motor", len(spec.actions))
    for index, (action, low, high) in enumerate(zip(spec.actions, *_setpoints(spec), strict=True)):
        for key, value in (("low", action.low), ("high", action.high), ("rest", action.rest)):
            within(f"actions[{index}].{key}", low, value, high)


def _check_walk(spec: RobotSpec, drive: Walking) -> None:
    """Check that a policy fits the robot that it walks."""
    contract, limits = drive.contract, spec.limits
    require(spec.actions == drive.actions(), "actions", "those of drive.contract.command", "others")
    moved = isinstance(spec.servo, PositionServo)
    require(moved, "servo.kind", "position, because a policy moves joints", spec.servo.kind)
    within("drive.contract.rate_hz", 0.0, contract.rate_hz, spec.servo_hz)
    try:
        contract.check(spec.motors)
    except ValueError as error:
        raise ValueError(f"drive.contract.{error}") from error
    for key, most in (("kp", limits.kp), ("kd", limits.kd)):
        largest = max(getattr(contract.gains, key))
        require(largest <= most, f"drive.contract.gains.{key}", f"at most limits.{key}, {most:g}", largest)


def _setpoints(spec: RobotSpec) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the lowest and the highest set-points of the motors (n_motors,)."""
    limits, margin = spec.limits, spec.checks.range.limit
    match spec.servo:
        case VelocityServo():
            return limits.velocity_low, limits.velocity_high
        case PositionServo():
            low, high = limits.position_low, limits.position_high
            return tuple(end + margin for end in low), tuple(end - margin for end in high)
        case TorqueServo():
            return tuple(-most for most in limits.torque), limits.torque
