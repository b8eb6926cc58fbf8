"""A folder that belongs to one study: another one is neither overwritten nor mixed in."""

from __future__ import annotations

from pathlib import Path

from controller.settings.layers import ConfigError


def claim(folder: Path, what: str, text: str, *, resume: bool) -> None:
    """Make the folder, or see that what it holds may be gone on with.

    Args:
        folder: of the study; created.
        what: what a study is called, for the message: "an experiment".
        text: the settings that the results depend on, as YAML; kept as settings.yaml.
        resume: whether going on was asked for.

    Raises:
        ConfigError: it holds something else or something earlier, or cannot be written.
    """
    record = folder / "settings.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not record.exists():
            record.write_text(text, encoding="utf-8")
        before = record.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"command line: --out: cannot write to {folder}: {error}") from error
    if before != text:
        raise ConfigError(f"command line: --out: {folder} holds {what} with other settings; choose another folder")
    if not resume and any(path != record for path in folder.iterdir()):
        raise ConfigError(f"command line: --out: {folder} holds {what} already; go on with it by --resume")
