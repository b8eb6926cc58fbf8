"""`limber stress`: adapters under many conditions and seeds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from controller.commands.flags import Answer, Drive, Folder, Number, Setting, Switch, driven, layers


@dataclass(frozen=True)
class Stress:
    """Run the stress suite: adapters under many conditions and seeds, scored between plain and informed model."""

    config: Annotated[Path, arg(metavar="FILE")]
    """Settings of the suite, such as those in configs/experiments."""
    adapters: Annotated[str | None, arg(metavar="NAME,NAME,...", help_behavior_hint="")] = None
    """Who takes part (limber list adapters; oracle is the simulator itself); scores need mb and informed among them."""
    seeds: Number = None
    """Runs of each adapter in each condition."""
    workers: Number = None
    """Processes on this machine."""
    scheduler: Annotated[str | None, arg(metavar="ADDRESS", help_behavior_hint="")] = None
    """Compute on a Dask cluster instead, for example tcp://10.0.0.1:8786 (needs the extra cluster)."""
    drive: Drive = None
    """Another drive than that of the robot in the settings: a name (limber list drives), or a policy's contract."""
    resume: Switch = False
    """Go on where an interrupted suite of the same settings stopped."""
    out: Folder = None
    """Folder for trials and report [runs/stress-<name of the config>]."""
    set: Setting = ()
    """Override a setting, for example seconds=6."""
    json: Switch = False
    """Print the standings as one JSON object."""

    def __call__(self) -> Answer:
        given = {
            "adapters": None if self.adapters is None else [name.strip() for name in self.adapters.split(",")],
            "seeds": self.seeds,
            "workers": self.workers,
            "drive": self.drive,
        }
        from controller.stress.suite import execute

        overrides = layers(driven(given, self.config), self.set)
        return Answer(*execute(self.config, overrides, self.out, self.scheduler, resume=self.resume))
