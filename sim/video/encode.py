"""Video of logged motion: generalised positions in, an mp4 with the runs side by side out.

Nothing is simulated here. Poses between two logged ticks are interpolated, so that a 20 Hz log gives smooth video.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from sim.video.clip import Clip, FloatArray, RenderError, View
from sim.video.frames import Painter


def write_video(path: Path, clips: Sequence[Clip], course: FloatArray, view: View | None = None) -> int:
    """Write the clips side by side as an H.264 mp4.

    Args:
        path: file to write.
        clips: the runs, left to right; a shorter one holds its last pose.
        course: points of the course, drawn as a line on the floor (P, 2) [m]; P may be 0.
        view: picture size and camera.

    Returns:
        The number of frames written.

    Raises:
        RenderError: nothing to draw, or no way to draw it (no OpenGL, no PyAV).
    """
    view = view or View()
    if not clips or any(len(clip.times) < 2 for clip in clips):
        raise RenderError("no video: at least one run with two logged poses is needed")
    try:
        av = importlib.import_module("av")
    except ImportError as error:
        raise RenderError(f"no video: PyAV is not installed ({error}); install the extra 'viz'") from error
    painters: list[Painter] = []
    try:
        painters += [Painter(clip, course, view) for clip in clips]
        frames = max(int(np.floor((clip.times[-1] - clip.times[0]) * view.fps)) + 1 for clip in clips)
        with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
            stream = container.add_stream("libx264", rate=view.fps, options={"preset": "veryfast", "crf": "28"})
            stream.width, stream.height, stream.pix_fmt = view.width * len(clips), view.height, "yuv420p"
            stream.time_base = Fraction(1, view.fps)
            for index in range(frames):
                picture = np.hstack([painter.paint(index / view.fps) for painter in painters])
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode(None))
        return frames
    except (av.FFmpegError, av.codec.codec.UnknownCodecError) as error:
        raise RenderError(f"no video: {path} cannot be encoded ({error})") from error
    finally:
        for painter in painters:
            painter.close()
