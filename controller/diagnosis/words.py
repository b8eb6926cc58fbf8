"""A diagnosis in words, with how sure it is: `payload 4.8 ± 0.4 kg, 9 ± 2 cm ahead; front-left calf motor dead`.

Sides are the robot's own: ahead, behind, left, right. A deviation follows its number; where no cause is likely enough,
the likeliest are told with their probability.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from controller.diagnosis.observer import Diagnosis

SURE = 0.7
"""Probability from which on a cause is told as a fact."""
_WORTH = 0.1
"""Less likely causes are not worth a word."""
_SIDES = ("ahead", "ahead left", "to the left", "behind left", "behind", "behind right", "to the right", "ahead right")
"""Directions, one every 45 degrees to the left."""
_SIDE = re.compile(r"(front|rear|middle|left|right)_(front|rear|middle|left|right)(?![a-z])")

Amounts = Mapping[str, tuple[float, float]]


def phrase(diagnosis: Diagnosis) -> str:
    """Say what is the matter; empty where nothing is believed yet."""
    if not diagnosis.causes:
        return ""
    kinds = diagnosis.kinds
    kind, likely = next(iter(kinds.items()))
    parts = {cause: p for cause, p in diagnosis.causes.items() if cause.partition(":")[0] == kind}
    cause, most = max(parts.items(), key=lambda item: item[1])
    if likely < SURE:
        return f"not sure: {_listed({_kind(name): p for name, p in kinds.items()})}"
    if most < SURE * likely:
        return f"{_kind(kind)}, not sure where: {_listed({_where(name): p for name, p in parts.items()})}"
    prefix = f"{kind}."
    amounts = {name.removeprefix(prefix): v for name, v in diagnosis.amounts.items() if name.startswith(prefix)}
    return _fact(kind, _part(cause), amounts)


def _listed(probabilities: Mapping[str, float]) -> str:
    first = next(iter(probabilities))
    return ", ".join(f"{name} {100.0 * p:.0f} %" for name, p in probabilities.items() if p >= _WORTH or name == first)


def _kind(kind: str) -> str:
    named = {"none": "nothing unusual", "leg_loss": "lost leg", "motor": "weak motor", "dead_motor": "dead motor"}
    return named.get(kind, kind.replace("_", " "))


def _where(cause: str) -> str:
    return _part(cause) or "all of it"


def _part(cause: str) -> str:
    """Return the part that a cause is about: `dead_motor:front_left_calf` is about the front-left calf."""
    sides = _SIDE.sub(r"\1-\2", cause.partition(":")[2])
    return sides.replace("_", " ").replace("+", " and ")


def _fact(kind: str, part: str, amounts: Amounts) -> str:
    """Say one cause with its numbers."""
    match kind:
        case "none":
            return "nothing unusual"
        case "payload":
            return _payload(amounts)
        case "slope":
            return _slope(amounts)
        case "friction":
            return f"friction{_plus_minus(amounts.get('mu'), 1.0, '', 2)}"
        case "leg_loss":
            return f"{part} {'legs' if ' and ' in part else 'leg'} lost"
        case "motor" if part:
            return f"{part} motor at{_plus_minus(amounts.get('gain'), 100.0, ' %')}"
        case "motor":
            return _speeds(amounts)
        case "dead_motor":
            return f"{part} motor dead"
        case _:
            numbers = ", ".join(f"{name} {mean:.3g} ± {spread:.1g}" for name, (mean, spread) in amounts.items())
            return " ".join(word for word in (part, kind.replace("_", " "), numbers) if word)


def _payload(amounts: Amounts) -> str:
    mass = amounts.get("mass", (math.nan, math.nan))
    heavy = mass[0] >= 0.5
    said = f"payload{_plus_minus(mass, 1.0 if heavy else 1e3, ' kg' if heavy else ' g', 1)}"
    scale, unit = (1e2, " cm") if heavy else (1e3, " mm")
    places = [
        f"{_plus_minus((abs(place[0]), place[1]), scale, unit).strip()} {sides[place[0] < 0.0]}"
        for axis, sides in (("x", ("ahead", "behind")), ("y", ("left", "right")))
        if (place := amounts.get(axis)) is not None and abs(place[0]) > place[1]
    ]
    return f"{said}, {' and '.join(places)}" if places else f"{said} in the middle"


def _slope(amounts: Amounts) -> str:
    (ahead, sigma), (left, tau) = (amounts.get(name, (0.0, 0.0)) for name in ("ahead", "left"))
    steep = math.hypot(ahead, left)
    spread = math.hypot(ahead * sigma, left * tau) / steep if steep else max(sigma, tau)
    side = _SIDES[round(math.atan2(left, ahead) / (math.pi / 4.0)) % len(_SIDES)]
    return f"slope{_plus_minus((steep, spread), math.degrees(1.0), ' degrees')}, uphill {side}"


def _speeds(amounts: Amounts) -> str:
    """Say how motors that follow speeds are off, those that are."""
    said = []
    for motor in (name.removesuffix("_gain") for name in amounts if name.endswith("_gain")):
        (gain, sigma), (bias, tau) = amounts[f"{motor}_gain"], amounts.get(f"{motor}_bias", (0.0, math.inf))
        words = [f"at{_plus_minus((gain, sigma), 100.0, ' %')}"] if abs(gain - 1.0) > max(sigma, 0.05) else []
        words += [f"{bias:+.1f} ± {tau:.1f} rad/s"] if abs(bias) > tau else []
        said += [f"{motor} motor {', '.join(words)}"] if words else []
    return "; ".join(said) or "motors worn"


def _plus_minus(amount: tuple[float, float] | None, scale: float, unit: str, digits: int = 0) -> str:
    """Return a number with its deviation and unit, with a space before it; nothing where there is none."""
    if amount is None or not all(map(math.isfinite, amount)):
        return ""
    mean, spread = (scale * value for value in amount)
    shown = max(spread, 0.5 * 10.0**-digits)
    return f" {mean:.{digits}f} ± {shown:.{digits}f}{unit}"
