"""`limber export`: a run's log in a format of others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import arg

from controller.commands.flags import Answer, Switch


@dataclass(frozen=True)
class Export:
    """Write the log of a run for other programs; it stays as it is."""

    run: Annotated[Path, tyro.conf.Positional, arg(metavar="RUN")]
    """Folder of a run, or a log.jsonl."""
    mcap: Switch = False
    """As MCAP with Foxglove's schemas, beside the log: poses, joints, scene, events, and every number for plots."""
    json: Switch = False
    """Print the file and its messages by topic as one JSON object."""

    def __call__(self) -> Answer:
        from controller.settings.layers import ConfigError
        from controller.telemetry.run_log import Log, RunLogError

        if not self.mcap:
            raise ConfigError("command line: export: expected a format, --mcap, got none")
        try:
            from controller.runs import foxglove
        except ImportError as error:
            raise ConfigError(f"export: needs Foxglove's schemas ({error}); pip install 'limber[export]'") from error
        source = self.run / "log.jsonl" if self.run.is_dir() else self.run
        if not source.is_file():
            raise ConfigError(f"command line: export: RUN: expected the folder of a run, or its log, got {self.run}")
        try:
            log = Log.read(source)
        except RunLogError as error:
            raise ConfigError(f"command line: export: {error}") from error
        file = source.with_suffix(".mcap")
        counts = foxglove.write(log, file)
        told = ", ".join(f"{topic} {count}" for topic, count in counts.items())
        return Answer({"file": str(file), "messages": counts}, f"{file}: {told}")
