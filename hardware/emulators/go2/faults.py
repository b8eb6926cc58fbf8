"""What can go wrong with a robot and its wire, written as text like perturbations: `name:key=value,...[@start[-end]]`.

Times count like the perturbations': from the first command that the robot obeys; before it the script stands at zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, TypeVar, get_args

from sim.perturbations import codec
from sim.perturbations.codec import Timed
from sim.robots.go2 import MOTORS

_SHARE = (0.0, 1.0)


@dataclass(frozen=True)
class Drop(Timed):
    """A share of the messages is lost, both ways; 1 is an unplugged cable."""

    name: ClassVar[str] = "drop"
    share: float = codec.number(1.0, within=_SHARE)


@dataclass(frozen=True)
class Delay(Timed):
    """Messages take longer, each way by `ms`."""

    name: ClassVar[str] = "delay"
    ms: float = codec.number(within=(0.0, 1000.0))


@dataclass(frozen=True)
class Reorder(Timed):
    """A share of the states is overtaken by the one that follows."""

    name: ClassVar[str] = "reorder"
    share: float = codec.number(1.0, within=_SHARE)


@dataclass(frozen=True)
class Freeze(Timed):
    """The same state is sent again and again, tick and all."""

    name: ClassVar[str] = "freeze"


@dataclass(frozen=True)
class BadCrc(Timed):
    """A bit of a share of the states is turned over on the way."""

    name: ClassVar[str] = "bad_crc"
    share: float = codec.number(1.0, within=_SHARE)


@dataclass(frozen=True)
class MotorFault(Timed):
    """A motor switches itself off and says so."""

    name: ClassVar[str] = "motor_fault"
    motor: str = codec.choice(MOTORS, key="name")


@dataclass(frozen=True)
class Overheat(Timed):
    """A motor is that hot [deg C], whatever it does."""

    name: ClassVar[str] = "overheat"
    motor: str = codec.choice(MOTORS, key="name")
    celsius: float = codec.number(90.0, within=(0.0, 255.0))


@dataclass(frozen=True)
class ModeRefused(Timed):
    """The robot's own controller does not let go.

    It says so (denied), says nothing (silent), says something unreadable (garbled), or says yes and goes on (kept).
    """

    name: ClassVar[str] = "mode_refused"
    answer: str = codec.choice(("denied", "silent", "garbled", "kept"))


@dataclass(frozen=True)
class Reboot(Timed):
    """The robot's computer starts anew: silence [s], then a tick from zero and its own controller."""

    name: ClassVar[str] = "reboot"
    seconds: float = codec.number(2.0, within=(0.0, 60.0))


@dataclass(frozen=True)
class BatteryLow(Timed):
    """The battery has that much charge left [percent]."""

    name: ClassVar[str] = "battery_low"
    soc: float = codec.number(10.0, within=(0.0, 100.0))


@dataclass(frozen=True)
class RemoteStop(Timed):
    """Buttons of the remote that stop a robot, L2 and B, are held down."""

    name: ClassVar[str] = "remote_stop"


@dataclass(frozen=True)
class ModeBack(Timed):
    """Its own controller is back, and obeys nobody else; nothing but CheckMode says so.

    It stands, is limp (damped), or moves its legs to get up from where it thinks it lies (recover).
    """

    name: ClassVar[str] = "mode_back"
    does: str = codec.choice(("stand", "damp", "recover"))


@dataclass(frozen=True)
class Deaf(Timed):
    """It takes commands, and goes on with the last one that it obeyed."""

    name: ClassVar[str] = "deaf"


@dataclass(frozen=True)
class MotorMode(Timed):
    """All motors report a mode that nobody asked for."""

    name: ClassVar[str] = "motor_mode"
    mode: float = codec.number(10.0, within=(0.0, 255.0))


@dataclass(frozen=True)
class MotorsOff(Timed):
    """The motors' drivers are off: no torque, and they say that they are on."""

    name: ClassVar[str] = "motors_off"


@dataclass(frozen=True)
class Pressed(Timed):
    """Something lies on the trunk, or holds it down [N]."""

    name: ClassVar[str] = "pressed"
    newtons: float = codec.number(600.0, within=(0.0, 2000.0))


@dataclass(frozen=True)
class Lifted(Timed):
    """Somebody carries it: its trunk hangs in the air."""

    name: ClassVar[str] = "lifted"


@dataclass(frozen=True)
class TickJump(Timed):
    """Its clock is ahead [s]."""

    name: ClassVar[str] = "tick_jump"
    seconds: float = codec.number(1.0, within=(0.0, 60.0))


@dataclass(frozen=True)
class Burst(Timed):
    """States are held up for a while, and then arrive all at once."""

    name: ClassVar[str] = "burst"
    ms: float = codec.number(within=(0.0, 1000.0))


@dataclass(frozen=True)
class Feet(Timed):
    """What the feet say is wrong: a constant, a tenth, raw counts (ten times as much), nothing, left said of right."""

    name: ClassVar[str] = "feet"
    kind: str = codec.choice(("constant", "tenth", "raw", "none", "swapped"))


@dataclass(frozen=True)
class Joints(Timed):
    """Angles and speeds of the joints are wrong.

    All are frozen, in degrees, thighs mirrored, calves shifted, thighs and calves swapped; or of the first leg alone
    thigh and calf are swapped, the thigh stuck, further by 0.3 rad (jumped) or by a turn.
    """

    name: ClassVar[str] = "joints"
    kind: str = codec.choice(("frozen", "degrees", "mirrored", "shifted", "swapped", "leg", "stuck", "jumped", "turn"))


@dataclass(frozen=True)
class Torques(Timed):
    """What the motors say of their torque is wrong: nothing, a constant, the sign, not a number."""

    name: ClassVar[str] = "torques"
    kind: str = codec.choice(("none", "constant", "sign", "nan"))


@dataclass(frozen=True)
class Imu(Timed):
    """The IMU is wrong.

    It is frozen, its quaternion comes as xyzw, its gyro in degrees or with the other sign, its accelerometer turned by
    45 degrees; or (not wrong at all) the quaternion is the other one of the same attitude.
    """

    name: ClassVar[str] = "imu"
    kind: str = codec.choice(("frozen", "order", "degrees", "sign", "turned", "other"))


@dataclass(frozen=True)
class Service(Timed):
    """Its own controller's service goes wrong, where it has one that walks.

    It says nothing (silent), nor does its state come (gone); it refuses every call; Move is taken and nothing done
    (ignored); its state is the same again and again (frozen), or tells an error; somebody else damped it.
    """

    name: ClassVar[str] = "service"
    kind: str = codec.choice(("silent", "gone", "refused", "ignored", "frozen", "error", "damped"))


@dataclass(frozen=True)
class Sticks(Timed):
    """Somebody holds a stick of the remote, and its own controller walks at that velocity [m/s]."""

    name: ClassVar[str] = "sticks"
    forward: float = codec.number(0.3, within=(-1.0, 1.0))


_Wire = Drop | Delay | Reorder | Freeze | BadCrc | TickJump | Burst
_Robot = MotorFault | Overheat | ModeRefused | Reboot | BatteryLow | RemoteStop
_Untold = ModeBack | Deaf | MotorMode | MotorsOff | Pressed | Lifted | Feet | Joints | Torques | Imu
Fault = _Wire | _Robot | _Untold | Service | Sticks
FAULTS: Mapping[str, type[Fault]] = MappingProxyType({kind.name: kind for kind in get_args(Fault)})
"""Fault types by the name they have in text."""
F = TypeVar("F", bound=Timed)


def parse(text: str) -> Fault:
    """Return the fault written as `name:key=value,...[@start[-end]]`.

    Raises:
        PerturbationError: with place, what was expected, what was given and the nearest valid choice.
    """
    try:
        return codec.read(text, FAULTS)
    except codec.PerturbationError as error:
        place = f"fault{error.place.removeprefix('perturbation')}"
        raise codec.PerturbationError(place, error.expected, error.got, error.nearest) from None


def acting(faults: Sequence[Fault], kind: type[F], time: float) -> list[F]:
    """Return the faults of one kind that are there at a time [s]."""
    return [fault for fault in faults if isinstance(fault, kind) and fault.onset <= time < fault.end]
