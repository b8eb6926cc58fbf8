"""The command line: flags in, one exit status out.

Exit status: 0 done; 1 doctor found a failure, or a replay differs; 2 bad usage or settings; 3 the checkpoint does not
fit; 4 robot fault; 130 interrupted. With `--json` the last line on stdout is one JSON object and all else goes to
stderr. Everything heavy is imported by the command that needs it, so that `limber --help` answers at once.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence

import tyro

from controller.commands.deploy import Deploy
from controller.commands.doctor import Doctor
from controller.commands.emulate import Emulate
from controller.commands.flags import BAD_CHECKPOINT, BAD_USAGE, DONE, INTERRUPTED, ROBOT_FAULT
from controller.commands.list import List
from controller.commands.replay import Replay
from controller.commands.run import Run
from controller.commands.stress import Stress
from controller.commands.train import Train
from controller.jobs.interrupts import termination

DESCRIPTION = "Legged robots that keep going when their body or the ground changes under them."


Command = Run | Train | Stress | Deploy | Emulate | Replay | Doctor | List
COMMANDS: dict[str, Callable[..., Command]] = {
    "run": Run,
    "train": Train,
    "stress": Stress,
    "deploy": Deploy,
    "emulate": Emulate,
    "replay": Replay,
    "doctor": Doctor,
    "list": List,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Args:
        arguments: what follows `limber` on the command line; None takes it from the process.
    """
    # One thread: the planner is timed, and spinning OpenMP threads ruin it. Read when NumPy and torch are imported.
    for variable, value in (("OMP_NUM_THREADS", "1"), ("OMP_WAIT_POLICY", "PASSIVE")):
        os.environ.setdefault(variable, value)
    try:
        command: Command = tyro.extras.subcommand_cli_from_dict(
            COMMANDS, args=arguments, prog="limber", description=DESCRIPTION, config=(tyro.conf.FlagCreatePairsOff,)
        )
    except SystemExit as stop:  # tyro has printed help, or what is wrong
        return BAD_USAGE if stop.code else DONE
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    try:
        with contextlib.redirect_stdout(sys.stderr), termination():
            answer = command()
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except (ValueError, RuntimeError) as error:
        status = _status(error)
        _complain(str(error))
        return status
    except OSError as error:
        _complain(f"{error.filename or 'a file'}: cannot be read or written: {error.strerror or error}")
        return BAD_USAGE
    if answer.complaint:
        _complain(answer.complaint)
    output = json.dumps(answer.data) if command.json else answer.text
    if output:
        _print(output)
    return answer.status


def _status(error: Exception) -> int:
    """Return the exit status of an error of one of our families; any other is a defect and is raised again."""
    from controller.settings.layers import ConfigError

    if isinstance(error, ConfigError):
        return BAD_USAGE
    from dynamics.checkpoint import CheckpointError
    from dynamics.training.dataset import DatasetError
    from dynamics.training.fit import FitError
    from hardware.robot import RobotError

    match error:
        case CheckpointError():
            return BAD_CHECKPOINT
        case DatasetError() | FitError():
            return BAD_USAGE
        case RobotError():
            return ROBOT_FAULT
        case _:
            raise error


def _print(text: str) -> None:
    """Print; whoever reads may have gone, such as `head`."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is flushed at the end


def _complain(message: str) -> None:
    print(f"limber: {message}", file=sys.stderr)
