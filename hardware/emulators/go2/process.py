"""The emulated robot on its network: 500 cycles a second on absolute deadlines, until somebody stops it."""

from __future__ import annotations

import contextlib
import gc
import os
import struct
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
from cyclonedds.idl import IdlStruct

from hardware.clock import Beat, WallClock
from hardware.emulators.emulation import Emulation, EmulationError, Stopping
from hardware.emulators.go2.body import PERIOD, Body
from hardware.emulators.go2.faults import parse
from hardware.emulators.go2.firmware import MODES, Firmware
from hardware.emulators.go2.sport import Sport
from hardware.emulators.go2.viewer import Viewer, ViewerError
from hardware.servo.statistics import Histogram
from hardware.unitree.bus import Bus, BusError
from hardware.unitree.dds import DdsBus, idl_type
from hardware.unitree.layout import (
    LOW_CMD,
    LOW_STATE,
    REQUEST,
    RESPONSE,
    RESPONSE_HEADER,
    RESPONSE_STATUS,
    SPORT_STATE,
)
from hardware.walkers.policy import PolicyError
from sim.bodies.base import SimulationError
from sim.strict import one_of
from sim.terrain import preset

_DEPTH = 32
_PRIORITY = 20
"""Of real-time scheduling: above all ordinary work, below a servo loop on the same machine."""


def emulate(asked: Emulation, stopping: Stopping) -> dict[str, object]:
    """Be a robot until time is up or somebody stops it, and return the summary.

    Raises:
        ValueError: no such mode or fault.
        EmulationError: network, physics or page fail.
    """
    mode = MODES[0] if asked.mode is None else asked.mode
    one_of("--mode", mode, MODES)
    try:
        faults = tuple(map(parse, asked.faults))
    except ValueError as error:
        raise ValueError(f"--fault: {error}") from error
    try:
        with Viewer(asked.terrain) if asked.view else contextlib.nullcontext() as viewer, stopping() as stopped:
            rng = np.random.default_rng(asked.seed)
            body = Body(asked.anatomy, preset(asked.terrain), asked.perturbations, rng)
            sport = None if asked.own is None else Sport(asked.own, body, faults)
            robot = Firmware(body, faults, rng, mode, asked.timeout, sport)
            kept = _live(robot, asked, stopped, lambda: viewer.show(body) if viewer else None)
            return robot.summary() | kept
    except (BusError, SimulationError, ViewerError, PolicyError) as error:
        raise EmulationError(str(error)) from error


def _live(
    robot: Firmware, asked: Emulation, stopped: Callable[[], bool], on_cycle: Callable[[], None]
) -> dict[str, object]:
    """Let the robot's cycles pass, and return how they kept their time."""
    lateness = Histogram()
    scheduler = _first_in_line()
    with DdsBus(asked.interface, asked.domain) as bus:
        commands = bus.reader(LOW_CMD.topic, LOW_CMD.struct, _DEPTH)
        states = bus.writer(LOW_STATE.topic, LOW_STATE.struct)
        own = bus.writer(SPORT_STATE.topic, SPORT_STATE.struct)
        services = _Service(bus, "motion_switcher", robot.switcher), _Service(bus, "sport", robot.sport)
        gc.collect()
        gc.freeze()
        clock, cycle = WallClock(), 0
        beat = Beat(clock, 1.0 / PERIOD, clock.now())
        while not stopped() and cycle * PERIOD < asked.seconds:
            beat.sleep_until(cycle + 1)
            lateness.add(clock.now() - beat.due(cycle + 1))
            reached = beat.after(cycle)  # a robot's time goes on while its emulator sleeps
            for wire in robot.cycle(commands.take(), reached - cycle):
                states.write(wire)
            for wire in robot.own_states():
                own.write(wire)
            for service in services:
                service.poll()
            on_cycle()
            cycle = reached
    times = asdict(lateness.percentiles())
    return {"scheduler": scheduler, "lateness_ms": {name: round(time / 1000.0, 3) for name, time in times.items()}}


class _Service:
    """One service on the bus, served at `poll`: Cyclone DDS's Python types pack and unpack, not the driver's code."""

    def __init__(self, bus: Bus, name: str, serve: Callable[[int, str], tuple[int, str] | None]) -> None:
        self._requests = bus.reader(f"rt/api/{name}/request", REQUEST, depth=8)
        self._answers = bus.writer(f"rt/api/{name}/response", RESPONSE)
        self._serve = serve

    def poll(self) -> None:
        for request in map(read_request, self._requests.take()):
            if request is None:
                continue
            answer = self._serve(request.header.identity.api_id, request.parameter)
            if answer is not None and not request.header.policy.noreply:
                self._answers.write(self._pack(request, *answer))

    def _pack(self, request: IdlStruct, code: int, data: str) -> bytes:
        status = idl_type(RESPONSE_STATUS)(code=code)
        header = idl_type(RESPONSE_HEADER)(identity=request.header.identity, status=status)
        wire: bytes = idl_type(RESPONSE)(header=header, data=data, binary=[]).serialize()
        return wire + bytes(-len(wire) % 4)


def read_request(wire: bytes) -> IdlStruct | None:
    """Return a request to a service; None for one that nobody can read, which gets no answer."""
    try:
        return idl_type(REQUEST).deserialize(wire)
    except (struct.error, ValueError, IndexError):
        return None


def _first_in_line() -> str:
    """Ask for real-time scheduling, since a robot is not slowed down by its host's work; return what was obtained.

    Threads that DDS starts later inherit it.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    except (AttributeError, OSError):  # another system, or no right to it
        return "other"
    return "fifo"
