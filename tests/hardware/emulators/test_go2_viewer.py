from __future__ import annotations

import os
import signal
import urllib.request

import numpy as np
import pytest

from hardware.emulators.go2.body import Body
from hardware.emulators.go2.viewer import Viewer, ViewerError
from sim.terrain import preset
from tests.hardware.four_legs import GO2


def test_a_page_shows_pictures_of_the_robot() -> None:
    try:
        viewer = Viewer("flat")
    except ViewerError as error:
        pytest.skip(str(error))
    with viewer:
        assert viewer.url.startswith("http://127.0.0.1:")
        os.kill(viewer._process.pid or 0, signal.SIGHUP)  # a terminal's, and not for it
        body = Body(GO2.anatomy, preset("flat"), (), np.random.default_rng(0))
        viewer.show(body)
        with urllib.request.urlopen(viewer.url, timeout=10) as page:
            assert b"<img" in page.read()
        with urllib.request.urlopen(viewer.url + "frames", timeout=10) as frames:
            start = frames.read(2000)
    assert start.startswith(b"--frame\r\nContent-Type: image/jpeg")
    assert b"\xff\xd8" in start
