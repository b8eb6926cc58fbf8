"""The numbers of a servo process's log over time, for plotting elsewhere."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dynamics.files import whole
from hardware.robot import FloatArray
from hardware.servo_log.reader import LogError, ServoLog


def columns(log: ServoLog) -> dict[str, FloatArray]:
    """Return every number of states and commands over time, by name: `state.motor_position.3` and so on (T,)."""
    told = zip(log.of("state"), log.of("command"), strict=False)  # a cut log may lack the last command
    rows = [_flat("state", state.json()) | _flat("command", command.json()) for state, command in told]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}


def export(log: ServoLog, path: Path) -> None:
    """Write the columns as .npz or .csv, whatever the name ends in. Raises LogError where that is something else."""
    numbers = columns(log)
    match path.suffix:
        case ".npz":
            with whole(path) as partial, partial.open("wb") as file:
                np.savez_compressed(file, allow_pickle=False, **numbers)
        case ".csv":
            with whole(path) as partial, partial.open("w", newline="", encoding="utf-8") as text:
                writer = csv.writer(text)
                writer.writerow(numbers)
                writer.writerows(zip(*(column.tolist() for column in numbers.values()), strict=True))
        case other:
            raise LogError(f"{path}: expected a name that ends in .npz or .csv, got '{other}'")


def _flat(prefix: str, value: object) -> dict[str, float]:
    """Return the numbers in nested JSON by dotted names; null is NaN, text is left out."""
    match value:
        case bool() | str():
            return {}
        case int() | float():
            return {prefix: float(value)}
        case Mapping() | list():
            inner = value.items() if isinstance(value, Mapping) else enumerate(value)
            return {name: number for key, part in inner for name, number in _flat(f"{prefix}.{key}", part).items()}
        case None:
            return {prefix: float("nan")}
    return {}
