"""Robots made at random, in MJCF and URDF, whole and broken, found by what `limber new-robot` does.

    python -m benchmarks.new_robot_fuzz --count 1000 --seed 0

Two to eight legs of any sizes, joints about any axes, names of any letters, meshes that are not there, ties, tendons,
props, key frames; some of the files are cut off, mangled or impossible. Each has to end in files that can be used, or
in one line. The exit status is 1 where one did not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.new_robot_fuzz.trial import fuzz


def main() -> int:
    """Print what came of them; returns 1 where something came that must not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first robot, to go on in pieces")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lines", action="store_true", help="print the line of every file that was refused")
    arguments = parser.parse_args()
    numbers, began = range(arguments.first, arguments.first + arguments.count), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        outcomes, defects, lines = fuzz(numbers, arguments.seed, Path(folder))
    for line in [*defects, *(lines if arguments.lines else [])]:
        sys.stdout.write(f"{line}\n")
    minutes = (time.monotonic() - began) / 60
    usable, refused = outcomes["usable"], outcomes["refused"]
    sys.stdout.write(f"{usable} usable, {refused} refused in one line, {len(defects)} defects, {minutes:.0f} min\n")
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main())
