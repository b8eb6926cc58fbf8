"""What comes with Limber, in a clone or inside an installed wheel: recipes, settings, trained models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from controller.settings.layers import nearest

_PACKAGE = Path(__file__).resolve().parents[1]
_ROOT = _PACKAGE / "assets" if (_PACKAGE / "assets").is_dir() else _PACKAGE.parent

RECIPES: Mapping[str, str] = {
    "grbal": "meta-learned prior, adapted by gradient steps on the last M transitions",
    "grbal_online": "grbal whose step sizes go on learning while the robot runs",
    "mr_maml": "grbal trained with a price on what its prior memorises",
    "cavia": "gradient steps on a small constant input alone",
    "rebal": "recurrent network that reads the window",
    "snail": "attention over the window",
    "snail_grbal": "attention proposes where to start, gradient steps refine it",
    "pearl": "latent context: every transition narrows a Gaussian",
    "belief": "recurrent belief about the true condition, which it can name",
    "priors": "several learned starting points, mixed by recent error, and solutions remembered",
    "alpaca": "closed-form Bayesian regression of the last layer",
    "mb": "plain model, never adapted",
    "mb_de": "plain model that keeps fine-tuning",
    "mb_large": "plain model four times as large, never adapted",
    "informed": "model that is told the true condition; simulated robots only",
}
"""An entry each in an experiment's YAML file, an adapter with its training; the lines here are for people."""

DIAGNOSIS = "diagnosis"
"""What stands in the place of a recipe in names."""


def robot(name: str) -> Path:
    """Return the file of what is known about a robot: ranges, checks, poses, gains."""
    return _ROOT / "configs" / "robots" / f"{name}.yaml"


def robots() -> list[Path]:
    """Return the files of the robots that come with Limber."""
    return sorted(robot("").parent.glob("*.yaml"), key=lambda file: file.stem)


def experiments() -> list[Path]:
    """Return the settings of all trainings and suites that come along."""
    return sorted((_ROOT / "configs" / "experiments").rglob("*.yaml"))


def run_config(robot: str, rate_hz: float | None = None, *, goal: bool = False) -> Path:
    """Return the settings file of a robot: on a path or with a hidden goal, at its usual or another rate [Hz]."""
    return _ROOT / "configs" / "run" / f"{robot}{'-goal' if goal else ''}{_suffix(rate_hz)}.yaml"


def checkpoint(robot: str, recipe: str, rate_hz: float | None = None, goal: str | None = None) -> Path:
    """Return the trained model of a robot, at its usual control rate or at another one [Hz]."""
    return _ROOT / "models" / checkpoint_name(robot, recipe, rate_hz, goal)


def checkpoint_name(robot: str, recipe: str, rate_hz: float | None, goal: str | None) -> str:
    """Return what the file of a trained model is called; one that predicts a hidden goal's reward names its family."""
    return f"{robot}-{recipe}{'' if goal is None else f'-{goal}'}{_suffix(rate_hz)}.safetensors"


def diagnosis(model: Path) -> Path:
    """Return where the diagnosis of a robot lies whose trained model of that name would lie there."""
    return model.parent / "diagnosis" / model.name.replace(f"-{DIAGNOSIS}", "", 1)


def left_out(model: Path, family: str) -> Path:
    """Return where the twin of a model lies that was trained without a family of conditions."""
    return model.parent / "leave-one-out" / f"{model.stem}-without-{family}{model.suffix}"


def refusal(recipe: str, robot: str, folder: Path | None = None) -> str | None:
    """Return why a robot cannot be run with a recipe, one of the table or any that has been trained; None where it can.

    Trained models lie in a folder as <robot>-<recipe>.safetensors; by default those that come with Limber.
    """
    files = trained(robot, folder or checkpoint(robot, recipe).parent)
    known = {name.partition("-")[0] for name in files}
    if recipe in RECIPES or recipe in known:
        return None
    return f"unknown adapter '{recipe}'; {nearest(recipe, {*RECIPES, *known})}"


def trained(robot: str, folder: Path) -> list[str]:
    """Return the recipes of which a folder has a trained model of a robot, and the rate or goal of unusual ones."""
    others = tuple(f"{file.stem}-" for file in robots() if file.stem.startswith(f"{robot}-"))
    files = folder.glob(f"{robot}-*.safetensors")
    return sorted(file.stem.removeprefix(f"{robot}-") for file in files if not file.stem.startswith(others))


def _suffix(rate_hz: float | None) -> str:
    return "" if rate_hz is None else f"-{rate_hz:g}hz"
