"""One picture after another of a logged run: robot, course and trail on the floor, title and notes."""

from __future__ import annotations

import copy
import importlib
import itertools
import os
import sys
from collections.abc import Sequence
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from sim.video.clip import Clip, FloatArray, RenderError, View, places, pose_at

ImageArray = NDArray[np.uint8]

_BACKENDS = {"linux": "egl", "darwin": "cgl", "win32": "glfw"}
_COURSE_RGBA = (0.25, 0.28, 0.32, 1.0)
_GRID_RGBA = (0.2, 0.22, 0.25, 0.25)
_GRID_SPACING, _GRID_LINES = 0.1, 9
_MAX_SEGMENTS = 200
_TRAIL_SECONDS, _TRAIL_SPACING = 5.0, 0.2
_OFFSCREEN_SAMPLES = 0
_LOOK_HEIGHT = 0.02
_EXTENT = 0.3
"""Extent of a model that is drawn with these lengths [m]; a larger one is seen from further away."""
_INK = (28, 32, 38)


def open_gl(width: int, height: int, model: mujoco.MjModel) -> tuple[Any, mujoco.MjrContext]:
    """Off-screen OpenGL through MUJOCO_GL where it is set, else the way that this system has without a display."""
    name = os.environ.get("MUJOCO_GL", "").lower() or _BACKENDS.get(sys.platform, "egl")
    try:
        window = importlib.import_module(f"mujoco.{name}").GLContext(width, height)
        window.make_current()
        context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100.value)
    # PyOpenGL answers a missing system library with an AttributeError on None.
    except (ImportError, AttributeError, RuntimeError, OSError, mujoco.FatalError) as error:
        hint = "on Debian or Ubuntu: apt install libegl1 libgl1-mesa-dri" if name == "egl" else "check MUJOCO_GL"
        raise RenderError(f"no video: OpenGL through '{name}' cannot be opened ({error}); {hint}") from error
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, context)
    return window, context


def _endless(model: mujoco.MjModel) -> None:
    """Have planes drawn without an end, as what touches them knows none; their pattern stays as large as it was."""
    for plane in np.flatnonzero(model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE.value):
        size, material = model.geom_size[plane, :2].copy(), model.geom_matid[plane]
        if material >= 0 and (size > 0.0).all() and not model.mat_texuniform[material]:
            model.mat_texrepeat[material] /= size
        model.geom_size[plane, :2] = 0.0


class Painter:
    """Draws one clip on a copy of its model; holds an OpenGL context."""

    def __init__(self, clip: Clip, course: FloatArray, view: View) -> None:
        self._clip, self._view = clip, view
        self._scale = float(clip.model.stat.extent) / _EXTENT
        self._course = course[:: max(1, len(course) // _MAX_SEGMENTS)]
        stride = max(1, round(_TRAIL_SPACING / float(np.diff(clip.times).mean())))
        self._trail_times, self._trail = clip.times[::stride], places(clip.model, clip.qpos[::stride])
        self._model = copy.copy(clip.model)
        self._model.vis.global_.offwidth, self._model.vis.global_.offheight = view.width, view.height
        self._model.vis.quality.offsamples = _OFFSCREEN_SAMPLES
        _endless(self._model)
        self._data = mujoco.MjData(self._model)
        self._gl, self._context = open_gl(view.width, view.height, self._model)
        self._scene = mujoco.MjvScene(self._model, maxgeom=self._model.ngeom + 2 * _MAX_SEGMENTS + 400)
        for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION):
            self._scene.flags[flag] = 0
        self._options = mujoco.MjvOption()
        self._options.sitegroup[:] = 0  # spheres in which sensors feel a touch may be larger than the robot
        self._camera = mujoco.MjvCamera()
        self._camera.distance, self._camera.azimuth = self._scale * view.distance, view.azimuth
        self._camera.elevation = view.elevation
        self._camera.lookat[:] = (*self._trail[0], self._scale * _LOOK_HEIGHT)
        self._fonts = ImageFont.load_default(22), ImageFont.load_default(17)

    def close(self) -> None:
        """Release OpenGL."""
        self._context.free()
        self._gl.free()

    def paint(self, since_start: float) -> ImageArray:
        """The picture at a time after the clip's first pose: (height, width, 3)."""
        clip = self._clip
        time = float(min(clip.times[0] + since_start, clip.times[-1]))
        active = [note for note in clip.notes if note.start <= time < note.end]
        self._pose(time, [change for note in active for change in note.alpha])
        self._gl.make_current()
        everything = mujoco.mjtCatBit.mjCAT_ALL.value
        mujoco.mjv_updateScene(self._model, self._data, self._options, None, self._camera, everything, self._scene)
        recent = (self._trail_times <= time) & (self._trail_times >= time - _TRAIL_SECONDS)
        self._grid()
        self._ribbon(self._course, 0.0025, _COURSE_RGBA)
        self._ribbon(np.vstack([self._trail[recent], places(self._model, self._data.qpos)]), 0.0035, (*clip.rgb, 1.0))
        viewport = mujoco.MjrRect(0, 0, self._view.width, self._view.height)
        mujoco.mjr_render(viewport, self._scene, self._context)
        pixels = np.empty((self._view.height, self._view.width, 3), np.uint8)
        mujoco.mjr_readPixels(pixels, None, viewport, self._context)
        return self._caption(np.flipud(pixels), time, [note.text for note in active])

    def _pose(self, time: float, alpha: Sequence[tuple[str, float]]) -> None:
        """Put the model into its pose and let the camera follow it, a little late so that gait does not shake it."""
        model = self._model
        model.geom_rgba[:] = self._clip.model.geom_rgba
        for body, opacity in alpha:
            model.geom_rgba[model.geom_bodyid == model.body(body).id, 3] = opacity
        self._data.qpos[:] = pose_at(model, self._clip.times, self._clip.qpos, time)
        mujoco.mj_kinematics(model, self._data)
        mujoco.mj_camlight(model, self._data)
        self._camera.lookat[:2] += 0.15 * (places(model, self._data.qpos) - self._camera.lookat[:2])

    def _grid(self) -> None:
        """Lines on the floor, a crawler's length apart: without them a plain floor hides the motion."""
        spacing = self._scale * _GRID_SPACING
        x, y = np.round(self._camera.lookat[:2] / spacing) * spacing
        reach = _GRID_LINES * spacing
        for offset in np.arange(-_GRID_LINES, _GRID_LINES + 1) * spacing:
            self._ribbon(np.array([[x - reach, y + offset], [x + reach, y + offset]]), 0.0006, _GRID_RGBA)
            self._ribbon(np.array([[x + offset, y - reach], [x + offset, y + reach]]), 0.0006, _GRID_RGBA)

    def _ribbon(self, points: FloatArray, half_width: float, rgba: tuple[float, float, float, float]) -> None:
        """Lay a flat line (P, 2) on the floor: thin boxes, of which software OpenGL draws hundreds in no time."""
        half_width, height = self._scale * half_width, 0.5 * self._scale * half_width
        for start, end in itertools.pairwise(points):
            length = float(np.hypot(*(end - start)))
            if length == 0.0 or self._scene.ngeom >= self._scene.maxgeom:
                continue
            (x, y), along = (start + end) / 2.0, (end - start) / length
            size = np.array([length / 2.0, half_width, self._scale * 0.0002])
            frame = np.array([[along[0], -along[1], 0.0], [along[1], along[0], 0.0], [0.0, 0.0, 1.0]])
            geom = self._scene.geoms[self._scene.ngeom]
            colour = np.array(rgba, np.float32)
            mujoco.mjv_initGeom(geom, mujoco.mjtGeom.mjGEOM_BOX, size, np.array([x, y, height]), frame.ravel(), colour)
            self._scene.ngeom += 1

    def _caption(self, pixels: ImageArray, time: float, notes: Sequence[str]) -> ImageArray:
        image = Image.fromarray(pixels)
        draw = ImageDraw.Draw(image)
        large, small = self._fonts
        colour = (int(255 * self._clip.rgb[0]), int(255 * self._clip.rgb[1]), int(255 * self._clip.rgb[2]))
        draw.rectangle((0, 0, self._view.width, 40), fill="white")
        draw.rectangle((0, 0, 10, 40), fill=colour)
        draw.text((22, 8), self._clip.title, fill=_INK, font=large)
        draw.text((self._view.width - 16, 8), f"{time:5.1f} s", fill=_INK, font=large, anchor="ra")
        for row, text in enumerate(notes):
            draw.text((22, 50 + 24 * row), text, fill=_INK, font=small, stroke_width=3, stroke_fill="white")
        return np.asarray(image)
