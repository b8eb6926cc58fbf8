"""How the simulated crawler walks: forward speed and yaw rate for pairs of leg speeds under single perturbations.

    python -m benchmarks.gaits [--seconds 3] [--starts 4]

Every cell is the mean over random starting phases of the legs, after the first half second.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from controller.settings.robots import spec
from hardware.rotation import roll_pitch_yaw
from sim.bodies.base import Setpoints
from sim.bodies.crawler import CrawlerPhysics
from sim.perturbations import Perturbation, parse
from sim.terrain import TERRAINS

REV = 2.0 * math.pi
ANATOMY = spec("roach").anatomy
PAIRS = ((3, 3), (6, 6), (9, 9), (9, 2), (2, 9), (9, 5), (5, 9))
CONDITIONS = (
    "",
    *(f"leg_loss:leg={leg}" for leg in ANATOMY.legs),
    "leg_loss:leg=left_middle+right_front",
    "payload:mass=0.01,x=0.02,y=0.015",
    "motor:left=0.7",
    "friction:mu=0.4",
    "terrain:kind=turf",
)


def cell(
    perturbations: tuple[Perturbation, ...], pair: tuple[int, int], seconds: float, seed: int
) -> tuple[float, float]:
    """Return forward speed [m/s] and yaw rate [rad/s] of one walk."""
    physics = CrawlerPhysics(ANATOMY, TERRAINS["flat"], perturbations)
    physics.reset(rng=np.random.default_rng(seed))
    physics.command(Setpoints.speeds(REV * np.array(pair, dtype=np.float64)))
    physics.step(500)
    yaws, speeds = [], []
    for _ in range(round(seconds / 0.01)):
        physics.step(10)
        yaw = roll_pitch_yaw(physics.quaternion)[2]
        east, north, _ = physics.velocity
        yaws.append(yaw)
        speeds.append(math.cos(yaw) * east + math.sin(yaw) * north)
    unwrapped = np.unwrap(yaws)
    return float(np.mean(speeds)), float(unwrapped[-1] - unwrapped[0]) / seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a walk")
    parser.add_argument("--starts", type=int, default=4, help="walks averaged for each cell")
    options = parser.parse_args()
    print("forward speed [m/s] and yaw rate [rad/s], left positive, for leg speeds (left, right) [rev/s]")
    print(f"{'':38}" + "".join(f"{f'({left}, {right})':>14}" for left, right in PAIRS))
    for text in CONDITIONS:
        perturbations = (parse(text),) if text else ()
        row = ""
        for pair in PAIRS:
            walks = [cell(perturbations, pair, options.seconds, seed) for seed in range(options.starts)]
            speed, yaw = np.mean(walks, axis=0)
            row += f"{speed:7.2f} {yaw:+6.2f}"
        print(f"{text or 'intact':38}{row}")


if __name__ == "__main__":
    main()
