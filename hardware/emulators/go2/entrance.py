"""From what is asked of any emulator to this one: modes and faults by name, and a page to look at."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator

from hardware.emulators.emulation import Emulation, EmulationError
from hardware.emulators.go2 import process
from hardware.emulators.go2.body import Body
from hardware.emulators.go2.faults import Fault, parse
from hardware.emulators.go2.firmware import MODES, Settings
from hardware.emulators.go2.viewer import Viewer, ViewerError
from hardware.unitree.bus import BusError
from sim.bodies.base import SimulationError
from sim.strict import one_of
from sim.terrain import preset

_log = logging.getLogger(__name__)


def emulate(
    asked: Emulation, stopping: Callable[[], contextlib.AbstractContextManager[Callable[[], bool]]]
) -> dict[str, object]:
    """Be a robot until time is up or it is asked to stop, and return what it has seen.

    Raises:
        ValueError: no such mode or fault.
        EmulationError: network, physics or page fail.
    """
    mode = MODES[0] if asked.mode is None else asked.mode
    one_of("--mode", mode, MODES)
    scene = process.Scene(
        asked.anatomy,
        terrain=preset(asked.terrain),
        interface=asked.interface,
        domain=asked.domain,
        settings=Settings(mode, asked.timeout),
        perturbations=asked.perturbations,
        faults=tuple(map(_fault, asked.faults)),
        seed=asked.seed,
        seconds=asked.seconds,
    )
    try:
        with _viewer(asked) as show, stopping() as stopped:
            return process.emulate(scene, stopped, show)
    except (BusError, SimulationError, ViewerError) as error:
        raise EmulationError(str(error)) from error


def _fault(text: str) -> Fault:
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"--fault: {error}") from error


@contextlib.contextmanager
def _viewer(asked: Emulation) -> Iterator[Callable[[Body], None] | None]:
    if not asked.view:
        yield None
        return
    with Viewer(asked.terrain) as viewer:
        _log.warning("the robot can be seen at %s", viewer.url)
        yield viewer.show
