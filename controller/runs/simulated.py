"""One run from settings to run folder: check everything, drive, log, report; twice where a comparison is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from controller.build import Rig, build, load_model
from controller.config import RunSettings
from controller.jobs.interrupts import interruptible, uninterrupted
from controller.loop.plan_loop import LoopTick
from controller.loop.timing import LoopResult
from controller.mission import Mission
from controller.reports.run_report import write_report
from controller.reports.video import film
from controller.runs.folder import Outcome, run_folder, write_summary
from controller.runs.steered import keep_commands, live, tell
from controller.settings import assets, robots
from controller.settings.layers import ConfigError, to_yaml
from controller.steering.source import Source
from controller.telemetry.findings import Run, headline
from controller.telemetry.live_panel import Panel
from controller.telemetry.run_log import Log, RunLog, TickRecord, from_tick
from controller.telemetry.summary import summary
from dynamics.checkpoint import Checkpoint
from sim.perturbations import Perturbation, active


class Spectator(Protocol):
    """Somebody who sees a run tick by tick."""

    @property
    def perturbations(self) -> Sequence[Perturbation]:
        """What happens to the robot, as far as it is known."""

    def noted(self, record: TickRecord) -> TickRecord:
        """Return the record of a tick with what was remarked."""

    def show(self, tick: LoopTick, record: TickRecord) -> None:
        """Take in a tick. Raises Finished where the run is to end."""


def execute(
    settings: RunSettings,
    *,
    fast: bool,
    compare: str | None = None,
    out: Path | None = None,
    video: bool = True,
    steering: Source | None = None,
) -> Outcome:
    """Run, in lock-step or real time, and leave a complete run folder, with a comparison run with the other recipe.

    Nothing is written before everything has been checked. Without a folder a name is made up; without `steering` the
    settings say who steers. Raises ConfigError, CheckpointError.
    """
    mission = Mission.of(settings, fast=fast)
    models = [load_model(mission, adapter) for adapter in (settings.adapter, *_compared(settings, compare))]
    with live(mission, steering, compared=compare is not None) as source:
        rigs = [build(mission, model, source, _later(mission, model)) for model in models]
        with uninterrupted(), run_folder(settings, out) as folder:
            runs: list[Run] = []
            for rig, log in zip(rigs, [folder / "log.jsonl", folder / "log-compare.jsonl"], strict=False):
                loop = drive(rig, settings, log, source)
                runs.append(Run(Log.read(log), loop))
                if loop.interrupted:
                    break
            steered = {} if rigs[0].helm is None else {"steering": rigs[0].helm.counts()}
            return conclude(settings, folder, runs, steered, video=video)


def _compared(settings: RunSettings, adapter: str | None) -> list[str]:
    if adapter is None:
        return []
    folder = robots.checkpoint(settings.robot, adapter).parent
    if refusal := assets.refusal(adapter, robots.spec(settings.robot).name, folder):
        raise ConfigError(f"command line: --compare: {refusal}")
    if adapter == settings.adapter:
        raise ConfigError(f"command line: --compare: expected another adapter than that of the run, got {adapter}")
    if settings.model == "oracle":
        raise ConfigError("command line: --compare: expected no other adapter with the oracle, which plans without any")
    return [adapter]


def _later(mission: Mission, model: Checkpoint) -> list[Checkpoint]:
    """Return the models that take over from one in mid-run."""
    names = dict.fromkeys(change.name for change in mission.settings.changes if change.what == "adapter")
    return [load_model(mission, name) for name in names if name != model.recipe]


def drive(
    rig: Rig, settings: RunSettings, path: Path, source: Source | None, spectator: Spectator | None = None
) -> LoopResult:
    """Drive one run and write its log as it goes, before the eyes of somebody who may change what happens."""
    with RunLog(path, rig.header) as log, Panel(rig.header, settings.seconds) as panel:

        def note(tick: LoopTick) -> None:
            happens = settings.perturbations if spectator is None else spectator.perturbations
            acting = [str(perturbation) for perturbation in active(happens, tick.time)]
            record = from_tick(tick, rig.header.channels, acting, rig.robot.qpos)
            record = record if rig.watch is None else rig.watch.note(tick, record)
            if rig.switching is not None:
                record = replace(record, notes=rig.switching.notes, path=rig.switching.moved)
            record = record if spectator is None else spectator.noted(record)
            log.write(record)
            panel.show(record)
            tell(source, tick, record)
            if spectator is not None:
                spectator.show(tick, record)

        return rig.drive(note)


def conclude(
    settings: RunSettings, folder: Path, runs: Sequence[Run], steered: Mapping[str, object], *, video: bool
) -> Outcome:
    """Write video, report and summary of what was driven; whoever presses Ctrl-C goes without the video."""
    interrupted, filmed = any(run.loop.interrupted for run in runs), None
    if video and not interrupted:
        try:
            with interruptible():
                filmed = film(folder / "video.mp4", [run.log for run in runs])
        except KeyboardInterrupt:
            interrupted = True
    files = {"settings": folder / "settings.yaml", "log": folder / "log.jsonl"}
    files |= {} if len(runs) == 1 else {"log_compare": folder / "log-compare.jsonl"}
    files |= {} if filmed is None else {"video": filmed}
    files |= keep_commands(settings, folder, runs[0].log)
    files |= write_report(folder, runs, to_yaml(settings), filmed)
    files["summary"] = folder / "summary.json"
    figures = [summary(run.log, run.loop, {name: str(path) for name, path in files.items()}) for run in runs]
    result = {**figures[0], **({} if len(figures) == 1 else {"compare": figures[1]}), **steered}
    write_summary(files["summary"], result)
    faults = [str(run.loop.fault) for run in runs if run.loop.fault is not None and not run.loop.fell]
    return Outcome(result, headline(runs), folder, interrupted, faults[0] if faults else None)
