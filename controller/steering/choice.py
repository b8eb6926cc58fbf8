"""Which sources of commands there are, as `--steer` names them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from controller.steering import gamepad
from controller.steering.datagram import Address, Datagrams
from controller.steering.ros2 import Node, Ros2
from controller.steering.source import Source
from hardware.spec import RobotSpec

UDP, ROS2, GAMEPAD, PAGE = "udp", "ros2", "gamepad", "page"
SOURCES: Mapping[str, str] = {
    UDP: "datagrams on this machine: udp:PORT; from others: udp:PORT,address=IP,token=FILE",
    ROS2: "ROS 2's /cmd_vel, and what it shows: ros2, ros2:DOMAIN, ros2:DOMAIN,interface=NAME",
    GAMEPAD: "the sticks of a gamepad on this machine: gamepad, gamepad:/dev/input/eventN",
    PAGE: "keys and the stick of the live page (--view)",
}
"""What may stand behind `--steer`, with a line on each."""


def checked(text: str) -> str:
    """Return the text of a source. Raises ValueError where there is none like that."""
    name, _, rest = text.partition(":")
    if name not in SOURCES:
        close = difflib.get_close_matches(name, SOURCES, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise ValueError(f"unknown source '{name}'; expected one of {', '.join(SOURCES)}{hint}")
    try:
        match name:
            case "udp":
                Address.parsed(rest)
            case "ros2":
                Node.parsed(rest)
    except OSError as error:
        expected = f"token: expected a file that can be read, got: {error.filename}: {error.strerror}"
        raise ValueError(f"{name}: {expected}") from error
    return text


def opened(text: str, spec: RobotSpec) -> Source:
    """Open a source that steers a robot. Raises ValueError, OSError where it cannot be."""
    name, _, rest = text.partition(":")
    match name:
        case "udp":
            return Datagrams(Address.parsed(rest))
        case "ros2":
            return Ros2(Node.parsed(rest), spec)
        case "gamepad":
            return gamepad.opened(rest, spec)
        case _:
            raise ValueError(f"{text}: expected the live page beside it, --view, got none")
