"""Unitree's robots, by the name of the driver in their files (`wire.driver`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hardware.clock import Clock
from hardware.robot import Robot
from hardware.spec import RobotSpec
from hardware.unitree.go2 import Go2, dds
from hardware.unitree.mapping import Mapping as Go2Mapping
from hardware.unitree.sport import Go2Sport, check_sport

EXTRA = "limber[go2]"
"""What to install for their network."""


@dataclass(frozen=True)
class Driver:
    """How one kind of robot is spoken to."""

    check: Callable[[RobotSpec], object]
    """Raises ValueError for a robot that it cannot drive."""
    make: Callable[[RobotSpec, Clock, str, int], Robot]
    """Returns one on a network device and a DDS domain."""


DRIVERS: Mapping[str, Driver] = MappingProxyType(
    {
        "unitree_go2": Driver(Go2Mapping, lambda spec, clock, device, domain: Go2(spec, clock, dds(device, domain))),
        "unitree_go2_sport": Driver(
            check_sport, lambda spec, clock, device, domain: Go2Sport(spec, clock, dds(device, domain))
        ),
    }
)
