"""Train a policy that walks as it is told, with whatever may happen to its robot: docs/walker-training.md.

    python -m benchmarks.walker.train --out runs/walker --resume

Needs `pip install 'limber[rl]'`; hours of two cores. A stage is a few minutes; whatever ends the training, it goes on
with --resume after the last whole one. The folder holds settings.yaml, the state, the curve as curve.csv, and after
every ten stages and at the end the policy as ONNX with its contract. It is a program of the repository and no command
of `limber`: who walks a robot needs what it makes, and nothing of it.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro

from benchmarks.walker import learning
from benchmarks.walker.settings import WalkerSettings
from controller.jobs.study import claimed
from controller.settings import robots
from controller.settings.layers import ConfigError, assignment, read_yaml, resolve, to_yaml

GO2 = Path(__file__).with_name("go2.yaml")
PUBLISHED = 10
"""Stages from one policy to the next."""


@dataclass(frozen=True)
class Arguments:
    """Which training, and where."""

    config: Path = GO2
    """Settings, see benchmarks/walker/settings.py."""
    out: Path = Path("runs/walker")
    """Folder for everything."""
    resume: bool = False
    """Go on after the last whole stage."""
    stages: int = 30
    """The last stage; with --resume it may be a later one than before."""
    set: tuple[str, ...] = ()
    """Override a setting, for example seed=1."""


def main() -> int:
    """Train for the stages that are left."""
    arguments = tyro.cli(Arguments, description=__doc__)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    try:
        layers = [read_yaml(arguments.config), *map(assignment, arguments.set)]
        settings = resolve(WalkerSettings, layers)
        with claimed(arguments.out, "a walker's training", to_yaml(settings), resume=arguments.resume):
            train(settings, arguments.out, arguments.stages)
    except ConfigError as error:
        logging.error("%s", error)
        return 2
    return 0


def train(settings: WalkerSettings, out: Path, stages: int) -> None:
    """Train, and say how it goes."""
    policy = out / f"{robots.spec(settings.robot).name}-walker.onnx"
    for stage in learning.learn(settings, out, stages):
        logging.info("stage %d of %d: %s", stage.number, stages, learning.in_words(stage.last))
        if stage.number % PUBLISHED == 0 or stage.number == stages:
            logging.info("policy: %s", learning.export(settings, out / learning.STATE, policy))


if __name__ == "__main__":
    sys.exit(main())
