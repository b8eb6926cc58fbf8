"""`limber emulate`: the other end of a robot's wire as a process of its own."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import arg

from controller.commands.flags import Answer, Name, Number, Repeated, Switch
from controller.jobs.interrupts import uninterrupted

if TYPE_CHECKING:
    from hardware.emulators.go2.body import Body
    from hardware.emulators.go2.process import Scene

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Emulate:
    """Be a robot on the network of this machine, as strict as the real one, with MuJoCo inside."""

    robot: Annotated[str, tyro.conf.Positional, arg(metavar="{go2}")]
    """Which robot."""
    seconds: Number = None
    """How long it lives [s]; until Ctrl-C when left out."""
    perturb: Annotated[Repeated, arg(metavar="NAME:KEY=VALUE,...[@START[-END]]")] = ()
    """What happens to its body, from the first command that it obeys on (limber list perturbations)."""
    fault: Annotated[Repeated, arg(metavar="NAME:KEY=VALUE,...[@START[-END]]")] = ()
    """What goes wrong with it or its wire, for example drop:share=0.3@5-6 (docs/go2-wire.md)."""
    terrain: Name = None
    """Ground [flat]."""
    mode: Name = None
    """Its own controller that runs at the start and has to be released [normal]."""
    timeout: Number = None
    """Without a command for this long it damps its motors [0.05 s]."""
    interface: Name = None
    """Network device; others than lo are seen by others [lo]."""
    domain: Number = None
    """DDS domain [1]."""
    seed: Number = None
    """Fixes sensor noise and which messages get lost [0]."""
    view: Switch = False
    """Show it on a page on 127.0.0.1."""
    json: Switch = False
    """Print what it has seen as one JSON object."""

    def __call__(self) -> Answer:
        """Emulate, then say what was seen."""
        from controller.settings.layers import ConfigError

        try:
            from hardware.emulators.go2.process import emulate
            from hardware.emulators.go2.viewer import ViewerError
            from hardware.unitree.bus import BusError
            from sim.bodies.base import SimulationError
        except ImportError as error:
            raise ConfigError(f"emulate: needs Cyclone DDS ({error}); pip install 'limber[go2]'") from error
        scene = self._scene()
        try:
            with self._viewer() as show, uninterrupted() as asked:
                summary = emulate(scene, asked, show)
        except (BusError, SimulationError, ViewerError) as error:
            raise ConfigError(f"command line: emulate: {error}") from error
        text = "\n".join(f"{key}: {value}" for key, value in summary.items() if key != "path")
        return Answer(summary, text)

    def _scene(self) -> Scene:
        from controller.settings import robots
        from controller.settings.layers import ConfigError, nearest
        from hardware.emulators.go2.faults import parse as parse_fault
        from hardware.emulators.go2.firmware import MODES, Settings
        from hardware.emulators.go2.process import Scene
        from sim.perturbations import check, parse
        from sim.terrain import TERRAINS, preset

        for flag, got, choices in (
            ("robot", self.robot, ("go2",)),
            ("--terrain", self.terrain or "flat", TERRAINS),
            ("--mode", self.mode or MODES[0], MODES),
        ):
            if got not in choices:
                raise ConfigError(f"command line: emulate: {flag}: got {got!r}, {nearest(got, choices)}")
        anatomy = robots.spec(self.robot).anatomy
        try:
            perturbations = tuple(map(parse, self.perturb))
            check(perturbations, anatomy)
        except ValueError as error:
            raise ConfigError(f"command line: emulate: --perturb: {error}") from error
        try:
            faults = tuple(map(parse_fault, self.fault))
        except ValueError as error:
            raise ConfigError(f"command line: emulate: --fault: {error}") from error
        return Scene(
            anatomy,
            terrain=preset(self.terrain or "flat"),
            interface=self.interface or "lo",
            domain=int(self._within("domain", 1, 0, 232)),
            settings=Settings(self.mode or MODES[0], self._within("timeout", 0.05, 0.002, 10.0)),
            perturbations=perturbations,
            faults=faults,
            seed=int(self._within("seed", 0, 0, 2**31)),
            seconds=self._within("seconds", math.inf, 0.0, math.inf),
        )

    def _within(self, flag: str, default: float, low: float, high: float) -> float:
        from controller.settings.layers import ConfigError

        given: int | float | str | None = getattr(self, flag)
        value = default if given is None else given
        if isinstance(value, str) or not low <= value <= high:
            expected = f"expected a number from {low:g} to {high:g}, got {value!r}"
            raise ConfigError(f"command line: emulate: --{flag}: {expected}")
        return value

    @contextlib.contextmanager
    def _viewer(self) -> Iterator[Callable[[Body], None] | None]:
        if not self.view:
            yield None
            return
        from hardware.emulators.go2.viewer import Viewer

        with Viewer(self.terrain or "flat") as viewer:
            _log.warning("the robot can be seen at %s", viewer.url)
            yield viewer.show
