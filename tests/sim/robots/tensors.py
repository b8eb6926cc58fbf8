"""Mass properties of a compiled body, in axes that can be compared."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray


def inertia(model: mujoco.MjModel, body: int) -> NDArray[np.float64]:
    """Return the inertia tensor about the centre of mass in the body's axes (3, 3)."""
    axes = np.empty(9)
    mujoco.mju_quat2Mat(axes, model.body_iquat[body])
    turn = axes.reshape(3, 3)
    return np.asarray(turn @ np.diag(model.body_inertia[body]) @ turn.T)
