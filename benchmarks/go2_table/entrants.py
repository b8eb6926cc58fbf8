"""Who takes part: recipes that plan with a model, loops that do without one; with settings that search found."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch

from benchmarks.go2_table.loops import LoopGains, plan
from controller.build import Rig, build, controller, load_model
from controller.config import RunSettings, run_settings
from controller.mission import Mission
from controller.settings import robots
from controller.settings.layers import Layer, read_yaml, resolve
from controller.training.fitting import state_space
from dynamics.adapters.fixed import FixedSettings
from dynamics.checkpoint import Checkpoint
from dynamics.model import Model, Normalizer
from hardware.spec import RobotSpec
from planners.plan import Plan
from planners.problem import Problem

LOOPS: Mapping[str, LoopGains] = {"P": LoopGains(integral=0.0), "PI": LoopGains()}
MAIN = ("PI", "mb", "mb_offset", "snail")
OTHERS = ("P", "grbal", "belief", "snail_grbal", "informed")
PLANNED = "planner"
"""Under this name stand the settings that all share who plan."""
TUNED = Path(__file__).with_name("tuned.yaml")


@dataclass(frozen=True)
class Entrant:
    """Somebody who walks a robot.

    Attributes:
        robot: which one: by its drive.
        name: of a recipe, or of a loop.
        own: what differs from the usual settings, as JSON: of the run, or of a loop's gains.
    """

    robot: str
    name: str
    own: str = "{}"

    def settings(self, values: Mapping[str, object]) -> RunSettings:
        """Return the settings of a run; loops plan in no time and integrate themselves."""
        loop = self.name in LOOPS
        layers = [Layer("table", {"robot": self.robot, **values, "adapter": "mb" if loop else self.name})]
        layers.append(Layer("table", {"control": {"delay_ticks": 0, "integral": 0}} if loop else json.loads(self.own)))
        return run_settings(layers)

    def rig(self, mission: Mission) -> Rig:
        """Return everything wired up."""
        if self.name not in LOOPS:
            return build(mission, load_model(mission, self.name))
        gains = resolve(LoopGains, [Layer("table", asdict(LOOPS[self.name])), Layer("table", json.loads(self.own))])
        none = nothing(mission.spec, mission.loop.period)
        rig, rest = build(mission, none), mission.actions.rest

        def search(problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
            return plan(problem, gains, rest, previous)

        return replace(rig, controller=controller(mission, none, search=search))

    @property
    def file(self) -> str:
        """What the robot is called in names of files; it may be given by the path of one."""
        return re.sub(r"[^\w-]+", "-", self.robot)

    @property
    def build(self) -> str:
        """Return letters that change with robot, walker, model and settings, so that no old result is taken for new."""
        file = robots.checkpoint(self.robot, self.name)
        model = file.read_bytes() if self.name not in LOOPS and file.is_file() else b""
        spec = robots.spec(self.robot)
        policy = getattr(getattr(spec.drive, "contract", None), "policy", None)
        walker = Path(policy).read_bytes() if policy is not None and Path(policy).is_file() else b""
        settings = run_settings([Layer("table", {"robot": self.robot, "adapter": "mb"})])
        usual = str(settings.control.rate_hz if self.name in LOOPS else settings).encode()
        robot = re.sub(r"\S*/", "", repr(spec)).encode()  # wherever its files lie
        return sha256(b"|".join((self.own.encode(), model, walker, usual, robot))).hexdigest()[:8]

    @property
    def ready(self) -> bool:
        """Whether there is a model of it."""
        return self.name in LOOPS or robots.checkpoint(self.robot, self.name).is_file()


def tuned(robot: str, name: str) -> Entrant:
    """Return an entrant with what random search found best for it; whoever walks the robot by another policy, too."""
    found = read_yaml(TUNED).values.get(robot.partition("+")[0], {}) if TUNED.is_file() else {}
    own = found.get(name if name in LOOPS else PLANNED, {}) if isinstance(found, Mapping) else {}
    return Entrant(robot, name, json.dumps(own, sort_keys=True))


def nothing(spec: RobotSpec, period: float) -> Checkpoint:
    """Return a model that predicts that nothing changes, for who asks no model."""
    space, actions = state_space(spec), tuple(action.name for action in spec.actions)
    inputs, size = space.num_features + len(actions), space.size
    still = (torch.zeros(1, inputs, 1), torch.zeros(1, 1), torch.zeros(1, 1, size), torch.zeros(1, size))
    scalings = (
        Normalizer(np.zeros(inputs), np.ones(inputs), np.inf),
        Normalizer(np.zeros(size), np.ones(size), np.inf),
    )
    return Checkpoint(spec.name, "mb", period, Model(space, actions, *scalings, None, still), FixedSettings(), {}, {})
