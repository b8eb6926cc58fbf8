"""`limber run`: a simulated robot over a course."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import OmitArgPrefixes, arg

from controller.commands.flags import Answer, At, Folder, Name, Repeated, RunFlags, Switch, ended, viewed


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
    view: Switch = False
    """Show a live page on this machine, where its legs are broken by a click; the address is printed."""
    view_at: At = None
    """The same at an address of its own, off this machine with a token."""
    json: Switch = False
    """Print the summary as one JSON object."""

    def __call__(self) -> Answer:
        settings = self.settings.resolve(vars(self.simulation))
        view = viewed(self.view, self.view_at)
        if view is not None and self.compare is not None:
            from controller.settings.layers import ConfigError

            cure = "run the settings.yaml that it leaves (--config) with --compare afterwards"
            raise ConfigError(f"command line: --compare: expected none with --view; {cure}")
        if view is not None:
            from controller.runs.watched import watched

            return ended(watched(settings, view, fast=self.fast, out=self.out, video=self.video))
        from controller.newcomers.steps import after
        from controller.runs.simulated import execute  # after the settings: a mistake is answered sooner
        from controller.settings import robots

        outcome = execute(settings, fast=self.fast, compare=self.compare, out=self.out, video=self.video)
        return ended(outcome, after("run", robots.spec(settings.robot)))
