"""`limber replay`: what the log of a robot says."""

from __future__ import annotations

import difflib
import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import arg

from controller.commands.flags import DONE, FAILED, Answer, At, File, Switch, viewed

if TYPE_CHECKING:
    from controller.runs.replay_guard import Replayed
    from controller.runs.replay_plans import Rerun
    from controller.runs.trace import Errors
    from controller.view.about import Address
    from hardware.servo_log.reader import ServoLog

_SERVO, _RUNS = "*.mcap", "log.jsonl"
"""Logs of servo processes, and of runs."""


@dataclass(frozen=True)
class Replay:
    """Run guard, gait and controller on the log of a robot once more, and say where they decide otherwise.

    With --view: show any run on a live page, with a slider for the time.
    """

    log: Annotated[Path, tyro.conf.Positional, arg(metavar="LOG")]
    """Log of a servo process (MCAP), complete or cut short; with --view the folder of a run, or its log.jsonl."""
    view: Switch = False
    """Show a run on a page on this machine; the address is printed."""
    view_at: At = None
    """The same at an address of its own, off this machine with a token."""
    beside: File = None
    """Another run to show beside it."""
    export: File = None
    """Also write every number over time to a .npz or .csv file."""
    robot: File = None
    """File of the robot, where it did not come with Limber."""
    checkpoint: File = None
    """Trained model, where it did not come with Limber."""
    json: Switch = False
    """Print the comparison as one JSON object."""

    def __call__(self) -> Answer:
        from controller.settings.layers import ConfigError

        address = viewed(self.view, self.view_at)
        if address is not None:
            return self._show(address)
        if self.beside is not None:
            raise ConfigError("command line: replay: --beside: expected --view with it")
        try:
            from controller.runs.export import export
            from controller.runs.replay_guard import replay
            from controller.runs.replay_plans import NotRerun, rerun
            from hardware.servo_log.reader import LogError
        except ImportError as error:
            raise ConfigError(f"replay: needs MCAP ({error}); pip install 'limber[log]'") from error
        if not self.log.is_file():
            raise ConfigError(f"command line: replay: LOG: {_missing(self.log, _SERVO)}")
        try:
            log = self._read()
            if self.export is not None:
                export(log, self.export)
            guard = replay(log)
            try:
                brain: Rerun | str = rerun(log, self.checkpoint)
            except NotRerun as error:
                brain = str(error)
                if guard.cycles == 0:
                    raise LogError("expected at least one cycle of a servo process, got none") from error
        except (LogError, OSError) as error:
            raise ConfigError(f"command line: replay: {error}") from error
        told = {"controller": {"not_rerun": brain} if isinstance(brain, str) else asdict(brain)}
        differs = guard.damaged is not None or guard.differing > 0 or (not isinstance(brain, str) and brain.differs)
        text = "\n".join([*_guard_lines(guard), *_controller_lines(brain)])
        return Answer(asdict(guard) | told, text, FAILED if differs else DONE)

    def _show(self, address: Address) -> Answer:
        """Show one run or two until Ctrl-C."""
        from controller.settings.layers import ConfigError
        from controller.telemetry.run_log import Log, RunLogError
        from controller.view.replayed import found, replay

        given = {"LOG": self.log} if self.beside is None else {"LOG": self.log, "--beside": self.beside}
        files = {name: found(path) for name, path in given.items()}
        for name, file in files.items():
            if not file.is_file():
                raise ConfigError(f"command line: replay: {name}: {_missing(given[name], _RUNS)}")
        try:
            logs = [Log.read(file) for file in files.values()]
            if len({(log.header.robot, log.header.rate_hz) for log in logs}) > 1:
                one, other = (f"{log.header.robot} at {log.header.rate_hz:g} Hz" for log in logs)
                raise ConfigError(f"command line: replay: --beside: expected a run of {one}, got one of {other}")
            replay(logs, address, lambda url: logging.getLogger(__name__).warning("the page: %s", url))
        except RunLogError as error:
            raise ConfigError(f"command line: replay: expected the log of a run, got {error}") from error
        except OSError as error:
            raise ConfigError(f"command line: replay: {address.place}: {error.strerror or error}") from error
        except KeyboardInterrupt:
            return Answer({"shown": [str(file) for file in files.values()]}, "")

    def _read(self) -> ServoLog:
        """Return the log, of a robot that is known: a log may come from anybody, and opens no file."""
        from controller.settings import robots
        from hardware.servo_log.reader import LogError, read_log

        log = read_log(self.log)
        if self.robot is not None:
            return replace(log, robot=str(self.robot.resolve()))
        if log.robot not in robots.names():
            expected = f"a robot that comes with Limber ({', '.join(robots.names())}) or its file (--robot FILE)"
            raise LogError(f"{self.log}: expected {expected}, got {log.robot!r:.200}")
        return log


def _missing(path: Path, name: str) -> str:
    """Say that there is no such log, and which is nearest to it: in its folder, in a run's folder below, or here."""
    folders, depths = (path, path.parent, Path()), (name, f"*/{name}", f"*/*/{name}")
    there = {str(found) for folder in folders for depth in depths for found in folder.glob(depth) if found.is_file()}
    close = difflib.get_close_matches(str(path), sorted(there), n=1, cutoff=0.0)
    hint = f"did you mean {close[0]!r}?" if close else f"there is no {name} in {path.parent} or below"
    if name == _SERVO and (path / _RUNS).is_file():
        hint = "that is a run, which --view shows"
    return f"expected an existing log ({name}), got {str(path)!r}; {hint}"


def _guard_lines(found: Replayed) -> list[str]:
    modes = ", ".join(f"{mode} {count}" for mode, count in found.modes.items())
    cut = ", the log is cut short" if found.cut else ""
    if found.damaged is not None:
        cut = f", the log is damaged before byte {found.damaged} and was read no further"
    lines = [f"{found.robot}: {found.cycles} cycles ({modes}){cut}"]
    lines += [f"{d.time:9.3f} s  {d.what}: {d.logged} -> {d.replayed}" for d in found.differences]
    return [*lines, f"guard: {found.differing} cycles differ; set-points by at most {found.largest:.3g}"]


def _controller_lines(found: Rerun | str) -> list[str]:
    if isinstance(found, str):
        return [f"controller: not run again: {found}"]
    lines = [f"controller: {remark}" for remark in found.remarks]
    done, loose, errors = found.actions, found.loose, found.errors
    since = "" if done.first is None else f", from {done.first:.3f} s on"
    lines.append(
        f"controller: {done.differing} of {done.ticks} ticks differ{since}; "
        f"first actions by at most {done.largest:.3g} of their range, {done.median:.3g} in the median"
    )
    if found.cut_short:
        lines.append(f"controller: {found.cut_short} of them had been cut short by their deadline, and were again")
    if found.lost:
        lines.append(
            f"controller: the log lacks {found.lost} ticks; behind the first, {loose.differing} of {loose.ticks} "
            f"differ by at most {loose.largest:.3g}, {loose.median:.3g} in the median, and may"
        )
    then, now = _in_words(found.errors_logged), _in_words(found.errors_rerun)
    away = f"{errors.differing} ticks differ, by at most {errors.largest:.3g}"
    return [*lines, f"model error: logged {then}; now {now}; {away}"]


def _in_words(errors: Errors) -> str:
    prior, adapted = ("none" if mean is None else f"{mean:.4g}" for mean in errors)
    return f"un-adapted {prior}, adapted {adapted}"
