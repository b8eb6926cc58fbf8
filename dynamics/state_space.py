"""What the numbers of a state vector mean, so that a model may ignore where on the map the robot is.

A planar pose is absolute: it is left out of a model's input and its increment is expressed in the heading frame.
An angle enters as cosine and sine. A vector enters as it is; angles and vectors change by addition. A circular angle is
told within one turn, so it changes the short way round: a body on its back whose roll goes from 3.1 to -3.1 has hardly
moved, where the difference is that of nearly a full turn. A signal (a reward) says something about the step that led to
a state: it is no input, and a model predicts its next value, not a change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

ChannelKind = Literal["pose_x", "pose_y", "pose_yaw", "angle", "circular", "vector", "signal"]
Floats = TypeVar("Floats", NDArray[np.float32], NDArray[np.float64])


@dataclass(frozen=True)
class Channel:
    """One number of the state vector: its name, SI unit and kind."""

    name: str
    unit: str
    kind: ChannelKind


@dataclass(frozen=True)
class StateSpace:
    """The layout of the state vector and the maps in and out of a model. Raises ValueError for one that cannot be."""

    channels: tuple[Channel, ...]

    def __post_init__(self) -> None:
        names = [channel.name for channel in self.channels]
        kinds = [channel.kind for channel in self.channels]
        for channel in self.channels:
            if channel.kind not in get_args(ChannelKind):
                choices = ", ".join(get_args(ChannelKind))
                raise ValueError(f"channel {channel.name}: expected a kind of {choices}, got {channel.kind}")
        if len(set(names)) != len(names):
            raise ValueError(f"channels: expected distinct names, got {names}")
        if [kinds.count(kind) for kind in ("pose_x", "pose_y", "pose_yaw")] != [1, 1, 1]:
            raise ValueError(f"channels: expected exactly one each of pose_x, pose_y, pose_yaw, got {kinds}")

    @property
    def size(self) -> int:
        """Number of state channels S."""
        return len(self.channels)

    @cached_property
    def pose(self) -> tuple[int, int, int]:
        """Indices of x, y and yaw."""
        kinds = [channel.kind for channel in self.channels]
        return kinds.index("pose_x"), kinds.index("pose_y"), kinds.index("pose_yaw")

    @cached_property
    def vectors(self) -> NDArray[np.intp]:
        """Indices of the channels that enter a model as they are."""
        return self._where("vector")

    @cached_property
    def angles(self) -> NDArray[np.intp]:
        """Indices of the channels that enter a model as cosine and sine."""
        return self._where("angle", "circular")

    @cached_property
    def turning(self) -> NDArray[np.intp]:
        """Indices of the channels that are told within one turn: the yaw and circular angles."""
        return self._where("pose_yaw", "circular")

    @cached_property
    def signals(self) -> NDArray[np.intp]:
        """Indices of the channels that a model predicts afresh at every step and never sees."""
        return self._where("signal")

    @property
    def num_features(self) -> int:
        """Number of encoded features F."""
        return len(self.vectors) + 2 * len(self.angles)

    def encode(self, states: Floats) -> Floats:
        """Map states (..., S) to features (..., F): vectors, cosines of angles, sines of angles."""
        angles = states[..., self.angles]
        return np.concatenate([states[..., self.vectors], np.cos(angles), np.sin(angles)], axis=-1)

    def difference(self, next_states: Floats, states: Floats) -> Floats:
        """Return the increment (..., S) with `integrate(states, increment) == next_states`, up to full turns.

        The planar displacement is in the heading frame of `states`; increments of yaw and circular angles are in
        [-pi, pi); the increment of a signal is its next value.
        """
        x, y, yaw = self.pose
        increment = next_states - states
        cos, sin = np.cos(states[..., yaw]), np.sin(states[..., yaw])
        dx, dy = increment[..., x].copy(), increment[..., y].copy()
        increment[..., x] = cos * dx + sin * dy
        increment[..., y] = cos * dy - sin * dx
        increment[..., self.turning] = (increment[..., self.turning] + np.pi) % (2 * np.pi) - np.pi
        increment[..., self.signals] = next_states[..., self.signals]
        return increment

    def integrate(self, states: Floats, increments: Floats) -> Floats:
        """Apply increments (..., S) to states (..., S): the operator that DESIGN writes as a boxed plus."""
        x, y, yaw = self.pose
        result = states + increments
        cos, sin = np.cos(states[..., yaw]), np.sin(states[..., yaw])
        dx, dy = increments[..., x], increments[..., y]
        result[..., x] = states[..., x] + cos * dx - sin * dy
        result[..., y] = states[..., y] + sin * dx + cos * dy
        result[..., self.signals] = increments[..., self.signals]
        return result

    def _where(self, *kinds: ChannelKind) -> NDArray[np.intp]:
        return np.array([i for i, channel in enumerate(self.channels) if channel.kind in kinds], dtype=np.intp)


def from_names(channels: Sequence[tuple[str, str, ChannelKind]]) -> StateSpace:
    """Build a state space from (name, unit, kind) triples."""
    return StateSpace(tuple(Channel(*channel) for channel in channels))
