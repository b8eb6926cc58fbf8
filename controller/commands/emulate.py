"""`limber emulate`: the other end of a robot's wire as a process of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import arg

from controller.commands.flags import Answer, Name, Number, Repeated, Switch
from controller.jobs.interrupts import uninterrupted

if TYPE_CHECKING:
    from hardware.emulators.emulation import Emulation, Emulator


@dataclass(frozen=True)
class Emulate:
    """Be a robot on the network of this machine, as strict as the real one, with MuJoCo inside."""

    robot: Annotated[str, tyro.conf.Positional, arg(metavar="ROBOT")]
    """Which robot: one that has a wire."""
    seconds: Number = None
    """How long it lives [s]; until Ctrl-C when left out."""
    perturb: Annotated[Repeated, arg(metavar="NAME:KEY=VALUE,...[@START[-END]]")] = ()
    """What happens to its body, from the first command that it obeys on (limber list perturbations)."""
    fault: Annotated[Repeated, arg(metavar="NAME:KEY=VALUE,...[@START[-END]]")] = ()
    """What goes wrong with it or its wire, for example drop:share=0.3@5-6; docs/ says more of its wire."""
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
        from controller.settings.layers import ConfigError
        from hardware.emulators.emulation import EmulationError

        try:
            emulate, asked = self._asked()
            summary = emulate(asked, uninterrupted)
        except (ValueError, EmulationError) as error:
            raise ConfigError(f"command line: emulate: {error}") from error
        text = "\n".join(f"{key}: {value}" for key, value in summary.items() if key != "path")
        return Answer(summary, text)

    def _asked(self) -> tuple[Emulator, Emulation]:
        """Return who emulates the robot, and what is asked; raises ValueError for what cannot be."""
        from controller.settings import robots
        from hardware.emulators.emulation import Emulation
        from hardware.emulators.registry import EMULATORS
        from sim.perturbations import check, parse
        from sim.strict import one_of
        from sim.terrain import TERRAINS

        terrain = self.terrain or "flat"
        one_of("--terrain", terrain, TERRAINS)
        spec = robots.spec(self.robot)
        if spec.wire is None or spec.wire.driver not in EMULATORS:
            known = [name for name in robots.names() if (wire := robots.spec(name).wire) and wire.driver in EMULATORS]
            raise ValueError(f"robot: expected one with an emulator, {', '.join(known)}, got {self.robot!r}")
        try:
            perturbations = tuple(map(parse, self.perturb))
            check(perturbations, spec.anatomy)
        except ValueError as error:
            raise ValueError(f"--perturb: {error}") from error
        return EMULATORS[spec.wire.driver](), Emulation(
            spec.anatomy,
            spec if spec.own else None,
            terrain,
            interface=self.interface or "lo",
            domain=int(self._within("domain", 1, 0, 232)),
            perturbations=perturbations,
            faults=self.fault,
            mode=self.mode,
            timeout=self._within("timeout", 0.05, 0.002, 10.0),
            seed=int(self._within("seed", 0, 0, 2**31)),
            seconds=self._within("seconds", math.inf, 0.0, math.inf),
            view=self.view,
        )

    def _within(self, flag: str, default: float, low: float, high: float) -> float:
        given: int | float | str | None = getattr(self, flag)
        value = default if given is None else given
        if isinstance(value, str) or not low <= value <= high:
            raise ValueError(f"--{flag}: expected a number from {low:g} to {high:g}, got {value!r}")
        return value
