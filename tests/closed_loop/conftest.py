"""A model of the quadruped that is good enough to walk: the one that comes along, else one trained for the occasion."""

from __future__ import annotations

import pytest
from rich.console import Console

from controller import experiment, shipped
from controller.collect import CollectSettings
from controller.experiment_settings import ExperimentSettings, RecipeSettings
from controller.fitting import checkpoint_path
from dynamics.adapters.fixed import FixedSettings
from dynamics.fit import FitSettings
from dynamics.recipes import NetworkSettings

FIT = FitSettings(steps=1500, batch=128, validate_every=250)
SMALL = ExperimentSettings(
    robot="go2",
    rate_hz=25.0,
    query=4,
    support=4,
    validation=0.1,
    collect=CollectSettings(episodes=40, heldout_episodes=2, seconds=4.0, workers=1),
    recipes={"mb": RecipeSettings(FixedSettings(), FIT, NetworkSettings((64,)), query=1)},
    workers=1,
)


@pytest.fixture(scope="session")
def quadruped_model(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Flags that name a model of the Go2: none, or those of a small one."""
    if shipped.checkpoint("go2", "grbal").is_file():
        return ()
    out = tmp_path_factory.mktemp("go2")
    experiment.run(SMALL, out, Console(quiet=True))
    return "--adapter", "mb", "--checkpoint", str(checkpoint_path(SMALL, out, "mb"))
