"""`limber doctor`: what this machine is ready for."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from controller.commands.flags import DONE, FAILED, Answer, Switch


@dataclass(frozen=True)
class Doctor:
    """Say what on this machine is ready for a robot, and what would help where it is not."""

    json: Switch = False
    """Print the findings as one JSON object."""

    def __call__(self) -> Answer:
        from controller.commands.machine import examine

        findings = examine()
        lines = [f"{f.status:<5} {f.name:<20} {f.detail}{f'  ->  {f.cure}' if f.cure else ''}" for f in findings]
        failed = any(finding.status == "fail" for finding in findings)
        return Answer({"findings": [asdict(f) for f in findings]}, "\n".join(lines), FAILED if failed else DONE)
