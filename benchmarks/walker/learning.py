"""Proximal policy optimisation of a walker by rsl-rl, in stages that resume: nothing else imports it."""

from __future__ import annotations

import contextlib
import csv
import io
import logging
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from rsl_rl.algorithms import PPO
from tensordict import TensorDict
from torch import Tensor

from benchmarks.walker.contract import metadata, write
from benchmarks.walker.demonstration import GaitTeacher, demonstrate
from benchmarks.walker.environment import WalkerEnvironment
from benchmarks.walker.observation import Mirror
from benchmarks.walker.settings import WalkerSettings
from controller.settings import robots

FloatArray = NDArray[np.float64]

STATE = "walker-state.pt"
CURVE = "curve.csv"
UP, DOWN, EAGERNESS = (0.66, 4.0), (0.5, 9.0), 0.01
"""The level of hardness rises when the reward for velocity is above, and falls per robot and minute are below; it sinks
when one of them is beyond the second pair; by how much for each update."""

log = logging.getLogger(__name__)


@dataclass
class _Robots:
    """What rsl-rl asks of robots while it builds its networks."""

    num_envs: int
    num_actions: int
    mirrors: tuple[Mirror, Mirror, Mirror]


@dataclass(frozen=True)
class Stage:
    """One that is done."""

    number: int
    last: Mapping[str, float]
    """Row of the curve of its last update."""


def learn(settings: WalkerSettings, out: Path, stages: int) -> Iterator[Stage]:
    """Train from the newest state in `out`, or from nothing, to the last of `stages`, and yield every one that is done.

    A stage begins with fresh robots and generators of its own, so that a training that was interrupted goes on as if
    nothing had been. What comes before the first is the imitation of the gait.
    """
    out.mkdir(parents=True, exist_ok=True)
    state = read_state(out / STATE) if (out / STATE).is_file() else None
    for number in range(0 if state is None else int(state["stage"]) + 1, stages + 1):
        level = settings.imitation.level if state is None else float(state["level"])
        with _seeded(settings.seed, number):
            environment = WalkerEnvironment(settings, np.random.default_rng((settings.seed, number)), level)
            algorithm = build(settings, environment)
            if state is not None:
                algorithm.load(state, None, strict=True)
            if number == settings.learning.loose:
                algorithm.actor.distribution.log_std_param.data.fill_(math.log(settings.learning.spread))
            rows = []
            if number > 0:
                rows = list(_stage(settings, environment, algorithm, number - 1))
                _append(out / CURVE, rows)
            elif settings.imitation.steps > 0:
                imitate(settings, environment, algorithm)
        state = {**algorithm.save(), "stage": number, "level": environment.level if rows else 0.0}
        torch.save(state, out / "new.pt")
        (out / "new.pt").replace(out / STATE)
        if rows:
            yield Stage(number, rows[-1])


def read_state(path: Path) -> dict[str, Any]:
    """Return what a stage left."""
    found: dict[str, Any] = torch.load(path, weights_only=True)
    return found


def build(settings: WalkerSettings, environment: WalkerEnvironment) -> PPO:
    """Return untrained networks and what trains them."""
    learning = settings.learning
    layers = list(learning.hidden)
    network = {"class_name": "MLPModel", "hidden_dims": layers, "activation": "elu", "obs_normalization": True}
    spread = {"class_name": "GaussianDistribution", "init_std": learning.spread, "std_type": "log"}
    mirrored = {
        "data_augmentation_func": _with_mirror_images,
        "use_mirror_loss": True,
        "mirror_loss_coeff": learning.mirror,
    }
    algorithm = {
        "class_name": "PPO",
        "num_learning_epochs": learning.epochs,
        "num_mini_batches": learning.batches,
        "learning_rate": learning.rate,
        "desired_kl": learning.divergence,
        "entropy_coef": learning.entropy,
        "gamma": learning.discount,
        "lam": learning.smoothing,
        "symmetry_cfg": mirrored if learning.mirror > 0.0 else None,
    }
    config = {
        "algorithm": algorithm,
        "actor": {**network, "distribution_cfg": spread},
        "critic": network,
        "obs_groups": {"actor": ["seen"], "critic": ["told"]},
        "num_steps_per_env": learning.steps,
        "multi_gpu": None,
    }
    shape = _Robots(settings.count, len(environment.pose), environment.mirrors())
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its networks
        found = PPO.construct_algorithm(_tensors(*environment.look()), shape, config, "cpu")
    # Nothing but a gradient may change what the policy does: its inputs are scaled as the gait's, for good.
    found.actor.obs_normalizer.until = 1
    return found


def imitate(settings: WalkerSettings, environment: WalkerEnvironment, algorithm: PPO) -> None:
    """Let the policy learn what the gait does, and its mirror image."""
    imitation, actor, rng = settings.imitation, algorithm.actor, np.random.default_rng((settings.seed, 0, 1))
    teacher = GaitTeacher(robots.spec(settings.robot), environment)
    shown = list(demonstrate(teacher, environment, imitation.steps, imitation.noise, rng))
    views = _tensors(np.concatenate([step.seen for step in shown]), np.concatenate([step.told for step in shown]))
    acted = torch.from_numpy(np.concatenate([step.action for step in shown])).float()
    for network in (actor.train(), algorithm.critic.train()):
        network.update_normalization(views)
    mirrored, _, mirror = environment.mirrors()
    seen, both = torch.cat((views["seen"], _image(mirrored, views["seen"]))), torch.cat((acted, _image(mirror, acted)))
    optimizer = torch.optim.Adam(actor.mlp.parameters(), imitation.rate)
    for _ in range(imitation.rounds):
        losses = []
        order = torch.randperm(len(seen), generator=torch.default_generator)[: len(acted)]
        for batch in torch.split(order, imitation.batch):
            loss = ((actor.mlp(actor.obs_normalizer(seen[batch])) - both[batch]) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        log.info("imitation: %g", np.mean(losses))
    actor.distribution.log_std_param.data.fill_(math.log(imitation.spread))
    environment.tally = type(environment.tally)()


def export(settings: WalkerSettings, state: Path, policy: Path) -> Path:
    """Write the policy of a state as ONNX with its contract beside it; return the contract's file."""
    with _seeded(settings.seed, 0):
        few = replace(settings, count=2)
        environment = WalkerEnvironment(few, np.random.default_rng(settings.seed), 0.0)
        algorithm = build(few, environment)
    algorithm.load(read_state(state), {"actor": True}, strict=True)
    actor = algorithm.actor.eval()
    mean, spread = actor.obs_normalizer._mean, actor.obs_normalizer._std + actor.obs_normalizer.eps
    network = torch.nn.Sequential(_Normalize(mean.clone(), spread.clone()), actor.mlp)
    example = torch.from_numpy(environment.look()[0][:1]).float()
    policy.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.redirect_stdout(io.StringIO()):
        torch.onnx.export(
            network, (example,), policy, input_names=["obs"], output_names=["actions"], dynamo=False, opset_version=17
        )
    model = onnx.load(policy)
    onnx.helper.set_model_props(model, metadata(settings))
    onnx.save(model, policy)
    return write(settings, policy)


class _Normalize(torch.nn.Module):
    """Observations less their mean, over their spread."""

    def __init__(self, mean: Tensor, spread: Tensor) -> None:
        super().__init__()
        self.mean, self.spread = torch.nn.Parameter(mean, False), torch.nn.Parameter(spread, False)

    def forward(self, seen: Tensor) -> Tensor:
        return (seen - self.mean) / self.spread


def _stage(
    settings: WalkerSettings, environment: WalkerEnvironment, algorithm: PPO, stage: int
) -> Iterator[dict[str, float]]:
    """Take one stage's updates, with a row for the curve after each."""
    algorithm.train_mode()
    seen = _tensors(*environment.look())
    for update in range(settings.stage):
        settled = stage > 0 or update >= settings.imitation.settling
        algorithm.actor.requires_grad_(settled)
        algorithm.schedule = "adaptive" if settled else "fixed"
        began = time.monotonic()
        with torch.inference_mode():
            for _ in range(settings.learning.steps):
                step = environment.step(algorithm.act(seen).numpy().astype(np.float64))
                seen = _tensors(step.seen, step.told)
                late = torch.from_numpy(step.late)
                rewards, done = torch.from_numpy(step.reward).float(), torch.from_numpy(step.done)
                algorithm.process_env_step(seen, rewards, done, {"time_outs": late})
            algorithm.compute_returns(seen)
        walked = time.monotonic()
        losses = algorithm.update()
        row = _row(settings, environment, stage * settings.stage + update + 1)
        environment.level = _next_level(environment.level, row)
        row |= {"value_loss": losses["value"], "noise": algorithm.actor.output_std.mean().item()}
        row |= {"rate": algorithm.learning_rate, "walking_s": walked - began, "learning_s": time.monotonic() - walked}
        log.info("%s", in_words(row))
        yield row


def in_words(row: Mapping[str, float]) -> str:
    """Return a row of the curve on one line."""
    return " ".join(f"{name}={value:.4g}" for name, value in row.items())


def _row(settings: WalkerSettings, environment: WalkerEnvironment, update: int) -> dict[str, float]:
    """Return means since the last row, and begin a new tally."""
    tally = environment.tally
    environment.tally = type(tally)()
    minutes = tally.steps * environment.dt / 60.0
    means = {name: total / tally.steps for name, total in tally.sums.items()}
    row = {"update": update, "steps": update * settings.learning.steps * settings.count, "level": environment.level}
    row |= {"falls": tally.falls / minutes, "intact_falls": tally.intact_falls / minutes}
    return row | means


def _next_level(level: float, row: Mapping[str, float]) -> float:
    velocity, falls = row["velocity"], row["falls"]
    if velocity > UP[0] and falls < UP[1]:
        return min(1.0, level + EAGERNESS)
    return max(0.0, level - EAGERNESS) if velocity < DOWN[0] or falls > DOWN[1] else level


def _tensors(seen: FloatArray, told: FloatArray) -> TensorDict:
    both = {"seen": torch.from_numpy(seen).float(), "told": torch.from_numpy(told).float()}
    return TensorDict(both, batch_size=[len(seen)])


def _with_mirror_images(
    env: _Robots, obs: TensorDict | None, actions: Tensor | None
) -> tuple[TensorDict | None, Tensor | None]:
    """Return observations and actions followed by their mirror images, as rsl-rl asks for them."""
    seen, told, acted = env.mirrors
    if obs is not None:
        image = {"seen": _image(seen, obs["seen"]), "told": _image(told, obs["told"])}
        obs = torch.cat((obs, TensorDict(image, batch_size=obs.batch_size)))
    if actions is not None:
        actions = torch.cat((actions, _image(acted, actions)))
    return obs, actions


def _image(mirror: Mirror, values: Tensor) -> Tensor:
    return values[..., torch.from_numpy(mirror.place)] * torch.from_numpy(mirror.sign).float()


@contextlib.contextmanager
def _seeded(seed: int, stage: int) -> Iterator[None]:
    """Let what draws from torch's own generator, as rsl-rl does, draw from a stage's."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(np.random.SeedSequence((seed, stage)).generate_state(1)[0]))
        yield


def _append(path: Path, rows: list[dict[str, float]]) -> None:
    fresh = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        if fresh:
            writer.writeheader()
        writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in rows)
