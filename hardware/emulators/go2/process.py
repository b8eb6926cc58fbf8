"""The emulated robot on its network: 500 cycles a second on absolute deadlines, until somebody stops it."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import numpy as np

from hardware.clock import Beat, WallClock
from hardware.emulators.go2.body import PERIOD, Body
from hardware.emulators.go2.faults import Fault
from hardware.emulators.go2.firmware import Firmware, Settings
from hardware.emulators.go2.services import Service
from hardware.servo.statistics import Histogram
from hardware.unitree.dds import DdsBus
from hardware.unitree.layout import LOW_CMD, LOW_STATE
from sim.perturbations import Perturbation
from sim.robots.anatomy import Anatomy
from sim.terrain import Terrain

_DEPTH = 32
_PRIORITY = 20
"""Of real-time scheduling: above all ordinary work, below a servo loop on the same machine."""


@dataclass(frozen=True)
class Scene:
    """What is emulated, where on the network, and what happens to it."""

    anatomy: Anatomy
    terrain: Terrain
    interface: str = "lo"
    domain: int = 1
    settings: Settings = field(default_factory=Settings)
    perturbations: tuple[Perturbation, ...] = ()
    faults: tuple[Fault, ...] = ()
    seed: int = 0
    seconds: float = float("inf")
    """How long it lives [s]."""


def emulate(
    scene: Scene, stopped: Callable[[], bool], on_cycle: Callable[[Body], None] | None = None
) -> dict[str, object]:
    """Be a robot until time is up or somebody stops it, and return the summary.

    Args:
        scene: the robot and its world.
        stopped: whether it is to end.
        on_cycle: called after every cycle, for somebody who looks on; must be quick.

    Raises:
        BusError: the network cannot be used.
        SimulationError: the physics broke down.
    """
    rng = np.random.default_rng(scene.seed)
    body = Body(scene.anatomy, scene.terrain, scene.perturbations, rng)
    robot = Firmware(scene.settings, body, scene.faults, rng)
    lateness = Histogram()
    scheduler = _first_in_line()
    with DdsBus(scene.interface, scene.domain) as bus:
        commands = bus.reader(LOW_CMD.topic, LOW_CMD.struct, _DEPTH)
        states = bus.writer(LOW_STATE.topic, LOW_STATE.struct)
        services = Service(bus, "motion_switcher", robot.switcher), Service(bus, "sport", robot.sport)
        gc.collect()
        gc.freeze()
        clock, cycle = WallClock(), 0
        beat = Beat(clock, 1.0 / PERIOD, clock.now())
        while not stopped() and cycle * PERIOD < scene.seconds:
            beat.sleep_until(cycle + 1)
            lateness.add(clock.now() - beat.due(cycle + 1))
            reached = beat.after(cycle)  # a robot's time goes on while its emulator sleeps
            for wire in robot.cycle(commands.take(), reached - cycle):
                states.write(wire)
            for service in services:
                service.poll()
            if on_cycle is not None:
                on_cycle(body)
            cycle = reached
    return {**robot.summary(), "scheduler": scheduler, "lateness_ms": _milliseconds(lateness)}


def _first_in_line() -> str:
    """Ask for real-time scheduling, since a robot is not slowed down by its host's work; return what was obtained.

    Threads that DDS starts later inherit it.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    except (AttributeError, OSError):  # another system, or no right to it
        return "other"
    return "fifo"


def _milliseconds(lateness: Histogram) -> dict[str, float]:
    return {name: round(microseconds / 1000.0, 3) for name, microseconds in asdict(lateness.percentiles()).items()}
