"""Files made at random, whole and broken, and what `limber new-robot` makes of them."""

from __future__ import annotations

import signal
import sys
import traceback
from collections import Counter
from pathlib import Path
from types import FrameType

import numpy as np

from benchmarks.new_robot_fuzz.mjcf import mjcf
from benchmarks.new_robot_fuzz.plan import draw, pick
from benchmarks.new_robot_fuzz.urdf import urdf
from controller.newcomers.folder import proposed
from controller.newcomers.trial import verdicts
from controller.settings.layers import ConfigError

SECONDS = 60.0
LOOKED_AT = 20
"""Every so many robots that are usable are also driven."""


def broken(text: str, rng: np.random.Generator) -> bytes:
    """Return a file that was cut off, mangled, or had its numbers changed."""
    match int(rng.integers(5)):
        case 0:
            return text[: int(rng.integers(len(text)))].encode()
        case 1:
            mangled = bytearray(text.encode())
            for place in rng.integers(len(mangled), size=int(rng.integers(1, 6))):
                mangled[place] = int(rng.integers(256))
            return bytes(mangled)
        case 2:
            odd = pick(rng, ("nan", "inf", "-1", "0", "1e30", "1e-30", "x", ""))
            numbers = text.split('"')
            places = [at for at in range(1, len(numbers), 2) if numbers[at][:1] in "-0123456789."]
            for at in rng.choice(places, size=min(3, len(places)), replace=False):
                numbers[at] = odd
            return '"'.join(numbers).encode()
        case 3:
            return text.replace("joint", pick(rng, ("jiont", "body", "geom")), 3).encode()
        case _:
            return text.encode(pick(rng, ("utf-16", "latin-1", "utf-8")), errors="replace")


def one(number: int, seed: int, folder: Path) -> str:
    """Make a robot and find it; return what came of it: usable, refused, or a defect in words."""
    rng = np.random.default_rng([seed, number])
    plan = draw(rng)
    ends, make = ("urdf", urdf) if rng.random() < 0.4 else ("xml", mjcf)
    text = make(plan, rng)
    file = folder / f"{number}.{ends}"
    file.write_bytes(broken(text, rng) if rng.random() < 0.2 else text.encode())
    try:
        newcomer, _ = proposed(f"robot{number}", file, folder / str(number))
        if number % LOOKED_AT == 0:
            list(verdicts(newcomer.spec))
    except ConfigError as error:
        if f"{folder / str(number)}/" in str(error):
            return f"defect {number}: what was proposed is refused: {error}"
        return f"refused: {error}" if "\n" not in str(error) else f"defect {number}: more than one line: {error!r}"
    except Exception:  # noqa: BLE001 - what must not come is what is looked for
        return f"defect {number}: {traceback.format_exc()}"
    return "usable"


def fuzz(numbers: range, seed: int, folder: Path) -> tuple[Counter[str], list[str], list[str]]:
    """Return how many robots were usable and refused, the defects, and the lines of those that were refused."""

    def late(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"took more than {SECONDS:g} s")

    signal.signal(signal.SIGALRM, late)
    outcomes, defects, lines = Counter[str](), list[str](), list[str]()
    for number in numbers:
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        said = one(number, seed, folder)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        kind = said.partition(":")[0].partition(" ")[0]
        outcomes[kind] += 1
        defects += [said] if kind == "defect" else []
        lines += [f"{number} {said}"] if kind == "refused" else []
        if sys.stderr.isatty() or number % 50 == 49:
            sys.stderr.write(f"{number} of {numbers}: {dict(outcomes)}\n")
    return outcomes, defects, lines
