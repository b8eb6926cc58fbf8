"""Recipes by name: those that come with Limber, and those that there is a trained model of.

A recipe is an adapter with its training, an entry in an experiment's YAML file; the table here is for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from controller.settings import assets
from controller.settings.layers import nearest

RECIPES: Mapping[str, str] = MappingProxyType(
    {
        "grbal": "meta-learned prior, adapted by gradient steps on the last M transitions",
        "grbal_online": "grbal whose step sizes go on learning while the robot runs",
        "mr_maml": "grbal trained with a price on what its prior memorises",
        "cavia": "gradient steps on a small constant input alone",
        "rebal": "recurrent network that reads the window",
        "snail": "attention over the window",
        "pearl": "latent context: every transition narrows a Gaussian",
        "belief": "recurrent belief about the true condition, which it can name",
        "priors": "several learned starting points, mixed by recent error, and solutions remembered",
        "alpaca": "closed-form Bayesian regression of the last layer",
        "mb": "plain model, never adapted",
        "mb_de": "plain model that keeps fine-tuning",
        "mb_large": "plain model four times as large, never adapted",
        "informed": "model that is told the true condition; simulated robots only",
    }
)


def refusal(recipe: str, robot: str, folder: Path | None = None) -> str | None:
    """Return why a robot cannot be run with a recipe of this name, or None where it can.

    Args:
        recipe: one of the table, or any that has been trained.
        robot: its name.
        folder: where trained models lie, as <robot>-<recipe>.safetensors; None for those that come with Limber.
    """
    files = (folder or assets.checkpoint(robot, recipe).parent).glob(f"{robot}-*.safetensors")
    trained = [file.stem.removeprefix(f"{robot}-") for file in files]
    if recipe in RECIPES or any(f"{name}-".startswith(f"{recipe}-") for name in trained):
        return None
    return f"unknown adapter '{recipe}'; {nearest(recipe, {*RECIPES, *(name.partition('-')[0] for name in trained)})}"
