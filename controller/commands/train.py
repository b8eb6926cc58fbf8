"""`limber train`: from nothing to trained checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from controller.commands.flags import Answer, Drive, Folder, Setting, Switch, driven, layers


@dataclass(frozen=True)
class Train:
    """Collect data, meta-train all recipes, evaluate them and write their checkpoints."""

    config: Annotated[Path, arg(metavar="FILE")]
    """Settings of the experiment, such as those in configs/experiments."""
    drive: Drive = None
    """Another drive than that of the robot in the settings: a name (limber list drives), or a policy's contract."""
    resume: Switch = False
    """Go on where an interrupted training of the same settings stopped."""
    out: Folder = None
    """Folder for data, state and results [runs/train-<name of the config>]."""
    set: Setting = ()
    """Override a setting, for example seed=1."""
    json: Switch = False
    """Print the results as one JSON object."""

    def __call__(self) -> Answer:
        from controller.newcomers.steps import after_training
        from controller.settings.layers import read_yaml
        from controller.training.experiment import execute

        given = layers(driven({"drive": self.drive}, self.config), self.set)
        results = execute(self.config, given, self.out, resume=self.resume)
        return Answer(results, after_training([read_yaml(self.config), *given]))
