"""A run in the scene of a page: the robot, its ground and course, where it went, what it plans and what it expected."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import numpy as np
import viser
from numpy.typing import NDArray

from controller.courses.lead import Pose, moved
from controller.settings import robots
from controller.telemetry.run_log import FloatArray, RunHeader
from controller.view.body import Clicked, DrawnBody, Pushed
from controller.view.frame import Frame
from controller.view.ground import DrawnGround
from hardware.steering import STILL, Velocity

_COURSE, _TRAIL = (150, 158, 170), (0, 114, 178)
_PLAN, _FAN, _EXPECTED = (0, 158, 115), (190, 198, 206), (213, 94, 0)
_ROOM = 0.3
"""What a robot has around it that these widths and heights are for [m]; a larger one is drawn larger."""
_WIDTHS = {"course": 0.004, "trail": 0.003, "plan": 0.004, "fan": 0.0012, "expected": 0.003}
_MEANT = {"course": _COURSE, "went": _TRAIL, "plan": _PLAN, "candidates": _FAN, "expected": _EXPECTED}
_LIFTS = {"course": 0.0004, "trail": 0.0012, "fan": 0.0020, "expected": 0.0028, "plan": 0.0036}
"""How far lines lie above the ground, so that none flickers through another [m]."""
_TRAIL_TICKS = 600
_PIECES, _HEAD, _BARB = 20, 0.03, math.radians(150.0)
"""Of an arrow that says what a robot is told: pieces, length of its head [m], and how far that is turned back."""
_GAIN = 0.25
"""Share of the way to the robot that the view follows it in a picture."""


class Stage:
    """One run in the scene, which moves so that the robot stays in its middle, beside others that are `apart` [m]."""

    def __init__(
        self,
        server: viser.ViserServer,
        header: RunHeader,
        told: tuple[Clicked, Pushed],
        name: str,
        apart: float,
    ) -> None:
        anatomy = robots.spec(header.source or header.robot).anatomy
        self._server, self._name = server, f"/{name}"
        self._root = server.scene.add_frame(self._name, show_axes=False)
        self.body = DrawnBody(server, self._name, anatomy, header.terrain, *told)
        self.scale = self.body.scale / _ROOM
        self._at = np.array([0.0, apart * self.scale])
        self._over = server.scene.add_frame(f"{self._name}/lines", show_axes=False)
        self._lines: dict[str, viser.LineSegmentsHandle] = {}
        self._trail: deque[tuple[float, float]] = deque(maxlen=_TRAIL_TICKS)
        self._plans: deque[FloatArray] = deque()
        self._middle = np.zeros(2)
        self._channels = header.channels
        self._ground = DrawnGround(server, self._name, self.body.model, self.body.data, self.scale)
        self.course(header.path)

    def label(self, text: str) -> None:
        """Write something above the robot."""
        self._server.scene.add_label(f"{self.body.trunk}/label", text, position=(0.0, 0.0, 0.2 * self.body.scale))

    @property
    def legend(self) -> str:
        """Return what the colours mean, and how large a square of the ground is, as HTML."""
        marks = [f'<span style="color:rgb{colour}">&#9632;</span>&nbsp;{name}' for name, colour in _MEANT.items()]
        return f'<p style="margin:6px 14px;font-size:12px">{" ".join(marks)} · squares of {self._ground.cell:g} m</p>'

    def clear(self) -> None:
        """Forget where the robot was."""
        self._trail.clear()
        self._plans.clear()

    def course(self, path: FloatArray | Sequence[Sequence[float]]) -> None:
        """Draw a course: points (P) [m]."""
        self._line("course", np.array(path, np.float64).reshape(-1, 2), _COURSE)

    def note(self, frame: Frame) -> None:
        """Take in a tick, whether it is drawn or not."""
        state = dict(zip(self._channels, frame.record.state, strict=True))
        if np.isfinite([state["x"], state["y"]]).all():
            self._trail.append((state["x"], state["y"]))
        plan = np.array(frame.record.plan, np.float64).reshape(-1, 2)
        self._plans.append(plan)
        while len(self._plans) > max(1, len(plan)):
            self._plans.popleft()
        if frame.record.path is not None:
            self.course(frame.record.path)
        elif frame.record.wanted is not None:
            self.course(_arrow(Pose(state["x"], state["y"], state["yaw"]), frame.record.wanted, _HEAD * self.scale))

    def draw(self, frame: Frame) -> None:
        """Show a tick."""
        self.body.happen(frame.record.perturbations)
        if frame.record.qpos is not None:
            self.body.pose(frame.record.qpos)
        self._ground.show(self.body.condition.terrain, self.body.place)
        self._over.position = (0.0, 0.0, self._ground.highest)
        self._follow(self.body.place)
        trail = np.array(self._trail).reshape(-1, 2)
        self._line("trail", trail, _TRAIL)
        self._line("plan", np.array(frame.record.plan, np.float64).reshape(-1, 2), _PLAN)
        self._line("expected", self._plans[0] if len(self._plans) > 1 else np.empty((0, 2)), _EXPECTED)
        fan = np.array(frame.fan, np.float64)
        pairs = np.stack([fan[:, :-1], fan[:, 1:]], axis=2).reshape(-1, 2, 2) if fan.size else np.empty((0, 2, 2))
        self._segments("fan", pairs, _FAN)

    def _follow(self, place: FloatArray) -> None:
        """Move everything so that the robot is in the middle, and the ground leans as it does."""
        if np.linalg.norm(place - self._middle) > 2.0 * self.body.scale:
            self._middle = place
        self._middle = self._middle + _GAIN * (place - self._middle)
        level = self.body.level
        shift = _rotated(level, np.array([*-self._middle, 0.0]))
        self._root.wxyz, self._root.position = level, shift + np.array([*self._at, 0.0])

    def on_ground(self, vector: FloatArray) -> FloatArray:
        """Return a vector (3,) of the scene in the axes of the ground."""
        w, x, y, z = self.body.level
        return _rotated(np.array([w, -x, -y, -z]), vector)

    def _line(self, name: str, points: FloatArray, colour: tuple[int, int, int]) -> None:
        """Draw a line through points (P, 2) on the ground."""
        self._segments(name, np.stack([points[:-1], points[1:]], axis=1), colour)

    def _segments(self, name: str, pairs: FloatArray, colour: tuple[int, int, int]) -> None:
        """Draw pieces (N, 2, 2) on the ground; a new set takes the place of the one before."""
        pairs = pairs[np.isfinite(pairs).all(axis=(1, 2))]
        if len(pairs) == 0:
            if name in self._lines:
                self._lines[name].visible = False
            return
        points = _lifted(pairs, _LIFTS[name] * self.scale)
        if name not in self._lines:
            width = _WIDTHS[name] * self.scale
            self._lines[name] = self._server.scene.add_line_segments(
                f"{self._over.name}/{name}", points, colour, thickness=width
            )
        line = self._lines[name]
        line.visible, line.points = True, points


def _arrow(at: Pose, wanted: Velocity, head: float) -> FloatArray:
    """Return an arrow to where a robot gets to in a second that does as it is told (P, 2) [m]; none where it stands."""
    if wanted == STILL:
        return np.empty((0, 2))
    way = [at]
    for _ in range(_PIECES):
        way.append(moved(way[-1], wanted, 1.0 / _PIECES))
    x, y, yaw = way[-1]
    barbs = [(x + head * math.cos(yaw + side), y + head * math.sin(yaw + side)) for side in (-_BARB, _BARB)]
    return np.array([*((pose.x, pose.y) for pose in way), barbs[0], (x, y), barbs[1]])


def _lifted(pairs: FloatArray, height: float) -> NDArray[np.float32]:
    return np.concatenate([pairs, np.full((*pairs.shape[:2], 1), height)], axis=-1).astype(np.float32)


def _rotated(quaternion: FloatArray, vector: FloatArray) -> FloatArray:
    """Turn a vector (3,) by a quaternion wxyz (4,)."""
    w, xyz = quaternion[0], quaternion[1:]
    return np.asarray(vector + 2.0 * np.cross(xyz, np.cross(xyz, vector) + w * vector))
