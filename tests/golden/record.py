"""What Limber does to the last bit, recorded before its modules move, and compared with what it does now.

    python -m tests.golden.record              # record everything
    python -m tests.golden.record --check      # compare everything; exit status 1 where something differs
    python -m tests.golden.record --check --only roach-snail go2-snail

The command line that pyproject.toml names is all that is used of it. Bits are those of one machine and one set of
versions: see tests/golden/arithmetic.py.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.golden.cases import CASES, DIGITS, Case, Figures

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("record.json")
TIMEOUT = 300.0
"""Of one case [s]."""
SHOWN = 3
"""Differing keys that are shown of a case."""
ABSENT = "absent"


class CaseError(RuntimeError):
    """A command ended with another status than 0, or without an answer."""


@dataclass(frozen=True)
class Difference:
    """A figure that is not what was recorded."""

    key: str
    recorded: object
    got: object

    def __str__(self) -> str:
        if self.key.endswith(".each"):
            return f"{self.key}: of {_ticks(self.recorded)} ticks the first that differs is about number {self._tick()}"
        return f"{self.key}: recorded {json.dumps(self.recorded)}, got {json.dumps(self.got)}"

    def _tick(self) -> int:
        pairs = enumerate(zip(str(self.recorded), str(self.got), strict=False))
        shorter = min(len(str(self.recorded)), len(str(self.got)))
        return next((place for place, (a, b) in pairs if a != b), shorter) // DIGITS


def _ticks(digests: object) -> int:
    return len(str(digests)) // DIGITS


def measure(case: Case) -> Figures:
    """Run a case in a process and a folder of its own.

    Raises:
        CaseError: it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        output = _python("-c", _entry(), *case.arguments, "--json", "--out", str(out))
        try:
            return case.keep(json.loads(output.splitlines()[-1]), out)
        except (IndexError, KeyError, OSError, ValueError) as error:
            raise CaseError(f"its answer cannot be read: {error!r}") from error


def arithmetic() -> dict[str, str]:
    """Return what this machine makes of fixed numbers, in the environment in which the cases run."""
    found: dict[str, str] = json.loads(_python("-m", "tests.golden.arithmetic"))
    return found


def recorded() -> Figures:
    """Return {"arithmetic": ..., "cases": {name: figures}}; empty before anything was recorded."""
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {"arithmetic": {}, "cases": {}}


def differences(before: object, now: object) -> list[Difference]:
    """Return what was recorded and is not so any more; what is new beside it is no difference."""
    old, new = dict(_leaves(before)), dict(_leaves(now))
    return [
        Difference(key, value, new.get(key, ABSENT))
        for key, value in old.items()
        if key not in new or json.dumps(value) != json.dumps(new[key])
    ]


def _leaves(value: object, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every number and text of some JSON with the path of its keys."""
    inner: Mapping[str, object] = {}
    match value:
        case dict():
            inner = value
        case list():
            inner = {str(index): item for index, item in enumerate(value)}
    if not inner:
        yield key, value
    for name, item in inner.items():
        yield from _leaves(item, f"{key}.{name}" if key else name)


def _entry() -> str:
    """Return a program that is the command line, wherever it is by now."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    module, _, function = scripts["limber"].partition(":")
    return f"import sys; from {module} import {function} as main; sys.exit(main())"


def _python(*arguments: str) -> str:
    """Return what a Python process in the repository wrote; its modules come from there and nowhere else."""
    one_thread = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    environment = os.environ | one_thread | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=TIMEOUT
    )
    if done.returncode != 0:
        raise CaseError(f"exit status {done.returncode}: {' / '.join(done.stderr.splitlines()[-2:])}")
    return done.stdout


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _computed() -> float:
    """Return the CPU time of the processes that have ended [s]; others use the machine too."""
    times = os.times()
    return times.children_user + times.children_system


def record(names: Sequence[str]) -> int:
    """Run cases and keep what they come to; returns the exit status."""
    before, here = recorded(), arithmetic()
    kept = {name: figures for name, figures in before["cases"].items() if name in CASES and name not in names}
    if kept and before["arithmetic"] != here:
        _say("the other cases were recorded with other arithmetic or versions: record all of them")
        return 1
    for name in names:
        started = _computed()
        try:
            kept[name] = measure(CASES[name])
        except CaseError as error:
            _say(f"{name:<16} FAILED: {error}")
            return 1
        _say(f"{name:<16} recorded  {_computed() - started:4.1f} s")
        text = json.dumps({"arithmetic": here, "cases": kept}, indent=1, sort_keys=True)
        RECORD.write_text(text + "\n", encoding="utf-8")
    return 0


def check(names: Sequence[str]) -> int:
    """Run cases and say which of them are what was recorded; returns the exit status."""
    before = recorded()
    for strange in differences(before["arithmetic"], arithmetic()):
        _say(f"other arithmetic than recorded, so the last bits may differ for that reason: {strange}")
    return max([_check(CASES[name], before["cases"].get(name)) for name in names], default=0)


def _check(case: Case, before: Figures | None) -> int:
    started = _computed()
    try:
        found = [Difference("case", ABSENT, "present")] if before is None else differences(before, measure(case))
    except CaseError as error:
        found = [Difference("case", "exit status 0", str(error))]
    _say(f"{case.name:<16} {'DIFFERS' if found else 'same':<8}  {_computed() - started:4.1f} s")
    for difference in found[:SHOWN]:
        _say(f"    {difference}")
    if len(found) > SHOWN:
        _say(f"    and {len(found) - SHOWN} more")
    return 1 if found else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Record or check, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden.record", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with the record instead of writing it")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=CASES, default=list(CASES), help="these cases")
    given = parser.parse_args(arguments)
    return check(given.only) if given.check else record(given.only)


if __name__ == "__main__":
    sys.exit(main())
