"""Which motor, and which leg, of a symmetric robot is the mirror image of which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sim.strict import one_of, require

_SIDES = {"left": "right", "right": "left"}
_TURNED = "-"
"""In front of the image of a motor that turns the other way."""


class Image(NamedTuple):
    """A motor or a leg in the mirror."""

    name: str
    sign: float
    """-1.0 of a motor that turns the other way, else 1.0."""


def other_side(name: str) -> str:
    """Return a name with left and right exchanged."""
    return "_".join(_SIDES.get(word, word) for word in name.split("_"))


def pairs(
    motors: Sequence[str], legs: Sequence[str], said: Mapping[str, str], turned: Sequence[str]
) -> dict[str, Image]:
    """Return the image of every motor and leg. Raises ValueError where `said` does not name one for each.

    Args:
        motors: all of a robot's.
        legs: all of its legs.
        said: one of each pair and its image, with a - before a motor that turns the other way; empty where the names
            themselves say left and right.
        turned: motors that turn the other way, where nothing is said.
    """
    if not said:
        images = {name: Image(other_side(name), -1.0 if name in turned else 1.0) for name in (*motors, *legs)}
        return {name: image for name, image in images.items() if image.name in images}
    found: dict[str, Image] = {}
    for name, told in said.items():
        known, image = motors if name in motors else legs, Image(told.removeprefix(_TURNED), _sign(told))
        one_of("images", name, (*motors, *legs))
        one_of(f"images.{name}", image.name, known)
        require(image.sign > 0 or known is motors, f"images.{name}", "a leg, which does not turn", told)
        for one, other in ((name, image), (image.name, Image(name, image.sign))):
            before = found.setdefault(one, other)
            require(before == other, f"images.{one}", f"one image, {_told(before)}", _told(other))
    for name in (*motors, *legs):
        require(name in found, f"images.{name}", "an image, as of all motors and legs where some have one", "none")
    return found


def written(images: Mapping[str, Image]) -> dict[str, str]:
    """Return images as a robot's file says them, each pair once."""
    said: dict[str, str] = {}
    for name, image in images.items():
        if image.name not in said:
            said[name] = _told(image)
    return said


def _told(image: Image) -> str:
    return (_TURNED if image.sign < 0 else "") + image.name


def _sign(told: str) -> float:
    return -1.0 if told.startswith(_TURNED) else 1.0
