"""Who steers a run, and what is kept of it: the commands that were used, so that the run can be repeated."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from controller.config import RunSettings
from controller.diagnosis.words import phrase
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission
from controller.settings.layers import ConfigError, to_yaml
from controller.steering import choice, script
from controller.steering.source import Command, Listener, Source
from controller.telemetry.run_log import Log, TickRecord
from dynamics.files import whole

COMMANDS = "commands.csv"
"""What holds the commands of a run, in its folder."""
_FACTS = ("status", "wanted", "command", "cost", "error_prior", "error_adapted", "rejected", "tick_ms", "perturbations")
"""What is told of a tick beside where the robot is."""


@contextlib.contextmanager
def live(mission: Mission, given: Source | None, *, compared: bool = False) -> Iterator[Source | None]:
    """Open the source that steers a run, where one does and none is given. Raises ConfigError where it cannot be."""
    text = mission.settings.steer
    if text is None or given is not None:
        yield given
        return
    if mission.fast or compared:
        flag = "--fast" if mission.fast else "--compare"
        raise ConfigError(f"steer: expected a file of commands with {flag}, velocity:FILE.csv, got {text}")
    try:
        source = choice.opened(text, mission.spec)
    except ValueError as error:
        raise ConfigError(f"steer: {error}") from error
    except OSError as error:
        raise ConfigError(f"steer: {text.partition(':')[0]}: {error.strerror}") from error
    with contextlib.closing(source):
        yield source


def tell(source: object, tick: LoopTick, record: TickRecord) -> None:
    """Tell a source that listens what became of its commands."""
    if isinstance(source, Listener) and tick.boundary is not None:
        facts = {name: _said(getattr(record, name)) for name in _FACTS}
        facts |= {f"belief {name}": _said(value) for name, value in record.belief.items()}
        source.tell(tick.boundary.state, phrase(record.diagnosis) or record.status, facts)


def _said(value: object) -> str:
    match value:
        case float():
            return f"{value:.4g}"
        case tuple():
            return " ".join(map(_said, value))
    return str(value)


def keep_commands(settings: RunSettings, folder: Path, log: Log) -> dict[str, Path]:
    """Write what a robot was told that was steered live, and settings that repeat it; returns the file by name."""
    told = [Command(record.time, record.wanted) for record in log.records if record.wanted is not None]
    if settings.steer is None or not told:
        return {}
    file = folder.resolve() / COMMANDS
    script.write(file, told)
    with whole(folder / "settings.yaml") as partial:
        partial.write_text(to_yaml(replace(settings, course=f"{settings.course}:{file}", steer=None)), encoding="utf-8")
    return {"commands": file}
