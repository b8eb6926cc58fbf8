"""One experiment from settings file to trained checkpoints, in a folder that an interrupted one can be resumed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from controller import experiment
from controller.evaluate import table
from controller.experiment_settings import ExperimentSettings
from controller.strict import ConfigError, Layer, read_yaml, resolve, to_yaml


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
    console = Console(stderr=True)
    _claim(folder, settings, resume=resume)
    results = experiment.run(settings, folder, console)
    console.print(table(results))
    return results


def _claim(folder: Path, settings: ExperimentSettings, *, resume: bool) -> None:
    """Make the folder this experiment's own: an earlier one is neither overwritten nor mixed in."""
    record, text = folder / "settings.yaml", to_yaml(settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not record.exists():
            record.write_text(text, encoding="utf-8")
        before = record.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"command line: --out: cannot write to {folder}: {error}") from error
    if before != text:
        raise ConfigError(
            f"command line: --out: {folder} holds an experiment with other settings; choose another folder"
        )
    if not resume and any(path != record for path in folder.iterdir()):
        raise ConfigError(f"command line: --out: {folder} holds an earlier experiment; go on with it by --resume")
