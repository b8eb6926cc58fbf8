"""Judge a robot's diagnosis: `python -m benchmarks.diagnosis --help`; workers find nothing in a package's own main."""

from __future__ import annotations

import os
import sys

import tyro

from benchmarks.diagnosis.judge import Arguments, main

if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main(tyro.cli(Arguments)))
