"""One picture of a robot as it stands, with names where its parts are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import mujoco
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sim.video.clip import FloatArray
from sim.video.frames import open_gl

_SIZE = 800, 600
_INK, _PAPER = (28, 32, 38), "white"
_FAR = 1.8
"""Distance of the camera, in sizes of the robot."""


def portrait(
    path: Path, model: mujoco.MjModel, data: mujoco.MjData, size: float, names: Mapping[str, FloatArray]
) -> None:
    """Write a picture of a robot of some size [m] in its present pose, with names at places in the world (3,) [m].

    Raises:
        RenderError: no OpenGL.
    """
    width, height = _SIZE
    model.vis.global_.offwidth, model.vis.global_.offheight = width, height
    window, context = open_gl(width, height, model)
    try:
        scene, camera = mujoco.MjvScene(model, maxgeom=model.ngeom + 200), mujoco.MjvCamera()
        camera.lookat[:] = data.subtree_com[0] if model.nbody < 2 else data.subtree_com[1]
        camera.distance, camera.azimuth, camera.elevation = _FAR * size, 140.0, -20.0
        options = mujoco.MjvOption()
        options.sitegroup[:] = 0
        scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        mujoco.mjv_updateScene(model, data, options, None, camera, mujoco.mjtCatBit.mjCAT_ALL.value, scene)
        viewport = mujoco.MjrRect(0, 0, width, height)
        mujoco.mjr_render(viewport, scene, context)
        pixels = np.empty((height, width, 3), np.uint8)
        mujoco.mjr_readPixels(pixels, None, viewport, context)
        image = Image.fromarray(np.flipud(pixels))
        _write(image, {name: _projected(scene, place) for name, place in names.items()})
        image.save(path)
    finally:
        context.free()
        window.free()


def _projected(scene: mujoco.MjvScene, place: FloatArray) -> tuple[float, float]:
    """Return where a place in the world (3,) [m] is in the picture [pixels]."""
    eye = scene.camera[0]
    away = place - 0.5 * (np.array(eye.pos) + np.array(scene.camera[1].pos))
    forward, up = np.array(eye.forward), np.array(eye.up)
    right, depth = np.cross(forward, up), max(1e-6, float(away @ forward))
    near = eye.frustum_near / (0.5 * (eye.frustum_top - eye.frustum_bottom))
    x, y = (float(away @ axis) / depth * near for axis in (right, up))
    return _SIZE[0] / 2 + x * _SIZE[1] / 2, _SIZE[1] / 2 - y * _SIZE[1] / 2


def _write(image: Image.Image, names: Mapping[str, tuple[float, float]]) -> None:
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(18)
    for name, (x, y) in names.items():
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=(204, 68, 34))
        draw.text((x + 8, y + 4), name, fill=_INK, font=font, stroke_width=3, stroke_fill=_PAPER)
