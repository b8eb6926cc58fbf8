"""What an experiment consists of: data, recipes, and how each is trained."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from controller.config import RobotName
from controller.courses.goals import GOALS
from controller.settings import assets, robots
from controller.settings.layers import ByKind, nearest
from controller.training.on_policy_episodes import OnPolicySettings
from controller.training.random_episodes import CollectSettings
from dynamics.adapters.base import AdapterSettings
from dynamics.adapters.fixed import FixedSettings
from dynamics.factory import KINDS
from dynamics.training.fit import FitSettings
from dynamics.training.recipes import NetworkSettings
from sim.strict import at_least, one_of, positive, require

AdapterChoice = Annotated[AdapterSettings, ByKind(lambda: {name: kind.settings for name, kind in KINDS.items()})]


@dataclass(frozen=True)
class RecipeSettings:
    """How one recipe is trained.

    Attributes:
        query: transitions K that follow each support in training; 1 for recipes without support.
        shares: recipe whose trained network this adapter uses; then nothing is trained.
        begins: recipe whose trained network and parts the fit begins with, as one that refines it; None starts anew.
        plain: recipe of a plain model, which an adapter that encodes the window starts from, and falls back to.
    """

    adapter: AdapterChoice = field(default_factory=FixedSettings)
    fit: FitSettings = field(default_factory=lambda: FitSettings(steps=12_000, batch=64))
    network: NetworkSettings = field(default_factory=NetworkSettings)
    query: int = 16
    shares: str | None = None
    begins: str | None = None
    plain: str | None = None

    def __post_init__(self) -> None:
        at_least(self, 1, "query")
        rollout = getattr(self.adapter, "rollout", 1)
        require(rollout <= self.query, "adapter.rollout", f"at most the query's {self.query} transitions", rollout)
        if getattr(self.adapter, "samples", 0) and self.network.members > 1:
            raise ValueError(f"adapter.samples: expected 0 with {self.network.members} members of an ensemble")

    @property
    def expense(self) -> float:
        """A rough measure of how long the fit takes, for ordering."""
        return self.fit.steps * self.fit.batch * self.query * getattr(self.adapter, "steps", 1)

    def shortened(self, steps: int) -> RecipeSettings:
        """Return the same recipe with fewer steps of training."""
        return replace(self, fit=replace(self.fit, steps=steps, validate_every=min(self.fit.validate_every, steps)))


@dataclass(frozen=True)
class ExperimentSettings:
    """One training run of some recipes on the same data.

    Attributes:
        robot: which robot, simulated: a name, or the path of a file.
        rate_hz: control rate; a model's step is one tick.
        goal: family of hidden goals whose reward the models predict too; None for paths.
        reward_weight: how many times as much as that of another channel an error of the reward counts.
        goals_per_episode: how often each recorded episode is used, with a goal of its own every time.
        query: transitions K after a window on which adaptation is judged; the window M is the adapter's.
        support: transitions before the first query of an episode when recipes are compared; the longest window or more.
        validation: share of the training episodes that is held out for early stopping.
        mirror: use every training episode of a symmetric robot a second time, left and right exchanged.
        without: family of conditions that is left out of the training data, together with all mixtures.
    """

    robot: RobotName = robots.DEFAULT
    rate_hz: float = 20.0
    goal: str | None = None
    reward_weight: float = 8.0
    goals_per_episode: int = 1
    seed: int = 0
    query: int = 16
    support: int = 24
    validation: float = 0.06
    mirror: bool = False
    without: str | None = None
    collect: CollectSettings = field(default_factory=CollectSettings)
    on_policy: OnPolicySettings = field(default_factory=OnPolicySettings)
    recipes: Mapping[str, RecipeSettings] = field(default_factory=dict)
    workers: int = 2

    def __post_init__(self) -> None:
        families = robots.spec(self.robot).anatomy.families
        for name in self.collect.families:
            one_of("collect.families", name, families)
        if self.without is not None and self.without not in families:
            raise ValueError(f"without: unknown family '{self.without}'; {nearest(self.without, families)}")
        if self.goal is not None and self.goal not in GOALS:
            raise ValueError(f"goal: unknown goal '{self.goal}'; {nearest(self.goal, GOALS)}")
        symmetric = robots.spec(self.robot).symmetric and self.goal is None
        require(symmetric or not self.mirror, "mirror", "false without a symmetric robot on a path", self.mirror)
        rounds, driver = self.on_policy.rounds, self.on_policy.driver
        require(self.goal is None or not rounds, "on_policy.rounds", "0 with a hidden goal", rounds)
        positive(self, "reward_weight")
        at_least(self, 1, "query", "support", "workers", "goals_per_episode", most=10_000)
        require(0 < self.rate_hz <= 500, "rate_hz", "more than 0 and at most 500", self.rate_hz)
        require(0 < self.validation < 1, "validation", "a share in (0, 1)", self.validation)
        count = self.collect.episodes
        left = count - max(1, round(self.validation * count))
        require(left > 0, "validation", f"to leave some of {count} episodes to train on", self.validation)
        require(bool(self.recipes), "recipes", "at least one", "none")
        for name, recipe in self.recipes.items():
            self._check(name, recipe)
        fits = not rounds or driver in self.fitted
        require(fits, "on_policy.driver", f"one of {', '.join(self.fitted)}", repr(driver))

    def _check(self, name: str, recipe: RecipeSettings) -> None:
        plain = re.fullmatch("[a-z0-9_]{1,40}", name) is not None
        require(plain, "recipes", "names of lower-case letters, digits and _, 40 at most", repr(name))
        longest = round(self.collect.seconds * self.rate_hz)
        window = max(self.support, recipe.adapter.window)
        length = window + max(self.query, recipe.query)
        require(length <= longest, f"recipes.{name}", f"window + query of at most an episode, {longest} ticks", length)
        kind, others = recipe.adapter.kind, {other: r for other, r in self.recipes.items() if other != name}
        if recipe.shares is not None:
            kinds = {kind, KINDS[kind].lender}
            lenders = [other for other, r in others.items() if r.shares is None and r.adapter.kind in kinds]
            other = f"a recipe of kind {' or '.join(sorted(filter(None, kinds)))} that is trained"
            expected = f"one of {', '.join(lenders) or other}"
            require(recipe.shares in lenders, f"recipes.{name}.shares", expected, repr(recipe.shares))
        if recipe.begins is not None:
            fitting = [o for o, r in others.items() if (r.shares, r.begins, r.network) == (None, None, recipe.network)]
            expected = f"one of {', '.join(fitting) or 'a recipe that is trained anew, with the same network'}"
            require(recipe.begins in fitting, f"recipes.{name}.begins", expected, repr(recipe.begins))
        if recipe.plain is not None:
            place, hidden = f"recipes.{name}.plain", recipe.network.hidden
            require("plain" in KINDS[kind].lent, place, "an adapter that encodes windows", kind)
            alike = [o for o, r in others.items() if r.adapter.kind == "fixed" and r.network.hidden == hidden]
            expected = f"one of {', '.join(alike) or 'a recipe of kind fixed with the same network'}"
            require(recipe.plain in alike, place, expected, repr(recipe.plain))

    @property
    def fitted(self) -> tuple[str, ...]:
        """Recipes with a network of their own, the longest fit first."""
        own = [name for name, recipe in self.recipes.items() if recipe.shares is None]
        return tuple(sorted(own, key=lambda name: -self.recipes[name].expense))

    def model_file(self, folder: Path, recipe: str) -> Path:
        """Return where the checkpoint of a recipe is written."""
        written = recipe if self.without is None else f"{recipe}-without-{self.without}"
        name, rate = robots.spec(self.robot).name, robots.unusual(self.robot, self.rate_hz)
        return folder / assets.checkpoint_name(name, written, rate, self.goal)
