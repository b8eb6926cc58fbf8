"""Settings of a robot's runs, of its training and of its stress suite, proposed beside its file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from controller.newcomers.commented import Said, Section, written
from controller.newcomers.robot_file import leg_sets
from controller.newcomers.sizes import Sizes
from sim.discovery.discover import Found

EPISODES, HELDOUT = 360, 48
"""Episodes that a first training collects: minutes on two cores."""
_TURNS = 12
"""Control periods that a plan looks ahead."""


def settings_files(name: str, found: Found, place: Path, *, gait: bool) -> Mapping[str, str]:
    """Return file names and texts of the settings of a robot whose own file is at `place`."""
    sizes, planar = Sizes.of(found, gait=gait), found.root == "planar"
    return {
        f"{name}-run.yaml": written(
            [f"What limber run --robot {name}.yaml starts from; flags and --set override it key by key."],
            {"robot": _robot(place), **_course(gait, planar=planar), "adapter": Said("snail", "of those it is trained"),
             **_control(sizes, gait), "seconds": Said(20.0, "a choice"), "seed": Said(0, "fixes every random number")},
        ),
        f"{name}-train.yaml": written(
            ["A first training, in minutes on two cores: more episodes and more steps make better models.",
             f"limber train --config {name}-train.yaml --out models"],
            _training(place, sizes, gait=gait, symmetric=bool(found.images)),
        ),
        f"{name}-stress.yaml": written(
            [f"Who copes with what: limber stress --config {name}-stress.yaml"],
            _stress(place, found, sizes, gait=gait),
        ),
    }  # fmt: skip


def _robot(place: Path) -> Said:
    return Said(str(place), "the robot's file")


def _course(gait: bool, *, planar: bool) -> Section:
    name = "figure8" if gait else "forward" if planar else "straight"
    return {
        "course": Said(name, "limber list courses has others"),
        "terrain": Said("flat", "as the robot was settled on"),
    }


def _control(sizes: Sizes, gait: bool) -> Section:
    search = {"candidates": 36 if gait else 96, "elites": 10 if gait else 16, "iterations": 2}
    planner: Section = {
        "kind": Said("hybrid", "explores with samples, then polishes with Newton steps"),
        "search": Said(search, "what two cores do within a tick" if gait else "more, for there is an action a motor"),
        "polish": Said({"iterations": 1, "damping": 3.0}, "as of the quadruped that comes along"),
        "seeds": Said(1, "the same"),
    }
    control: Section = {
        "rate_hz": Said(sizes.control_hz, "control_hz of the robot's file"),
        "horizon": Said(_TURNS, "about a step and a half"),
        "delay_ticks": Said(1, "a plan is there a tick after it was asked for"),
        "budget": Said(0.4, "share of a tick for planning"),
        "change": Said(3.0 if gait else 1.0, "what it costs to change an action"),
        "tilt": Said(10.0 if gait else 2.0, "what it costs to lean"),
        "upright": Said(0.12 if gait else 0.35, "a lean that costs nothing [rad]"),
    }
    return {"planner": planner, "control": control}


def _training(place: Path, sizes: Sizes, *, gait: bool, symmetric: bool) -> Section:
    window = 20
    return {
        "robot": _robot(place),
        "rate_hz": Said(sizes.control_hz, "control_hz of the robot's file: a model's step is a tick"),
        "seed": Said(0, "fixes every random number"),
        "query": Said(12, "ticks on which adaptation is judged: about a plan's"),
        "support": Said(window, "ticks before them: the longest window"),
        "validation": Said(0.06, "share that is kept for early stopping"),
        "mirror": Said(symmetric, "whether every episode counts twice, left and right exchanged: as the body is"),
        "collect": {
            "episodes": Said(EPISODES, "minutes; five times as many are better"),
            "heldout_episodes": Said(HELDOUT, "under conditions that are kept back"),
            "seconds": Said(8.0, "a choice"),
            "onset_share": Said(0.3, "share of the conditions that begin on the way"),
            "noise": Said(0.08 if gait else 0.2, "on the actions, as a share of their ranges"),
            "alike": Said(0.0, "motors do not move together"),
            "falls": Said(True, "what leads to a fall is what a plan should see coming"),
            "workers": Said(2, "processes"),
        },
        "recipes": {
            "mb": Said(
                {"adapter": {"kind": "fixed"}, "query": 1, "fit": {"steps": 8000, "batch": 512}}, "never adapted"
            ),
            "mb_de": Said(
                {"adapter": {"kind": "finetune", "window": window, "rate": 0.1}, "shares": "mb"}, "fine-tunes it"
            ),
            "snail": Said(
                {"adapter": {"kind": "attention", "window": window}, "plain": "mb", "query": 12,
                 "fit": {"steps": 4000, "batch": 128}},
                "reads the window by attention",
            ),
            "grbal": Said(
                {"adapter": {"kind": "gradient", "window": window, "steps": 2}, "query": 12,
                 "fit": {"steps": 2000, "batch": 64}},
                "gradient steps on the window",
            ),
        },
        "workers": Said(2, "processes"),
    }  # fmt: skip


def _stress(place: Path, found: Found, sizes: Sizes, *, gait: bool) -> Section:
    mass = found.mass
    sets = {split: each for split, each, _ in leg_sets([leg.name for leg in found.legs])}
    kept = "kept back from training, drawn for each seed"
    conditions = [
        Said({"name": "intact", "protocol": "within", "family": "none"}, "nothing happens"),
        Said({"name": "payload", "protocol": "within", "family": "payload"}, kept),
        Said({"name": "payload-midway", "protocol": "onset", "family": "payload", "onset": 4.0}, kept),
        Said({"name": "motors-midway", "protocol": "onset", "family": "motor", "onset": 4.0}, kept),
        Said({"name": "slope", "protocol": "within", "family": "slope"}, kept),
        Said(
            {
                "name": "payload-heavy",
                "protocol": "extrapolation",
                "perturbations": [f"payload:mass={0.6 * mass:.4g}@4"],
            },
            "0.6 of its mass: beyond what was drawn",
        ),
    ]
    if sets:
        conditions.insert(1, Said({"name": "lost-leg", "protocol": "onset", "family": "leg_loss", "onset": 4.0}, kept))
    return {
        "robot": _robot(place),
        **_course(gait, planar=False),
        "seconds": Said(14.0, "of a run"),
        "seeds": Said(3, "runs of each; thirty tell more"),
        "adapters": Said(["mb", "mb_de", "snail", "grbal"], "what train.yaml trains"),
        "adapter": Said("snail", "of which the promises speak"),
        **_control(sizes, gait),
        "worst": Said(0, "runs that are reported in full"),
        "workers": Said(2, "processes"),
        "conditions": conditions,
    }
