"""The folder that a run leaves, whatever was driven, and what is told of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from controller.config import RunSettings
from controller.settings import robots
from controller.settings.layers import ConfigError, to_yaml
from dynamics.files import whole


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        summary: the figures of the run; with a comparison, those of the other run under `compare`.
        headline: what happened, in one sentence.
        folder: where everything lies.
        interrupted: somebody pressed Ctrl-C; the files are complete up to then.
        fault: why the robot stopped, where it did so for another reason than a fall.
    """

    summary: Mapping[str, object]
    headline: str
    folder: Path
    interrupted: bool
    fault: str | None


def run_folder(settings: RunSettings, out: Path | None) -> Path:
    """Make the folder of a run and put its settings there; None takes runs/<time>-<robot>-<course>-<adapter>.

    Raises:
        ConfigError: it cannot be written, or holds another run.
    """
    robot = robots.spec(settings.robot).name
    name = f"{datetime.now():%Y%m%d-%H%M%S}-{robot}-{settings.course_name}-{settings.adapter}"
    folder = out if out is not None else Path("runs") / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any((folder / name).exists() for name in ("settings.yaml", "log.jsonl")):
            raise ConfigError(f"command line: --out: {folder} holds a run already; choose another folder")
        (folder / "settings.yaml").write_text(to_yaml(settings), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"command line: --out: cannot write to {folder}: {error}") from error
    return folder


def write_summary(path: Path, result: Mapping[str, object]) -> None:
    """Write the figures of a run; the file appears whole or not at all."""
    with whole(path) as partial:
        partial.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
