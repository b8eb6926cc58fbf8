"""Commands from ROS 2: a Twist on /cmd_vel; what becomes of them is told on its topics (`hardware.ros2`).

On the loopback device unless another one is asked for: DDS proves nobody. Whoever was heard first steers until it is
silent for as long as makes a robot stand.
"""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.steering.helm import TIMEOUT
from controller.steering.source import Command
from hardware.robot import RobotState
from hardware.spec import RobotSpec
from hardware.steering import Velocity

if TYPE_CHECKING:
    from hardware.ros2.topics import Heard

DOMAINS = 233
"""Of DDS."""
LOOPBACK = "lo"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Node:
    """Where ROS is: its domain and a network device. Raises ValueError for what is none."""

    domain: int = 0
    interface: str = LOOPBACK

    @classmethod
    def parsed(cls, text: str) -> Node:
        """Read `[DOMAIN][,interface=NAME]`. Raises ValueError."""
        domain, *others = text.split(",")
        given = dict(part.partition("=")[::2] for part in others)
        if unknown := given.keys() - {"interface"}:
            raise ValueError(f"ros2: expected [DOMAIN][,interface=NAME], got '{min(unknown)}'")
        if domain and not (domain.isascii() and domain.isdigit() and int(domain) < DOMAINS):
            raise ValueError(f"ros2: domain: expected a number from 0 to {DOMAINS - 1}, got '{domain}'")
        return cls(int(domain or cls.domain), given.get("interface", cls.interface))


class Ros2:
    """A source, and a listener, on the topics of ROS 2. Raises ValueError where DDS cannot be had."""

    def __init__(self, node: Node, spec: RobotSpec) -> None:
        try:
            from hardware.ros2.topics import Topics
            from hardware.unitree.bus import BusError
            from hardware.unitree.dds import DdsBus
        except ImportError as error:
            raise ValueError(f"ros2: needs Cyclone DDS ({error}); pip install 'limber[ros2]'") from error
        self._lost = BusError
        try:
            self._bus = DdsBus(node.interface, node.domain)
            self._topics = Topics(self._bus, spec.name, spec.motors)
        except BusError as error:
            raise ValueError(f"ros2: {error}") from error
        self._counts = Counter[str]()
        self._sender, self._heard = 0, -math.inf
        if node.interface != LOOPBACK:
            _log.warning("steering: anybody on %s may steer: DDS proves nobody", node.interface)

    def poll(self, now: float) -> Command | None:
        """Return the newest command on /cmd_vel."""
        newest: Velocity | None = None
        for heard in self._topics.heard():
            if (refusal := self._refusal(heard, now)) is not None:
                if not self._counts[refusal]:
                    _log.warning("steering: messages on /cmd_vel are refused: %s", refusal)
                self._counts[refusal] += 1
                continue
            self._sender, self._heard, newest = heard.source, now, heard.velocity
            self._counts["commands"] += 1
        return None if newest is None else Command(now, newest)

    def _refusal(self, heard: Heard, now: float) -> str | None:
        if heard.velocity is None:
            return "rubbish"
        return "second writer" if heard.source != self._sender and now - self._heard <= TIMEOUT else None

    def tell(self, state: RobotState, message: str, facts: Mapping[str, str]) -> None:
        """Publish where the robot is and what is believed of it; what the network does not take is counted."""
        try:
            self._topics.tell(state, time.time(), message, facts)
        except self._lost:
            self._counts["not published"] += 1

    def counts(self) -> Mapping[str, int]:
        """Return how many commands there were, and messages that were refused, by reason."""
        return dict(self._counts)

    def close(self) -> None:
        """Leave the domain."""
        self._bus.close()
