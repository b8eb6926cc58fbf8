"""The experiments of the literature that are run here: robot, course, what is tested on, and what was published.

Published figures are those of tables that others made from the papers; where only a picture was published, none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sim.perturbations import CrippledLeg, DeadMotor, LegMass, Perturbation, Scaled

Drawn = tuple[Perturbation, ...]
Draw = Callable[[np.random.Generator], Drawn]
"""What happens in one run of a condition."""


@dataclass(frozen=True)
class Experiment:
    """One experiment.

    Attributes:
        title: what it is called here and in docs.
        settings: of its runs, a file below configs/experiments/literature.
        conditions: what is tested on, by name.
        published: figures by the name of their method, returns over 1000 steps.
        source: of those.
        differs: what is not as published.
    """

    title: str
    settings: str
    conditions: Mapping[str, Draw]
    published: Mapping[str, float]
    source: str
    differs: str


def _scaled(low: float, high: float) -> Draw:
    return lambda rng: (Scaled(*map(float, rng.uniform(low, high, 2))),)


def _heavy(low: float, high: float) -> Draw:
    def draw(rng: np.random.Generator) -> Drawn:
        factor = float(rng.uniform(low, high))
        legs = {"front_left": factor, "front_right": factor, "back_left": 1.0 / factor, "back_right": 1.0 / factor}
        return (LegMass(tuple(legs.items())),)

    return draw


def _dead(*motors: str, onset: float = 0.0) -> Draw:
    return lambda _: tuple(DeadMotor(motor, onset=onset) for motor in motors)


def _crippled(leg: str, onset: float = 0.0) -> Draw:
    return lambda _: (CrippledLeg((leg,), onset=onset),)


CADM = "CaDM (Lee et al. 2020, https://arxiv.org/abs/2005.06800), table 1, from a secondary source"
GRBAL = "GrBAL (Nagabandi et al. 2019, https://arxiv.org/abs/1803.11347): pictures alone, no figures"
_BANDS = ((0.2, 0.3), (0.4, 0.5), (1.5, 1.6), (1.7, 1.8))
_OURS = (
    "MuJoCo 3.17 instead of 1.31; runs begin at rest, without noise; training scales are drawn from intervals; "
    "plans pay for leaning, which the reward does not"
)

EXPERIMENTS: Mapping[str, Experiment] = {
    "E1": Experiment(
        "half-cheetah, masses and dampings",
        "half-cheetah-run.yaml",
        {f"x{low:g}-{high:g}": _scaled(low, high) for low, high in _BANDS},
        {"plain": 1026.7, "PE-TS": 2019.6, "plain + CaDM": 1556.1, "PE-TS + CaDM": 7087.2},
        CADM,
        f"{_OURS}; masses and dead motors share one model and 200 episodes of 1000 steps",
    ),
    "E2": Experiment(
        "half-cheetah, a crippled joint",
        "half-cheetah-run.yaml",
        {"fshin": _dead("fshin"), "ffoot": _dead("ffoot"), "both": _dead("fshin", "ffoot")},
        {"plain": 870.0, "PE-TS": 1916.5, "plain + CaDM": 1375.3, "PE-TS + CaDM": 2618.7},
        CADM,
        f"{_OURS}; masses and dead motors share one model and 200 episodes of 1000 steps",
    ),
    "E3": Experiment(
        "ant, masses of legs",
        "ant-run.yaml",
        {f"x{low:g}-{high:g}": _heavy(low, high) for low, high in ((0.2, 0.4), (0.4, 0.6))},
        {"plain": 520.0, "PE-TS": 1075.1, "plain + CaDM": 1315.7, "PE-TS + CaDM": 2121.0},
        CADM,
        f"{_OURS}, for leaps and for large actions; episodes of 200 steps",
    ),
    "E4-half-cheetah": Experiment(
        "half-cheetah at 100 Hz, a dead motor",
        "half-cheetah-grbal-run.yaml",
        {"bthigh": _dead("bthigh"), "bthigh in mid-run": _dead("bthigh", onset=5.0)},
        {},
        GRBAL,
        f"{_OURS}; 200 episodes of 1000 steps",
    ),
    "E4-ant": Experiment(
        "ant at 50 Hz, a crippled leg",
        "ant-grbal-run.yaml",
        {"back_right": _crippled("back_right"), "back_right in mid-run": _crippled("back_right", onset=10.0)},
        {},
        GRBAL,
        f"{_OURS}; 200 episodes of 500 steps",
    ),
}
