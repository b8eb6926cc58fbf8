"""Watches a run beside the plan loop, and says at every tick what is the matter with the robot, and how sure that is.

It changes nothing: whatever adapts and plans, the same numbers go by, and a small network of its own reads them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dynamics.checkpoint import CheckpointError
from dynamics.diagnosis import evidence
from dynamics.diagnosis.reader import Reader
from dynamics.state_space import from_names
from dynamics.transitions import FloatArray
from hardware import signs
from hardware.spec import RobotSpec

LEAST_SHOWN = 0.01
"""Causes less likely than this are not told."""


@dataclass(frozen=True)
class Diagnosis:
    """What is believed at one tick.

    Attributes:
        causes: probability of each cause that is worth telling, the likeliest first; `none` is one of them.
        amounts: mean and deviation of how much there is of those, by perturbation and amount, in SI units.
    """

    causes: Mapping[str, float] = field(default_factory=dict)
    amounts: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[str, float]:
        """Probability of each kind, over all parts that it may befall, the likeliest first."""
        found: dict[str, float] = {}
        for cause, probability in self.causes.items():
            kind = cause.partition(":")[0]
            found[kind] = found.get(kind, 0.0) + probability
        return dict(sorted(found.items(), key=lambda item: -item[1]))


class Gathering:
    """Makes one row of numbers out of every tick: what a diagnosis goes by."""

    def __init__(self, spec: RobotSpec) -> None:
        self._spec, self._space = spec, from_names([(c.name, c.unit, c.kind) for c in spec.channels])
        self._before: FloatArray | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What the numbers of a row are, in order (F,)."""
        names = [channel.name for channel in self._spec.channels]
        space, actions = self._space, tuple(f"action_{action.name}" for action in self._spec.actions)
        turned = (f"{turn}_{names[i]}" for turn in ("cos", "sin") for i in space.angles)
        changes = (f"change_{name}" for name in names)
        return (*(names[i] for i in space.vectors), *turned, *actions, *changes, *signs.names(self._spec))

    def take(self, state: FloatArray, applied: FloatArray | None, seen: FloatArray | None) -> FloatArray | None:
        """Return the row (F,) of the tick that ends now, NaN where something is not known; None for the first one.

        Args:
            state: state vector (S,) at its end.
            applied: action (A,) over it; None where there was not one.
            seen: signs of the servo's cycles over it (D,), see `hardware.signs`; None where there were none.
        """
        before, self._before = self._before, state if np.isfinite(state).all() else None
        if before is None or self._before is None or seen is None:
            return None
        moved, action = self._space.difference(state, before), applied
        if action is None:
            moved, action = np.full_like(moved, np.nan), np.full(len(self._spec.actions), np.nan)
        return np.concatenate([self._space.encode(before), action, moved, seen])


class Observer:
    """Reads rows as they come, and remembers what was believed before. Raises CheckpointError for another robot."""

    def __init__(self, spec: RobotSpec, reader: Reader) -> None:
        self._reader, self._gathering = reader, Gathering(spec)
        self._names = np.array(reader.facts.causes)
        if self._gathering.names != reader.facts.inputs:
            got = f"those of a diagnosis of robot {reader.facts.robot}"
            raise CheckpointError(f"diagnosis: expected the signs of robot {spec.name}, got {got}")
        self._rows: deque[FloatArray] = deque(maxlen=reader.facts.window)
        self._belief = reader.fresh

    def look(self, state: FloatArray, applied: FloatArray | None, seen: FloatArray | None) -> Diagnosis:
        """Return what is believed at the end of a tick; the arguments are those of `Gathering.take`."""
        return self.read(self._gathering.take(state, applied, seen))

    def read(self, row: FloatArray | None) -> Diagnosis:
        """Return what is believed after one more row (F,), or after a tick that said nothing."""
        facts, reader, found, seen = self._reader.facts, self._reader, None, None
        if row is None:
            self._rows.clear()
        else:
            self._rows.append(row)
            found = reader.read(np.stack(self._rows))
            seen = facts.calibration.worth * evidence.likelihood(found.log_probabilities, reader.prior)
        self._belief = evidence.advance(self._belief, seen, reader.fresh, facts.calibration.change)
        order = np.argsort(-self._belief)
        shown = {str(self._names[i]): float(self._belief[i]) for i in order if self._belief[i] >= LEAST_SHOWN}
        if found is None:
            return Diagnosis(shown)
        told = {cause.partition(":")[0] for cause in shown}
        numbers = zip(facts.amounts, found.means.tolist(), found.deviations.tolist(), strict=True)
        return Diagnosis(shown, {name: (mean, spread) for name, mean, spread in numbers if name.split(".")[0] in told})
