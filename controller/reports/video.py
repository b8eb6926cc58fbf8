"""The video of a run: logged poses, what was done to the robot and when, side by side for a comparison."""

from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from pathlib import Path

import mujoco
import numpy as np
from matplotlib.colors import to_rgb

from controller.reports.plots import COLOURS
from controller.settings import robots
from controller.telemetry.run_log import Log
from sim.conditions.condition import Condition
from sim.perturbations import parse
from sim.robots.anatomy import Anatomy
from sim.robots.builders import build
from sim.robots.parts import compiled
from sim.terrain import TERRAINS
from sim.video.clip import Clip, Note, RenderError
from sim.video.encode import write_video

_log = logging.getLogger(__name__)


def film(path: Path, logs: Sequence[Log]) -> Path | None:
    """Write an mp4 of some runs, left to right; without a way to draw, log one warning and return None."""
    header = logs[0].header
    try:
        anatomy = robots.spec(header.source or header.robot).anatomy
        model = compiled(build(anatomy, TERRAINS[header.terrain]))
        clips = [_clip(log, model, colour) for log, colour in zip(logs, COLOURS, strict=False)]
        write_video(path, clips, np.array(header.path, np.float64).reshape(-1, 2))
    except RenderError as error:
        _log.warning("%s", error)
        return None
    return path


def _clip(log: Log, model: mujoco.MjModel, colour: str) -> Clip:
    anatomy = robots.spec(log.header.source or log.header.robot).anatomy
    posed = [record for record in log.records if record.qpos is not None]
    return Clip(
        title=log.header.brain,
        model=_loaded(model, anatomy, log.header.perturbations),
        times=np.array([record.time for record in posed]),
        qpos=np.array([record.qpos for record in posed], np.float64).reshape(len(posed), -1),
        rgb=to_rgb(colour),
        notes=tuple(_note(text, anatomy) for text in log.header.perturbations),
    )


def _loaded(model: mujoco.MjModel, anatomy: Anatomy, perturbations: Sequence[str]) -> mujoco.MjModel:
    """Return the model with its payload, which is seen while it acts, where it is put: on the trunk's back."""
    condition = Condition(terrain=TERRAINS["flat"])
    for text in perturbations:
        condition = parse(text).change(condition)
    loaded = copy.copy(model)
    loaded.body("payload").pos = anatomy.load.seat(condition.payload_place)
    return loaded


def _note(text: str, anatomy: Anatomy) -> Note:
    perturbation = parse(text)
    opacity = tuple(perturbation.opacity(anatomy).items())
    return Note(text, perturbation.onset, perturbation.last, opacity)
