"""Emulated robots by the driver that speaks to them, as `wire.driver` of a robot's file has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from hardware.emulators.emulation import EmulationError, Emulator
from hardware.unitree.drivers import EXTRA


def _go2() -> Emulator:
    try:
        from hardware.emulators.go2.process import emulate
    except ImportError as error:
        raise EmulationError(f"needs Cyclone DDS ({error}); pip install '{EXTRA}'") from error
    return emulate


EMULATORS: Mapping[str, Callable[[], Emulator]] = MappingProxyType({"unitree_go2": _go2, "unitree_go2_sport": _go2})
"""What imports each; raises EmulationError where something is not installed."""
