"""`limber run`: a simulated robot over a course."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import OmitArgPrefixes, arg

from controller.commands.flags import Answer, Folder, Name, Repeated, RunFlags, Switch, ended


@dataclass(frozen=True)
class SimulationFlags:
    """What only a simulated robot has."""

    terrain: Name = None
    """The ground."""
    perturbations: Annotated[Repeated, arg(name="perturb", metavar="NAME:KEY=VALUE,...[@START[-END]]")] = ()
    """What happens to the robot, for example leg_loss:leg=left_middle@6 (limber list perturbations)."""
    model: Name = None
    """What predicts while planning: learned, or oracle, the true simulator as the upper bound (with --fast only)."""
    state: Name = None
    """What the plan is told of the body: measured, or estimated from the robot's own sensors."""


@dataclass(frozen=True)
class Run:
    """Drive a robot over a course, in real time or in lock-step, and report."""

    settings: OmitArgPrefixes[RunFlags]
    simulation: OmitArgPrefixes[SimulationFlags]
    fast: Switch = False
    """Lock-step instead of real time: as fast as the machine allows, bit-identical for one seed."""
    compare: Name = None
    """Run the same once more with another adapter and report both side by side."""
    out: Folder = None
    """Run folder [runs/<time>-<robot>-<course>-<adapter>]."""
    video: Switch = True
    """Leave the video out."""
    json: Switch = False
    """Print the summary as one JSON object."""

    def __call__(self) -> Answer:
        settings = self.settings.resolve(vars(self.simulation))
        from controller.runs.simulated import execute  # after the settings: a mistake is answered sooner

        return ended(execute(settings, fast=self.fast, compare=self.compare, out=self.out, video=self.video))
