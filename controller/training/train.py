"""One experiment from settings file to trained checkpoints, in a folder that an interrupted one can be resumed in."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from controller.jobs.claim import claim
from controller.settings.layers import Layer, read_yaml, resolve, to_yaml
from controller.training import experiment
from controller.training.evaluate import table
from controller.training.settings import ExperimentSettings

_WIDTH = 160
"""Of the table where stderr is no terminal that has a width of its own."""


def execute(config: Path, overrides: Sequence[Layer], out: Path | None, *, resume: bool) -> Mapping[str, object]:
    """Run an experiment and return its results.

    Args:
        config: settings file.
        overrides: layers of the command line.
        out: folder of data, state, checkpoints and results; None takes runs/train-<name of the file>.
        resume: go on with an interrupted experiment of the same settings.

    Raises:
        ConfigError: settings that cannot be used, or a folder that holds something else.
    """
    settings = resolve(ExperimentSettings, [read_yaml(config), *overrides])
    folder = out if out is not None else Path("runs") / f"train-{config.stem}"
    console = Console(stderr=True, width=None if sys.stderr.isatty() else _WIDTH)
    claim(folder, "an experiment", to_yaml(settings), resume=resume)
    results = experiment.run(settings, folder, console)
    console.print(table(results))
    return results
