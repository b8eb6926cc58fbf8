"""The command line: flags in, one exit status out.

Exit status: 0 done; 1 doctor found a failure, or a replay differs; 2 bad usage or settings; 3 the checkpoint does not
fit; 4 robot fault; 130 interrupted. With `--json` the last line on stdout is one JSON object and all else goes to
stderr. Everything heavy is imported by the command that needs it, so that `limber --help` answers at once.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Sequence

import tyro

from controller.commands.deploy import Deploy
from controller.commands.doctor import Doctor
from controller.commands.emulate import Emulate
from controller.commands.export import Export
from controller.commands.flags import BAD_CHECKPOINT, BAD_USAGE, DONE, FAILED, INTERRUPTED, ROBOT_FAULT
from controller.commands.list import List
from controller.commands.new_robot import NewRobot
from controller.commands.replay import Replay
from controller.commands.run import Run
from controller.commands.streams import complain, forgiving, tell
from controller.commands.stress import Stress
from controller.commands.train import Train
from controller.jobs.interrupts import termination, uninterrupted
from dynamics.files import CURES, trouble

DESCRIPTION = "Legged robots that keep going when their body or the ground changes under them."
_NARROWEST = 20
"""Columns of a terminal; help for fewer would never end."""

Command = Run | Train | Stress | Deploy | Emulate | NewRobot | Replay | Export | Doctor | List
COMMANDS: dict[str, Callable[..., Command]] = {
    "run": Run,
    "train": Train,
    "stress": Stress,
    "deploy": Deploy,
    "emulate": Emulate,
    "new-robot": NewRobot,
    "replay": Replay,
    "export": Export,
    "doctor": Doctor,
    "list": List,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, of the process or with these arguments behind `limber`; returns its exit status."""
    # One thread: the planner is timed, and spinning OpenMP threads ruin it. Read when NumPy and torch are imported.
    for variable, value in (("OMP_NUM_THREADS", "1"), ("OMP_WAIT_POLICY", "PASSIVE")):
        os.environ.setdefault(variable, value)
    if shutil.get_terminal_size().columns < _NARROWEST:
        os.environ["COLUMNS"] = str(_NARROWEST)
    with termination(), forgiving():
        try:
            return _carry_out(arguments)
        except KeyboardInterrupt:
            complain("interrupted")
            return INTERRUPTED


def _carry_out(arguments: Sequence[str] | None) -> int:
    """Run one command and tell what came of it, whoever listens."""
    if (where := _nowhere()) is not None:
        complain(where)
        return BAD_USAGE
    for flag, value in itertools.pairwise(["limber", *(sys.argv[1:] if arguments is None else arguments)]):
        if not value or (value.startswith("--") and value.find("=") == len(value) - 1):
            complain(f"command line: {value.rstrip('=') or flag}: expected a value, got an empty one")
            return BAD_USAGE
    try:
        command: Command = tyro.extras.subcommand_cli_from_dict(
            COMMANDS, args=arguments, prog="limber", description=DESCRIPTION, config=(tyro.conf.FlagCreatePairsOff,)
        )
    except (SystemExit, OSError) as stop:  # tyro has printed help, or what is wrong
        return _tell("", BAD_USAGE if isinstance(stop, SystemExit) and stop.code else DONE)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    _without_opengl()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            answer = command()
    except (ValueError, RuntimeError, OSError) as error:
        status = _status(error)
        complain(trouble(error) if isinstance(error, OSError) else str(error))
        return status
    except MemoryError as error:
        complain(f"out of memory: {error}; ask for less, or run it on a larger machine")
        return FAILED
    if answer.complaint:
        complain(answer.complaint)
    return _tell(json.dumps(answer.data) if command.json else answer.text, answer.status)


def _nowhere() -> str | None:
    """Return what is wrong with the working folder: libraries that look for it say something else, or end."""
    try:
        os.getcwd()
    except OSError as error:
        return (
            f"working folder: expected one that exists, got one that was deleted ({error.strerror}); change to another"
        )
    return None


def _without_opengl() -> None:
    """Let MuJoCo do without OpenGL, which it looks for when it is imported, where MUJOCO_GL asks for one that fails."""
    if "MUJOCO_GL" in os.environ:
        try:
            import mujoco  # noqa: F401 - for what comes of it
        except (RuntimeError, ImportError, AttributeError, OSError):
            os.environ["MUJOCO_GL"] = "disable"  # for the processes of this command too


def _status(error: Exception) -> int:
    """Return the exit status of an error of one of our families; any other is a defect and is raised again."""
    if isinstance(error, OSError):
        return FAILED if error.errno in CURES else BAD_USAGE
    from controller.settings.layers import ConfigError

    if isinstance(error, ConfigError):
        return BAD_USAGE
    from controller.jobs.executors import WorkersLost
    from dynamics.checkpoint import CheckpointError
    from dynamics.training.dataset import DatasetError
    from dynamics.training.fit import FitError
    from hardware.robot import RobotError
    from hardware.walkers.policy import PolicyError
    from planners.problem import PlanningError

    match error:
        case CheckpointError():
            return BAD_CHECKPOINT
        case DatasetError() | FitError() | PlanningError() | PolicyError():
            return BAD_USAGE
        case RobotError():
            return ROBOT_FAULT
        case WorkersLost():
            return FAILED
        case _:
            raise error


def _tell(text: str, status: int) -> int:
    """Write the answer to stdout; returns the exit status, which says where that failed."""
    with uninterrupted():
        why = tell(text)
    if why is None:
        return status
    complain(f"stdout: cannot be written: {why}")
    return status or FAILED
