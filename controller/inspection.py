"""`limber doctor` and `limber replay`: what a machine is ready for, and what a log says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import arg

from controller.flags import DONE, Answer, File, Switch

UNWELL = 1
"""Exit status of a doctor who found a failure, and of a replay that differs."""


@dataclass(frozen=True)
class Doctor:
    """Say what on this machine is ready for a robot, and what would help where it is not."""

    json: Switch = False
    """Print the findings as one JSON object."""

    def __call__(self) -> Answer:
        """Examine."""
        from controller.doctor import examine

        findings = examine()
        lines = [f"{f.status:<5} {f.name:<20} {f.detail}{f'  ->  {f.cure}' if f.cure else ''}" for f in findings]
        failed = any(finding.status == "fail" for finding in findings)
        return Answer({"findings": [asdict(f) for f in findings]}, "\n".join(lines), UNWELL if failed else DONE)


@dataclass(frozen=True)
class Replay:
    """Run gait and guard on the log of a robot once more, and say where they decide otherwise."""

    log: Annotated[Path, tyro.conf.Positional, arg(metavar="LOG")]
    """Log of a servo process (MCAP), complete or cut short."""
    export: File = None
    """Also write every number over time to a .npz or .csv file."""
    json: Switch = False
    """Print the comparison as one JSON object."""

    def __call__(self) -> Answer:
        """Replay, and export where asked to."""
        from controller.strict import ConfigError

        try:
            from controller.replay import replay
            from hardware.log_reader import LogError, export, read_log
        except ImportError as error:
            raise ConfigError(f"replay: needs MCAP ({error}); pip install 'limber[log]'") from error
        try:
            if self.export is not None:
                export(read_log(self.log), self.export)
            found = replay(self.log)
        except (LogError, OSError) as error:
            raise ConfigError(f"command line: replay: {error}") from error
        modes = ", ".join(f"{mode} {count}" for mode, count in found.modes.items())
        lines = [f"{found.robot}: {found.cycles} cycles ({modes}){', the log is cut short' if found.cut else ''}"]
        lines += [f"{d.time:9.3f} s  {d.what}: {d.logged} -> {d.replayed}" for d in found.differences]
        lines.append(f"{found.differing} cycles differ; set-points by at most {found.largest:.3g}")
        return Answer(asdict(found), "\n".join(lines), UNWELL if found.differing else DONE)
