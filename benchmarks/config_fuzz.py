"""Settings, robot files, logs and checkpoints that are broken at random, read by the library's own entry points.

    python -m benchmarks.config_fuzz --count 20000 --seed 0

Each has to be read, or refused by an error of the library's families, within time and memory; and what is read has to
be in its ranges. The exit status is 1 where one of them was not.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import FrameType

import numpy as np
from mcap.writer import Writer

from controller.config import run_settings
from controller.runs.replay_guard import replay
from controller.runs.replay_plans import NotRerun, rerun
from controller.settings import assets, robots, yaml_text
from controller.settings.layers import ConfigError
from dynamics import checkpoint
from dynamics.checkpoint import CheckpointError
from hardware.robot import RobotError
from hardware.servo_log.reader import LogError, read_log

FAMILIES = (ConfigError, CheckpointError, LogError, RobotError)
SECONDS, KILOBYTES = 5.0, 1_000_000
ODD: tuple[object, ...] = (
    *(
        math.nan,
        math.inf,
        -math.inf,
        0,
        -1,
        1e300,
        10**30,
        1e-300,
        -0.0,
        2**63,
        True,
        None,
        "",
        "x",
        "1",
        "../x",
        "é\n",
    ),
    *([], {}, [[]], {"kind": "x"}, [math.nan] * 3, "9" * 500),
)
Mutation = Callable[[np.random.Generator], bytes]


class Hang(BaseException):
    """It took too long; none of the library's own handlers may catch it."""


@dataclass(frozen=True)
class Target:
    """One kind of file.

    Attributes:
        suffix: of its name.
        mutate: makes a broken one.
        read: reads it, and returns all that was accepted.
    """

    suffix: str
    mutate: Mutation
    read: Callable[[Path], object]


def twisted(value: object, rng: np.random.Generator) -> object:
    """Return a copy of plain values with one place changed: another value, a key misspelt, lost, or taken twice."""
    if isinstance(value, Mapping) and value and rng.random() < 0.9:
        copy, key = dict(value), str(rng.choice(list(map(str, value))))
        match int(rng.integers(12)):
            case 0:
                copy.pop(key)
            case 1:
                copy[key[:-1]] = copy.pop(key)
            case 2:
                copy[str(rng.choice(list(copy)))] = copy[key]
            case _:
                copy[key] = twisted(copy[key], rng)
        return copy
    if isinstance(value, list) and value and rng.random() < 0.8:
        index = int(rng.integers(len(value)))
        changed = [] if rng.random() < 0.2 else [twisted(value[index], rng)]
        return [*value[:index], *changed, *value[index + 1 :]]
    if isinstance(value, int | float) and rng.random() < 0.4:
        return value * float(rng.choice([-1.0, 0.01, 100.0, 1e6]))
    return ODD[int(rng.integers(len(ODD)))]


def battered(data: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with some flipped, or cut off."""
    if rng.random() < 0.3:
        return data[: int(rng.integers(len(data)))]
    content = bytearray(data)
    for place in rng.integers(len(content), size=int(rng.integers(1, 5))):
        content[place] ^= 1 << int(rng.integers(8))
    return bytes(content)


def text(path: Path) -> Mutation:
    """Return what breaks a YAML file."""
    data = path.read_bytes()
    values = yaml_text.load(data.decode())

    def mutate(rng: np.random.Generator) -> bytes:
        if rng.random() < 0.15:
            return battered(data, rng)
        return yaml_text.dump(twisted(values, rng)).encode(errors="replace")

    return mutate


def model(path: Path) -> Mutation:
    """Return what breaks a checkpoint: its bytes, or the values in its header."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    layout = json.loads(data[8 : 8 + length])

    def mutate(rng: np.random.Generator) -> bytes:
        if rng.random() < 0.3:
            return battered(data, rng)
        changed = json.loads(json.dumps(layout))
        metadata = changed["__metadata__"]
        metadata["header"] = json.dumps(twisted(json.loads(metadata["header"]), rng))
        header = json.dumps(changed if rng.random() < 0.8 else twisted(layout, rng)).encode()
        return len(header).to_bytes(8, "little") + header + data[8 + length :]

    return mutate


STATE = {name: [0.0] * size for name, size in (("position", 3), ("velocity", 3), ("gyro", 3), ("accelerometer", 3))}
STATE |= {name: [0.0] * 2 for name in ("motor_position", "motor_velocity", "back_emf", "motor_torque")}
CYCLE = {"time": 0.0, "late": 0.0, "order": 1, "mode": "passive", "fault": None, "command": None}
SCHEDULE = {"start": 0.0, "step": 0.05, "actions": [[20.0, 20.0]] * 3, "expires": 1.0}
PLAN = {"number": 1, "published": 0.0, "request": "run", "requests": 1, "resets": 0, "stops": 0, "schedule": SCHEDULE}
NOTE = {"run": {"settings": {"robot": "roach", "adapter": "mb"}, "checkpoint": "", "versions": {"limber": "1"}}}


def log(folder: Path) -> Mutation:
    """Return what breaks a log: its bytes, or its messages, under checksums that are right."""
    path = folder / "source.mcap"
    state = {"seq": 1, "time": 0.0, "quaternion": [1.0, 0.0, 0.0, 0.0], "battery": 11.0, **STATE}
    messages = [("plan", PLAN), ("note", NOTE)]
    messages += [(name, told) for _ in range(3) for name, told in (("state", state), ("command", CYCLE))]

    def mutate(rng: np.random.Generator) -> bytes:
        chosen = int(rng.integers(len(messages) + 1))
        with path.open("wb") as file:
            writer = Writer(file)
            writer.start(profile="limber")
            robot = "roach" if chosen < len(messages) else str(ODD[int(rng.integers(len(ODD)))])
            writer.add_metadata("limber", {"robot": robot})
            channels = {name: writer.register_channel(name, "json", 0) for name in ("state", "command", "plan", "note")}
            for index, (channel, told) in enumerate(messages):
                data = json.dumps(twisted(told, rng) if index == chosen else told).encode()
                writer.add_message(channels[channel], index, data, index, index)
            writer.finish()  # type: ignore[no-untyped-call]
        return battered(path.read_bytes(), rng) if rng.random() < 0.2 else path.read_bytes()

    return mutate


def _replayed(path: Path) -> object:
    found = read_log(path)
    if found.robot not in robots.names():
        raise ConfigError("robot")
    replayed = replay(found)
    try:
        return replayed, rerun(found)
    except NotRerun:  # its guard was
        return replayed


def targets(folder: Path) -> dict[str, Target]:
    """Return the kinds of files."""
    roach, trained = assets.robot("roach"), assets.checkpoint("roach", "grbal")
    return {
        "settings": Target(".yaml", text(assets.run_config("roach")), lambda path: run_settings([], path)),
        "robot": Target(".yaml", text(roach), lambda path: robots.spec(str(path))),
        "log": Target(".mcap", log(folder), _replayed),
        "checkpoint": Target(".safetensors", model(trained), checkpoint.load),
    }


def out_of_range(value: object) -> str | None:
    """Return what of accepted values is in no range that any rule allows: not a number, or a period that is none."""
    if isinstance(value, checkpoint.Checkpoint):
        window = getattr(value.adapter, "window", 1)
        return None if 0 < value.period <= 10 and 1 <= window <= 10_000 else f"{value.period}, {window}"
    return next((where for where, number in _numbers(value, "") if math.isnan(number)), None)


def _numbers(value: object, where: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, float):
        yield where, value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _numbers(getattr(value, field.name), f"{where}.{field.name}")
    elif isinstance(value, Mapping | list | tuple):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _numbers(part, f"{where}.{key}")


def attempt(target: Target, path: Path) -> tuple[str, str]:
    """Read a file; return what came of it, and a line on it where that is a defect."""
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    signal.setitimer(signal.ITIMER_REAL, 4 * SECONDS)
    outcome, detail = "accepted", ""
    try:
        wrong = out_of_range(target.read(path))
        outcome, detail = ("out of range", wrong) if wrong else (outcome, detail)
    except FAMILIES as error:
        outcome, detail = ("refused", "") if "\n" not in str(error) else ("several lines", repr(error))
    except Hang:
        pass
    except Exception as error:  # noqa: BLE001 - what is looked for
        outcome, detail = "traceback", f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    if time.perf_counter() - started > SECONDS:
        return "hang", f"{time.perf_counter() - started:.1f} s"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return ("memory", f"{grown} kB") if grown > KILOBYTES else (outcome, detail)


def fuzz(count: int, seed: int, folder: Path) -> tuple[dict[str, Counter[str]], list[str]]:
    """Return outcomes by kind of file, and a line on each defect."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Hang

    signal.signal(signal.SIGALRM, stop)
    kinds = targets(folder)
    found, defects = {name: Counter[str]() for name in kinds}, []
    for number in range(count):
        name = list(kinds)[number % len(kinds)]
        path = folder / f"{number}{kinds[name].suffix}"
        path.write_bytes(kinds[name].mutate(np.random.default_rng([seed, number])))
        outcome, detail = attempt(kinds[name], path)
        found[name][outcome] += 1
        if outcome not in ("accepted", "refused"):
            defects.append(f"{name} {number}: {outcome}: {detail:.200}")
        path.unlink()
    return found, defects


def main() -> int:
    """Break files, print what came of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found, defects = fuzz(arguments.count, arguments.seed, Path(folder))
    print("\n".join(defects))
    for name, outcomes in found.items():
        print(f"{name:<12}", ", ".join(f"{outcome} {number}" for outcome, number in outcomes.most_common()))
    print(f"{arguments.count} files, {len(defects)} defects")
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main())
