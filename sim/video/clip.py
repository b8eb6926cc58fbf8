"""What a video is made of: runs as logged, notes, a camera, and the pose at any moment between two ticks."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class RenderError(RuntimeError):
    """No video could be made; the message says what is missing."""


@dataclass(frozen=True)
class Note:
    """Something that was true over a part of a run: a text in the picture, bodies that vanish or appear."""

    text: str
    start: float
    """First instant [s]."""
    end: float
    """First instant at which it is over [s]."""
    alpha: tuple[tuple[str, float], ...] = ()
    """Bodies and the opacity that all their geoms have over that time: 0 hides a lost leg."""


@dataclass(frozen=True)
class Clip:
    """One run as logged."""

    title: str
    model: mujoco.MjModel
    times: FloatArray
    """Strictly increasing instants (T,) [s]."""
    qpos: FloatArray
    """Generalised positions at those instants (T, nq), the trunk's first."""
    rgb: tuple[float, float, float] = (0.0, 0.447, 0.698)
    """Colour of the trail on the floor."""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class View:
    """Picture size and camera."""

    width: int = 640
    """Width of one run's picture [pixels]."""
    height: int = 480
    fps: int = 25
    distance: float = 0.5
    """Camera to the point it looks at [m], for a crawler; larger robots are seen from further away."""
    azimuth: float = 90.0
    """Heading of the camera's line of sight in the world [degrees]; 90 looks along +y."""
    elevation: float = -40.0
    """Below the horizon is negative [degrees]."""


def places(model: mujoco.MjModel, qpos: FloatArray) -> FloatArray:
    """Return where the trunk is on the ground (..., 2) [m], in poses (..., nq); in a plane along x, y is zero."""
    free = model.jnt_type[0] == mujoco.mjtJoint.mjJNT_FREE
    return qpos[..., :2] if free else np.stack([qpos[..., 0], np.zeros(qpos.shape[:-1])], axis=-1)


def pose_at(model: mujoco.MjModel, times: FloatArray, qpos: FloatArray, time: float) -> FloatArray:
    """Return the pose (nq,) at an instant [s] from those (T, nq) logged at increasing instants (T,) [s].

    Quaternions turn the short way; outside of what was logged the first or last pose holds.
    """
    right = int(np.clip(np.searchsorted(times, time), 1, len(times) - 1))
    fraction = float(np.clip((time - times[right - 1]) / (times[right] - times[right - 1]), 0.0, 1.0))
    pose, velocity = np.array(qpos[right - 1], np.float64), np.empty(model.nv)
    mujoco.mj_differentiatePos(model, velocity, 1.0, pose, qpos[right])
    mujoco.mj_integratePos(model, pose, velocity, fraction)
    return pose
