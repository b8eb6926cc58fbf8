"""What becomes of a walking Go2 when a part of the whole stack is taken away: processes, disk, cable.

    python -m benchmarks.go2_kills [--cases plan_killed,full_disk] [flags of limber deploy]

For each case an emulated robot and `limber deploy` walk as two processes through DDS; then something is taken away. A
row each: how the deployment ended, what its servo process did and the robot saw after that moment and how soon, the
commands outside limits that the robot saw, and whether the log of the servo process could be read. A full disk and an
unplugged cable need the right to mount and to make network devices; without it those rows say so.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.two_terminals import Deployment, Robot, emulator, free_domain
from hardware.servo_log.reader import LogError, read_log

LOW = 0.15
"""A trunk below this height lies or nearly does [m]; it stands at 0.3."""
WALK = 1.5
"""How long it has walked when something happens [s]."""
SECONDS = 5.0
"""Length of the walk where nothing ends it before [s]."""
DISK = "1m"
HELD_UP = 2.0
"""How long a process is stopped [s]."""
SMALL_MEMORY = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=1m tmpfs /dev/shm && exec "$@"', "sh")
NO_RIGHTS = (
    "prlimit",
    "--memlock=65536",
    "--rtprio=0",
    "setpriv",
    "--bounding-set",
    "-sys_nice,-ipc_lock,-sys_resource",
)
"""A machine with little shared memory, and one that gives a process no right to be in time."""
CABLE = "10.77.0"
"""Network of the cable, between this network name space and one of its own."""


@dataclass(frozen=True)
class Stage:
    """Where a case plays."""

    folder: Path
    interface: str = "lo"
    prefix: tuple[str, ...] = ()
    """Under which command the robot runs."""
    robot_interface: str = "lo"
    faults: tuple[str, ...] = ()
    """Of the robot."""
    host: tuple[str, ...] = ()
    """Under which command the deployment runs."""


@dataclass(frozen=True)
class Case:
    """Something that is taken away from a walking robot."""

    name: str
    act: Callable[[Deployment, Robot], None]
    stage: Callable[[], AbstractContextManager[Stage]]


@dataclass(frozen=True)
class Row:
    """What came of it."""

    case: str
    status: str
    servo: str
    """Modes of the servo process with the seconds after the event."""
    robot: str
    """How soon the robot got no commands any more, and lay."""
    outside: str
    fell: str
    log: str
    said: str

    def __str__(self) -> str:
        return f"| {' | '.join(vars(self).values())} |"


@contextlib.contextmanager
def _here() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder:
        yield Stage(Path(folder))


def _on(host: Sequence[str] = (), faults: Sequence[str] = ()) -> Callable[[], AbstractContextManager[Stage]]:
    """Return a stage here, with a deployment under a command, or a robot with faults."""

    @contextlib.contextmanager
    def stage() -> Iterator[Stage]:
        with _here() as here:
            yield replace(here, host=tuple(host), faults=tuple(faults))

    return stage


@contextlib.contextmanager
def _small_disk() -> Iterator[Stage]:
    """A disk that is full after some seconds of logs."""
    with tempfile.TemporaryDirectory() as folder:
        _call("mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder)
        try:
            yield Stage(Path(folder))
        finally:
            _call("umount", folder)


@contextlib.contextmanager
def _cable() -> Iterator[Stage]:
    """A cable between two network name spaces; pulled by `_unplug`."""
    space, here, there = "limber-robot", "limber0", "limber1"
    run = ("ip", "netns", "exec", space)
    _call("ip", "netns", "add", space)
    try:
        _call("ip", "link", "add", here, "type", "veth", "peer", "name", there)
        _call("ip", "link", "set", there, "netns", space)
        for prefix, device, number in (((), here, 1), (run, there, 2)):
            _call(*prefix, "ip", "address", "add", f"{CABLE}.{number}/30", "dev", device)
            _call(*prefix, "ip", "link", "set", device, "up")
        with tempfile.TemporaryDirectory() as folder:
            yield Stage(Path(folder), here, run, there)
    finally:
        _call("ip", "netns", "delete", space)  # the cable goes with it


def _call(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def _signal_plan(number: signal.Signals) -> Callable[[Deployment, Robot], None]:
    return lambda deployment, robot: os.kill(deployment.process.pid, number)


def _terminal(*numbers: signal.Signals) -> Callable[[Deployment, Robot], None]:
    """Return what a terminal sends to all of its processes, again and again where there are several."""

    def send(deployment: Deployment, robot: Robot) -> None:
        for number in numbers:
            os.killpg(deployment.process.pid, number)
            time.sleep(0.3)

    return send


def _hold_up(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    time.sleep(HELD_UP)
    os.kill(pid, signal.SIGCONT)


CASES = (
    Case("nothing", lambda deployment, robot: None, _here),
    Case("plan_ctrl_c", _terminal(signal.SIGINT), _here),
    Case("ctrl_c_twice", _terminal(signal.SIGINT, signal.SIGINT), _here),
    Case("ctrl_c_thrice", _terminal(signal.SIGINT, signal.SIGINT, signal.SIGINT), _here),
    Case("hangup", _terminal(signal.SIGHUP), _here),
    Case("quit", _terminal(signal.SIGQUIT), _here),
    Case("plan_sigterm", _signal_plan(signal.SIGTERM), _here),
    Case("plan_killed", _signal_plan(signal.SIGKILL), _here),
    Case("plan_hangs", lambda deployment, robot: _hold_up(deployment.process.pid), _here),
    Case("servo_held_up", lambda deployment, robot: _hold_up(deployment.servo), _here),
    Case("mode_back", lambda deployment, robot: None, _on(faults=("mode_back:does=stand@4",))),
    Case("servo_killed", lambda deployment, robot: os.kill(deployment.servo, signal.SIGKILL), _here),
    Case("log_killed", lambda deployment, robot: os.kill(deployment.log, signal.SIGKILL), _here),
    Case("robot_killed", lambda deployment, robot: robot.process.kill(), _here),
    Case("full_disk", lambda deployment, robot: None, _small_disk),
    Case("small_memory", lambda deployment, robot: None, _on(SMALL_MEMORY)),
    Case("no_rights", lambda deployment, robot: None, _on(NO_RIGHTS)),
    Case("unplugged", lambda deployment, robot: _call("ip", "link", "set", "limber0", "down"), _cable),
)


def try_case(case: Case, *flags: str) -> Row:
    """Play one case."""
    try:
        with case.stage() as stage:
            return _play(case, stage, *flags)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        told = getattr(error, "stderr", "") or str(error)
        return Row(case.name, "not tried", "", "", "", "", "", told.strip())


def _play(case: Case, stage: Stage, *flags: str) -> Row:
    domain, out = free_domain(), stage.folder / "run"
    walk = ("--seconds", str(SECONDS), *flags)
    robot_flags = ("--interface", stage.robot_interface, *(f"--fault={fault}" for fault in stage.faults))
    with (
        emulator(domain, *robot_flags, prefix=stage.prefix) as robot,
        Deployment(domain, out, *walk, interface=stage.interface, prefix=stage.host) as deployment,
    ):
        if not deployment.runs():
            status, _ = deployment.finish()
            return Row(case.name, f"exit {status} before", "", "", "", "", "", _last_words(deployment))
        time.sleep(WALK)
        moment = time.monotonic()
        case.act(deployment, robot)
        status, _ = deployment.finish()
        gone = deployment.gone()
        killed = robot.process.poll() is not None
        robot.stop()
        log = out / "servo.mcap"
        return Row(
            case.name,
            f"exit {status}" if gone else f"exit {status}, left processes behind",
            _servo(log, moment),
            "" if killed else _robot(robot, moment),
            "" if killed else str(robot.report["outside_limits"]),
            "" if killed else str(robot.report["fell"]).lower(),
            _readable(log),
            _last_words(deployment),
        )


def _last_words(deployment: Deployment) -> str:
    said = [line for line in deployment.said if line.startswith("limber:") or "no more log" in line]
    return "; ".join(line.removeprefix("limber: ") for line in said)


def _servo(log: Path, moment: float) -> str:
    """Return the modes that the servo process took on after a moment of the monotonic clock."""
    try:
        events = [entry.json() for entry in read_log(log).of("event")]
    except (LogError, OSError):
        return "?"
    steps: list[str] = []
    for event in events:
        what = event["what"]
        if event["kind"] == "mode" and isinstance(what, dict) and (not steps or steps[-1].split()[0] != what["mode"]):
            after = float(str(event["time"])) - moment
            steps.append(f"{what['mode']} {after:.2f}")
    return ", ".join(step for step in steps if float(step.split()[1]) > 0.0)


def _robot(robot: Robot, moment: float) -> str:
    """Return how soon no command came any more, and the trunk lay."""
    began = robot.since_first_command(moment)
    events = robot.report["events"]
    assert isinstance(events, list)
    silent = [e["time"] - began for e in events if e["event"].startswith("commands stopped") and e["time"] > began]
    low = [row[0] - began for row in robot.path() if row[0] > began and row[3] < LOW]
    parts = [f"silence {silent[-1]:.2f}"] if silent else []
    return ", ".join([*parts, f"lies {low[0]:.1f}" if low else "does not lie"])


def _readable(log: Path) -> str:
    try:
        found = read_log(log)
    except (LogError, OSError) as error:
        return f"not readable: {error}"
    return f"{len(found.entries)} messages{', cut' if found.cut else ''}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [case.name for case in CASES]
    parser.add_argument("--cases", default=",".join(names), help="which, separated by commas")
    arguments, flags = parser.parse_known_args()
    wanted = arguments.cases.split(",")
    if unknown := set(wanted) - set(names):
        parser.error(f"--cases: expected some of {', '.join(names)}, got {', '.join(sorted(unknown))}")
    show(wanted, *flags)


def show(wanted: Sequence[str], *flags: str) -> None:
    """Play some cases and print the table."""
    columns = ("case", "deployment", "servo process [s]", "robot [s]", "outside limits", "fell", "log", "said")
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|", flush=True)
    for case in CASES:
        if case.name in wanted:
            print(try_case(case, *flags), flush=True)


if __name__ == "__main__":
    main()
