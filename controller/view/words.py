"""What a run does and believes, in words for its page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from controller.diagnosis.words import phrase
from controller.settings import robots
from controller.telemetry.run_log import RunHeader
from controller.view.frame import Frame
from hardware.steering import STILL
from sim.perturbations import in_words


def state(frame: Frame, header: RunHeader, seconds: float) -> str:
    """Return a paragraph in Markdown about a tick."""
    record = frame.record
    doing = frame.over or (
        "paused" if frame.speed == 0.0 else "" if frame.speed in (1.0, None) else f"{frame.speed:g} ×"
    )
    lines = [
        f"**{frame.adapter}** on **{frame.course}** · {record.time:.1f} of {seconds:g} s"
        + (f" · **{doing}**" if doing else ""),
        f"{record.speed:.2f} m/s, {_off(frame)}, tick {record.tick_ms:.1f} of {1e3 / header.rate_hz:g} ms"
        + (", late" if record.missed else "")
        + ("" if record.status == "ok" else f", {record.status}"),
        f"happens: {_listed([text.partition('@')[0] for text in record.perturbations])}",
    ]
    lines += [f"believed: {believed}"] if (believed := _believed(frame, header)) else []
    if record.rejected:
        lines.append("the adapted model is not trusted now")
    lines += [f"⚠ {frame.notice}"] if frame.notice else []
    return "  \n".join(lines)


def _off(frame: Frame) -> str:
    distance, wanted = frame.record.distance, frame.record.wanted
    if wanted is not None:
        aside = f", {wanted.lateral:.2f} to the left" if wanted.lateral else ""
        return "told to stand" if wanted == STILL else f"told {wanted.forward:.2f} m/s{aside}, {wanted.turn:.2f} rad/s"
    return f"{1e3 * abs(distance):.0f} mm off" if math.isfinite(distance) else f"cost {frame.record.cost:.2f}"


def _believed(frame: Frame, header: RunHeader) -> str:
    """Return what the adapter says where it does, else what the diagnosis beside it says."""
    if frame.record.belief:
        return _listed(_told(frame.record.belief, header))
    return phrase(frame.record.diagnosis)


def _told(belief: Mapping[str, float], header: RunHeader) -> Sequence[str]:
    return in_words(belief, robots.spec(header.source or header.robot).anatomy)


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(f"`{text}`" for text in texts) or "nothing"
