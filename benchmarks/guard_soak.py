"""Can any sequence of plans, states and faults get an unsafe command past the guard? Hypothesis tries, for long.

    python -m benchmarks.guard_soak --steps 100000

A step is one servo cycle. A failure ends it with the shortest sequence that shows it.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np
import tyro
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.hardware.guard_machine import GuardMachine

RULES = 40
"""Rules in a sequence."""


@dataclass(frozen=True)
class Arguments:
    """How long to try."""

    steps: int = 100_000


class Counted(GuardMachine):
    """Counts cycles and where they ended."""

    steps = 0
    modes: dict[str, int] = {}  # noqa: RUF012 (shared on purpose: hypothesis makes a machine for each sequence)

    def cycle(self, plan: str, ill: str, rng: np.random.Generator, dt: float = 0.002) -> None:
        """Count one cycle."""
        super().cycle(plan, ill, rng, dt)
        Counted.steps += 1
        Counted.modes[self.guard.mode.value] = Counted.modes.get(self.guard.mode.value, 0) + 1


def main() -> int:
    """Try until enough cycles were run."""
    arguments = tyro.cli(Arguments)
    begun = time.perf_counter()
    tried = settings(
        max_examples=50,
        stateful_step_count=RULES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    while Counted.steps < arguments.steps:
        run_state_machine_as_test(Counted, settings=tried)
    spread = ", ".join(f"{name} {count}" for name, count in sorted(Counted.modes.items()))
    print(f"{Counted.steps} cycles in {time.perf_counter() - begun:.0f} s, 0 unsafe commands")
    print(f"cycles by mode: {spread}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
