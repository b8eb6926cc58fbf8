"""A run before the eyes of others, who may change what happens: what they did becomes a part of its settings."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from controller.build import build, load_model
from controller.config import RunSettings
from controller.courses.paths import COURSES
from controller.jobs.interrupts import interruptible, uninterrupted
from controller.mission import Mission
from controller.runs.folder import Outcome, run_folder
from controller.runs.simulated import conclude, drive
from controller.runs.steered import live
from controller.settings.assets import RECIPES
from controller.settings.layers import to_yaml
from controller.steering.choice import PAGE
from controller.telemetry.findings import Run
from controller.telemetry.run_log import Log, RunHeader, RunLog
from controller.view.about import About, Address
from controller.view.live import Live
from controller.view.window import Window
from dynamics.checkpoint import Checkpoint, CheckpointError
from dynamics.files import whole
from hardware.clock import Tempo, VirtualClock, WallClock
from sim.perturbations import Perturbation, active


def watched(settings: RunSettings, view: Address, *, fast: bool, out: Path | None, video: bool) -> Outcome:
    """Drive one run, again from the beginning where that is asked for, and leave a complete folder of the last.

    Its settings repeat what was clicked, in lock-step to the last bit. As `controller.runs.simulated.execute`
    otherwise.
    """
    mission = Mission.of(settings, fast=fast)
    model = load_model(mission, settings.adapter)
    others = _others(mission, model)
    about = About(
        headers=(mission.header(model.recipe),),
        seconds=settings.seconds,
        mode="simulated",
        adapters=tuple(each.recipe for each in (model, *others)),
        courses=() if mission.goal is not None else tuple(dict.fromkeys((settings.course, *COURSES))),
        fast=fast,
        steering=mission.spec.steering if settings.steer == PAGE else None,
    )
    with uninterrupted(), run_folder(settings, out) as folder, contextlib.ExitStack() as stack:
        window = stack.enter_context(Window(about, view))
        source = stack.enter_context(live(mission, window.steering if about.steering is not None else None))
        path, seed, pages = folder / "log.jsonl", settings.seed, 0
        while True:
            mission = Mission.of(replace(settings, seed=seed), fast=fast)
            clock = VirtualClock() if fast else Tempo(WallClock())
            rig = build(mission, model, source, others, clock)
            spectator = Live(rig, mission.settings, window, pages)
            loop = drive(rig, mission.settings, path, source, spectator)
            with interruptible():
                spectator.linger(loop)
            if spectator.seed is None:
                break
            seed, pages = spectator.seed, spectator.pages
        done = spectator.settings
        log = _known(Log.read(path), Mission.of(done, fast=fast).header(model.recipe), done.perturbations)
        with whole(path) as partial, RunLog(partial, log.header) as file:
            for record in log.records:
                file.write(record)
        with whole(folder / "settings.yaml") as partial:
            partial.write_text(to_yaml(done), encoding="utf-8")
        steered = {} if rig.helm is None else {"steering": rig.helm.counts()}
        return conclude(done, folder, [Run(log, loop)], steered, video=video)


def _others(mission: Mission, model: Checkpoint) -> list[Checkpoint]:
    """Return the trained models that could take over from one: all of that robot that fit."""
    found = list[Checkpoint]()
    for name in RECIPES:
        with contextlib.suppress(CheckpointError):
            if name != model.recipe and mission.settings.model != "oracle":
                found.append(load_model(mission, name))
    return found


def _known(log: Log, header: RunHeader, perturbations: Sequence[Perturbation]) -> Log:
    """Return a log as it would be had it been known from the start what was to happen."""
    acting = [tuple(map(str, active(perturbations, record.time))) for record in log.records]
    return Log(header, tuple(replace(r, perturbations=now) for r, now in zip(log.records, acting, strict=True)))
