"""Who steers a run, and what is kept of it: the commands that were used, so that the run can be repeated."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from controller.config import RunSettings
from controller.settings.layers import ConfigError, to_yaml
from controller.steering import choice, script
from controller.steering.source import Command, Source
from controller.telemetry.run_log import Log
from dynamics.files import whole

COMMANDS = "commands.csv"
"""What holds the commands of a run, in its folder."""


@contextlib.contextmanager
def live(settings: RunSettings, given: Source | None, *, fast: bool, compared: bool = False) -> Iterator[Source | None]:
    """Open the source that steers a run, where one does and none is given. Raises ConfigError where it cannot be."""
    if settings.steer is None or given is not None:
        yield given
        return
    if fast or compared:
        flag = "--fast" if fast else "--compare"
        raise ConfigError(f"steer: expected a file of commands with {flag}, velocity:FILE.csv, got {settings.steer}")
    try:
        source = choice.opened(settings.steer)
    except (ValueError, OSError) as error:
        raise ConfigError(f"steer: {error}") from error
    with contextlib.closing(source):
        yield source


def keep_commands(settings: RunSettings, folder: Path, log: Log) -> dict[str, Path]:
    """Write what a robot was told that was steered live, and settings that repeat it; returns the file by name."""
    if settings.steer is None:
        return {}
    told = [Command(record.time, record.wanted) for record in log.records if record.wanted is not None]
    file = folder.resolve() / COMMANDS
    script.write(file, told)
    with whole(folder / "settings.yaml") as partial:
        partial.write_text(to_yaml(replace(settings, course=f"{settings.course}:{file}", steer=None)), encoding="utf-8")
    return {"commands": file}
