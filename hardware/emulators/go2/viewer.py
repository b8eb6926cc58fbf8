"""A look at the emulated robot: a page on 127.0.0.1 with pictures as they are drawn.

Drawing takes many cycles' time, so another process does it; the robot leaves its pose in shared memory and goes on.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import multiprocessing
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import ClassVar

import mujoco
import numpy as np
from PIL import Image

from hardware.emulators.go2.body import Body
from hardware.processes import sheltered, stand_alone
from sim.robots import go2
from sim.terrain import preset

_EVERY = 20
"""Cycles between two poses."""
_FRAMES = 15.0
"""Pictures per second."""
_WIDTH, _HEIGHT, _QUALITY = 640, 480, 80
_START = 30.0
"""Time to open OpenGL [s]."""
_BACKENDS = {"linux": "egl", "darwin": "cgl"}
_PAGE = b"""<!doctype html><title>Go2 emulator</title><style>body{margin:0;background:#20242a;text-align:center}
img{height:100vh}</style><img src="/frames" alt="the emulated robot">"""


class ViewerError(RuntimeError):
    """No pictures can be drawn or shown; the message says why."""


class Viewer:
    """Shows a robot until it is closed; a context."""

    def __init__(self, terrain: str) -> None:
        """Start drawing. Raises ViewerError where there is no OpenGL, or no port."""
        os.environ.setdefault("MUJOCO_GL", _BACKENDS.get(sys.platform, "glfw"))  # read when the child imports MuJoCo
        context = multiprocessing.get_context("spawn")
        positions = 7 + len(go2.MOTORS)
        here, there = context.Pipe(duplex=False)
        with sheltered():
            self._pose = context.RawArray("d", positions + 1)  # a picture of half a step hurts nobody
            self._process = context.Process(target=_serve, args=(terrain, self._pose, there), daemon=True)
            self._process.start()
        there.close()
        self._cycle = 0
        try:
            answer = here.recv() if here.poll(_START) else f"no picture within {_START:g} s"
        except EOFError:
            answer = "the process that draws has died"
        if not isinstance(answer, int):
            self.close()
            raise ViewerError(f"emulator's viewer: {answer}; without --view nothing has to be drawn")
        self.url = f"http://127.0.0.1:{answer}/"
        logging.getLogger(__name__).warning("the robot can be seen at %s", self.url)

    def __enter__(self) -> Viewer:
        """Return the running viewer."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop drawing."""
        self.close()

    def show(self, body: Body) -> None:
        """Take the robot's pose, now and then."""
        self._cycle += 1
        if self._cycle % _EVERY == 1:
            alpha = float(body.physics.model.geom("payload").rgba[3])
            self._pose[:] = [*body.physics.qpos.tolist(), alpha]

    def close(self) -> None:
        """Stop drawing; allowed any number of times."""
        self._process.terminate()
        self._process.join(2.0)


class _Page(BaseHTTPRequestHandler):
    """Serves the page and the endless row of pictures in it."""

    newest: ClassVar[bytes] = b""
    """The picture that was drawn last, for everybody who looks."""

    def do_GET(self) -> None:
        frames = self.path == "/frames"
        kind = "multipart/x-mixed-replace; boundary=frame" if frames else "text/html; charset=utf-8"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        if not frames:
            self.wfile.write(_PAGE)
        with contextlib.suppress(OSError):  # nobody looks any more
            while frames:
                if jpeg := self.newest:
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
                time.sleep(1.0 / _FRAMES)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def _serve(terrain: str, pose: ctypes.Array[ctypes.c_double], parent: Connection) -> None:
    """Draw and serve until the parent is gone: the child's whole life."""
    stand_alone(lambda: os._exit(0))
    try:
        model = go2.build(preset(terrain)).compile()
        renderer = mujoco.Renderer(model, _HEIGHT, _WIDTH)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    except (ImportError, AttributeError, RuntimeError, OSError, ValueError, mujoco.FatalError) as error:
        parent.send(str(error))
        return
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    parent.send(server.server_address[1])
    data, camera = mujoco.MjData(model), mujoco.MjvCamera()
    camera.distance, camera.azimuth, camera.elevation = 1.8, 120.0, -20.0
    for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION):
        renderer.scene.flags[flag] = 0
    starter = multiprocessing.parent_process()
    while starter is None or starter.is_alive():
        time.sleep(1.0 / _FRAMES)
        values = np.array(pose)
        if not values.any():  # nothing to see yet
            continue
        data.qpos[:], model.geom("payload").rgba[3] = values[:-1], values[-1]
        mujoco.mj_kinematics(model, data)
        mujoco.mj_camlight(model, data)
        camera.lookat[:] = (*data.qpos[:2], 0.2)
        renderer.update_scene(data, camera)
        buffer = io.BytesIO()
        Image.fromarray(renderer.render()).save(buffer, "JPEG", quality=_QUALITY)
        _Page.newest = buffer.getvalue()
