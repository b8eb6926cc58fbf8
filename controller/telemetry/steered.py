"""How well a robot that was steered did as it was told."""

from __future__ import annotations

import numpy as np

from controller.courses.velocity import velocity_errors
from controller.telemetry.run_log import FloatArray, Log, mean


def errors(log: Log) -> FloatArray:
    """Return how far a robot was from doing as it was told (T, 2) [m/s, rad/s]; NaN where it was told nothing."""
    commands = [record.command for record in log.records if record.command is not None]
    if len(commands) < len(log.records):
        return np.full((len(log.records), 2), np.nan)
    poses = np.stack([log.channel(name) for name in ("x", "y", "yaw")], axis=-1)
    return velocity_errors(poses, commands, 1.0 / log.header.rate_hz)


def velocity_error(log: Log) -> dict[str, float] | None:
    """Return the means of these; None on other courses."""
    linear, turn = map(mean, errors(log).T)
    return None if linear is None or turn is None else {"linear_m_s": linear, "turn_rad_s": turn}
