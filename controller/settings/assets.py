"""Where the settings and trained models that come with Limber lie: in a clone, or inside an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_ROOT = _PACKAGE / "assets" if (_PACKAGE / "assets").is_dir() else _PACKAGE.parent


def robot(name: str) -> Path:
    """Return the file of what is known about a robot: ranges, checks, poses, gains."""
    return _ROOT / "configs" / "robots" / f"{name}.yaml"


def robots() -> list[Path]:
    """Return the files of the robots that come with Limber."""
    return sorted(robot("").parent.glob("*.yaml"))


def run_config(robot: str, rate_hz: float | None = None, *, goal: bool = False) -> Path:
    """Return the settings file of a robot: on a path or with a hidden goal, at its usual or another rate [Hz]."""
    return _ROOT / "configs" / "run" / f"{robot}{'-goal' if goal else ''}{_suffix(rate_hz)}.yaml"


def checkpoint(robot: str, recipe: str, rate_hz: float | None = None, goal: str | None = None) -> Path:
    """Return the trained model of a robot, at its usual control rate or at another one [Hz]."""
    return _ROOT / "models" / checkpoint_name(robot, recipe, rate_hz, goal)


def checkpoint_name(robot: str, recipe: str, rate_hz: float | None, goal: str | None) -> str:
    """Return what the file of a trained model is called; one that predicts a hidden goal's reward names its family."""
    return f"{robot}-{recipe}{'' if goal is None else f'-{goal}'}{_suffix(rate_hz)}.safetensors"


def left_out(model: Path, family: str) -> Path:
    """Return where the twin of a model lies that was trained without a family of conditions."""
    return model.parent / "leave-one-out" / f"{model.stem}-without-{family}{model.suffix}"


def _suffix(rate_hz: float | None) -> str:
    return "" if rate_hz is None else f"-{rate_hz:g}hz"
