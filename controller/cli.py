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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import arg

from controller.commands.deploy import Deploy
from controller.commands.emulate import Emulate
from controller.commands.flags import (
    BAD_CHECKPOINT,
    BAD_USAGE,
    DONE,
    INTERRUPTED,
    ROBOT_FAULT,
    Answer,
    File,
    Folder,
    Name,
    Number,
    Repeated,
    Setting,
    Switch,
    layers,
    number,
)
from controller.commands.replay import Doctor, Replay
from controller.jobs.interrupts import termination

if TYPE_CHECKING:
    from controller.settings.layers import Layer

DESCRIPTION = "Legged robots that keep going when their body or the ground changes under them."


@dataclass(frozen=True)
class Run:
    """Drive a robot over a course, in real time or in lock-step, and report."""

    robot: Name = None
    """Which robot (limber list robots)."""
    course: Name = None
    """Which path to follow (limber list courses)."""
    terrain: Name = None
    """Ground of a simulated robot."""
    perturb: Annotated[Repeated, arg(metavar="NAME:KEY=VALUE,...[@START[-END]]")] = ()
    """What happens to a simulated robot, for example leg_loss:leg=left_middle@6 (limber list perturbations)."""
    adapter: Name = None
    """Recipe of the model (limber list adapters)."""
    planner: Name = None
    """What searches for actions (limber list planners)."""
    model: Name = None
    """What predicts while planning: learned, or oracle, the true simulator as the upper bound (with --fast only)."""
    state: Name = None
    """What the plan is told of the body: measured, or estimated from the robot's own sensors."""
    seconds: Number = None
    """Length of the run [s]."""
    seed: Number = None
    """Fixes every random number."""
    rate: Number = None
    """Ticks per second, where the robot has settings and a model for it [Hz]."""
    checkpoint: File = None
    """Trained model, in place of the one that comes with Limber."""
    config: File = None
    """Settings file, in place of the robot's own; the settings.yaml of a run folder repeats that run."""
    set: Setting = ()
    """Any other setting, for example planner.search.candidates=200."""
    fast: Switch = False
    """Lock-step instead of real time: as fast as the machine allows, bit-identical for one seed."""
    compare: Name = None
    """Run the same once more with another adapter and report both side by side."""
    out: Folder = None
    """Run folder [runs/<time>-<robot>-<course>-<adapter>]."""
    video: Switch = True
    """Leave the video out."""
    json: Switch = False
    """Print the summary as one JSON object."""

    def __call__(self) -> Answer:
        """Run and report."""
        from controller.config import run_settings

        settings = run_settings(self.layers(), self.config)
        from controller.runs.simulated import (  # after the settings: a typing mistake is answered sooner
            Options,
            execute,
        )

        outcome = execute(settings, Options(fast=self.fast, compare=self.compare, out=self.out, video=self.video))
        text = f"{outcome.headline}\n{outcome.folder / 'report.html'}"
        if outcome.fault is not None:
            _complain(f"the robot stopped: {outcome.fault}")
            return Answer(outcome.summary, text, ROBOT_FAULT)
        return Answer(outcome.summary, text, INTERRUPTED if outcome.interrupted else DONE)

    def layers(self) -> list[Layer]:
        """Return the flags that were given as layers of settings."""
        given = {
            "robot": self.robot,
            "course": self.course,
            "terrain": self.terrain,
            "perturbations": list(self.perturb) or None,
            "adapter": self.adapter,
            "planner": None if self.planner is None else {"kind": self.planner},
            "model": self.model,
            "state": self.state,
            "seconds": number(self.seconds),
            "seed": number(self.seed),
            "control": None if self.rate is None else {"rate_hz": number(self.rate)},
            "checkpoint": None if self.checkpoint is None else str(self.checkpoint),
        }
        return layers(given, self.set)


@dataclass(frozen=True)
class Train:
    """Collect data, meta-train all recipes, evaluate them and write their checkpoints."""

    config: Annotated[Path, arg(metavar="FILE")]
    """Settings of the experiment, for example configs/experiments/roach-grbal.yaml."""
    resume: Switch = False
    """Go on where an interrupted training of the same settings stopped."""
    out: Folder = None
    """Folder for data, state and results [runs/train-<name of the config>]."""
    set: Setting = ()
    """Override a setting, for example seed=1."""
    json: Switch = False
    """Print the results as one JSON object."""

    def __call__(self) -> Answer:
        """Train and evaluate."""
        from controller.settings.layers import assignment
        from controller.training.train import execute

        overrides = [assignment(text) for text in self.set]
        return Answer(execute(self.config, overrides, self.out, resume=self.resume))


@dataclass(frozen=True)
class Stress:
    """Run the stress suite: adapters under many conditions and seeds, scored between plain and informed model."""

    config: Annotated[Path, arg(metavar="FILE")]
    """Settings of the suite, for example configs/experiments/roach-stress.yaml."""
    adapters: Annotated[str | None, arg(metavar="NAME,NAME,...", help_behavior_hint="")] = None
    """Who takes part (limber list adapters; oracle is the simulator itself); scores need mb and informed among them."""
    seeds: Number = None
    """Runs of each adapter in each condition."""
    workers: Number = None
    """Processes on this machine."""
    scheduler: Annotated[str | None, arg(metavar="ADDRESS", help_behavior_hint="")] = None
    """Compute on a Dask cluster instead, for example tcp://10.0.0.1:8786 (needs the extra cluster)."""
    resume: Switch = False
    """Go on where an interrupted suite of the same settings stopped."""
    out: Folder = None
    """Folder for trials and report [runs/stress-<name of the config>]."""
    set: Setting = ()
    """Override a setting, for example seconds=6."""
    json: Switch = False
    """Print the standings as one JSON object."""

    def __call__(self) -> Answer:
        """Run the suite and report."""
        given = {
            "adapters": None if self.adapters is None else [name.strip() for name in self.adapters.split(",")],
            "seeds": number(self.seeds),
            "workers": number(self.workers),
        }
        from controller.stress.suite import Request, execute

        overrides = layers(given, self.set)
        return Answer(*execute(self.config, overrides, Request(self.out, self.resume, self.scheduler)))


@dataclass(frozen=True)
class List:
    """List what can be named on the command line."""

    what: Annotated[str, tyro.conf.Positional, arg(metavar="{robots|courses|perturbations|adapters|planners}")]
    """Which family."""
    json: Switch = False
    """Print a JSON object {family: {name: description}}."""

    def __call__(self) -> Answer:
        """Return {family: {name: description}}."""
        from controller.commands.list import catalogue

        entries = catalogue(self.what)
        return Answer({self.what: entries}, "\n".join(f"{name:<14} {line}" for name, line in entries.items()))


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
