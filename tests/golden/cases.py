"""What is recorded: command lines, and what of that which they leave is kept.

Nothing here knows the modules of Limber, which may move: only its command line, its JSON and its files. What depends on
time, place or version is left out; a field that is added to one of these files later changes none that were there.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Figures = dict[str, Any]
HERE = Path(__file__).parent
LENGTH = 32
"""Of a digest, in hexadecimal digits."""

PASSING = {"adapt_ms", "cpu_minutes", "cpu_s", "files", "minutes", "misses", "plan_ms", "tick_ms"}
"""Keys of what tells of time and place."""
TICK = (
    *("time", "state", "action", "applied", "progress", "distance", "heading_error", "speed", "cost"),
    *("error_prior", "error_adapted", "rejected", "status", "rung", "perturbations", "qpos", "belief"),
)
"""Fields of a tick in a run's log that are the same whenever the run is."""
DIGITS = 2
"""Of a tick's own digest: enough to say about where a run begins to differ."""


@dataclass(frozen=True)
class Case:
    """One command line without its --out and --json, and what to keep of its answer and its folder."""

    name: str
    arguments: tuple[str, ...]
    keep: Callable[[Figures, Path], Figures]


def lasting(value: Any) -> Any:
    """Return JSON without what tells of time and place."""
    match value:
        case dict():
            return {key: lasting(inner) for key, inner in value.items() if key not in PASSING}
        case list():
            return [lasting(inner) for inner in value]
    return value


def of_run(answer: Figures, folder: Path) -> Figures:
    """Return the summary and the bits of the run's log, and of the one that it is compared with."""
    logs = {path.stem: _log(path) for path in sorted(folder.glob("log*.jsonl"))}
    return {"summary": lasting(answer), "logs": logs}


def of_stress(answer: Figures, folder: Path) -> Figures:
    """Return the standings and every trial; its distances from the course, many and rounded, by their digest."""
    trials = {path.stem: lasting(json.loads(path.read_text())) for path in sorted((folder / "trials").glob("*.json"))}
    for trial in trials.values():
        trial["distance_mm"] = _digest(trial["distance_mm"])
    return {"standings": lasting(answer), "trials": trials}


def of_training(answer: Figures, folder: Path) -> Figures:
    """Return the held-out errors, the bits of the data and those of the checkpoints."""
    errors = lasting(answer)
    errors["families"] = _digest(errors["families"])
    data = {path.stem: _arrays(path) for path in sorted((folder / "data").glob("*.npz"))}
    models = {path.stem: _checkpoint(path) for path in sorted(folder.glob("*.safetensors"))}
    return {"errors": errors, "data": data, "checkpoints": models}


def _log(path: Path) -> Figures:
    """Return the digest of all ticks of a log, and a few digits of each tick's own."""
    header, *lines = (json.loads(line) for line in path.read_bytes().splitlines())
    ticks = [{name: line.get(name) for name in TICK} for line in lines]
    first = "".join(_digest(tick)[:DIGITS] for tick in ticks)
    return {"header": _digest([header["channels"], header["path"]]), "all": _digest(ticks), "each": first}


def _arrays(path: Path) -> str:
    """Return the digest of the arrays in a .npz file."""
    digest = hashlib.sha256()
    with np.load(path, allow_pickle=False) as arrays:
        for name in sorted(arrays.files):
            array = arrays[name]
            digest.update(f"{name} {array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:LENGTH]


def _checkpoint(path: Path) -> Figures:
    """Return size and digests of a safetensors file.

    Its metadata are a hash table, whose keys come in another order every time, so the header is digested sorted. The
    provenance, which repeats all settings, is digested on its own: a setting that is new changes nothing else.
    """
    content = path.read_bytes()
    length = 8 + int.from_bytes(content[:8], "little")
    layout = json.loads(content[8:length])
    metadata = {key: _parsed(text) for key, text in layout.pop("__metadata__", {}).items()}
    provenance = metadata.get("header", {}).pop("provenance", None)
    return {
        "bytes": len(content),
        "tensors": hashlib.sha256(content[length:]).hexdigest()[:LENGTH],
        "header": _digest([layout, metadata]),
        "provenance": _digest(provenance),
    }


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _digest(value: Any) -> str:
    """Return the beginning of the SHA-256 of JSON; its floats are written so that every bit counts."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:LENGTH]


def _run(line: str) -> tuple[tuple[str, ...], Callable[[Figures, Path], Figures]]:
    return ("run", "--fast", "--no-video", *shlex.split(line)), of_run


_RUNS = {
    "roach-snail": "--perturb leg_loss:leg=left_middle@1.5 --adapter snail --compare mb --seconds 4",
    "roach-grbal": """--course zigzag --perturb payload:mass=0.008,x=0.02,y=0.01@1-3 --perturb motor:left=0.7@2.5
        --adapter grbal --compare mb_de --seconds 5 --seed 1""",
    "roach-belief": """--perturb slope:deg=8,heading_deg=90@1.5 --perturb friction:mu=0.45@2.5-4
        --adapter belief --compare pearl --seconds 5 --seed 2""",
    "roach-mb": """--course zigzag --perturb delay:ms=40@1-3 --perturb noise:scale=2@1.5
        --planner predictive --set planner.candidates=48 --adapter mb --compare mb_large --seconds 4""",
    "roach-speed": """--course hidden_speed --perturb motor:left=0.8,right=0.9@2
        --adapter grbal --compare informed --seconds 4""",
    "roach-turn": """--course hidden_turn:side=1,later=-1,at=2
        --planner cem --set planner.candidates=48 --adapter grbal --compare mb --seconds 4""",
    "roach-50hz": """--rate 50 --perturb leg_loss:leg=right_front+left_rear@1
        --adapter grbal --compare informed --seconds 3 --seed 3""",
    "roach-oracle": """--model oracle --perturb motor:right=0.6@0.8 --seconds 2
        --set planner.search.candidates=8 --set planner.search.elites=4 --set control.horizon=8""",
    "roach-mppi": """--terrain turf --perturb gravity:z=-3.7@1.5-3
        --planner mppi --set planner.candidates=48 --adapter alpaca --compare priors --seconds 4""",
    "roach-rti": """--course zigzag --perturb pose_bias:heading_deg=8,x=0.02@1-2.5 --perturb push:x=0.002,y=0.004@1.5
        --planner rti --adapter grbal_online --compare mr_maml --seconds 4""",
    "roach-icem": """--perturb stuck:name=right@1.5-2.6
        --planner icem --set planner.candidates=48 --adapter rebal --compare cavia --seconds 4""",
    "roach-shooting": """--perturb terrain:kind=turf@1 --perturb dead_motor:name=left@2.5 --set control.delay_ticks=2
        --planner shooting --set planner.candidates=48 --adapter informed --compare mb --seconds 4""",
    "go2-snail": """--robot go2 --perturb payload:mass=4,x=0.1,y=0.08@1.5
        --adapter snail --compare mb --seconds 4""",
    "go2-estimated": """--robot go2 --set state=estimated --perturb friction:mu=0.4@1.5
        --perturb slope:deg=5,heading_deg=0@2 --adapter grbal --compare informed --seconds 4 --seed 1""",
    "go2-leg": """--robot go2 --course zigzag --perturb leg_loss:leg=front_left@1.5-3
        --adapter grbal --compare mb_de --seconds 4""",
}
_OTHERS: Mapping[str, tuple[str, Callable[[Figures, Path], Figures]]] = {
    "roach-stress": ("stress", of_stress),
    "roach-training": ("train", of_training),
    "go2-training": ("train", of_training),
}

CASES: Mapping[str, Case] = {name: Case(name, *_run(line)) for name, line in _RUNS.items()} | {
    name: Case(name, (command, "--config", str((HERE / f"{name}.yaml").relative_to(HERE.parents[1]))), keep)
    for name, (command, keep) in _OTHERS.items()
}
"""All of them by name, in the order in which they run."""
