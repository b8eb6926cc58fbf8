"""An emulated Go2 and `limber deploy`, two processes that meet through DDS: it walks, and always ends safe."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")
pytest.importorskip("mcap", reason="the extra log is not installed")

from benchmarks.two_terminals import Deployment, Robot, emulator, free_domain
from controller.cli import main
from controller.runs.replay_plans import rerun
from hardware.servo_log.reader import read_log

pytestmark = pytest.mark.alone

ATTEMPTS = 3
"""On a machine that is too busy for 500 Hz the guard may stop the robot, and one that was trained for half a minute may
fall; then it walks once more."""
BUSY = ("state_age", "came too late", "plans: half of them")
"""What a deployment says that did not get the time it needs."""
LYING = 0.12
"""Height of a trunk that lies [m]."""
ON_A_LEG = 0.18
"""The same where a leg that nobody moves may be under it [m]."""


@dataclass(frozen=True)
class Ended:
    """What a deployment left behind."""

    status: int
    summary: dict[str, object]
    said: list[str]
    robot: Robot
    folder: Path

    @property
    def starved(self) -> bool:
        return any(word in line for line in self.said for word in BUSY)

    def modes(self) -> list[str]:
        """Modes of the servo process as its log tells, which is there whatever became of the summary."""
        events = [entry.json() for entry in read_log(self.folder / "servo.mcap").of("event")]
        modes = [
            event["what"]["mode"] for event in events if event["kind"] == "mode" and isinstance(event["what"], dict)
        ]
        return [mode for index, mode in enumerate(modes) if index == 0 or modes[index - 1] != mode]


def shared_memory(pid: int) -> list[Path]:
    """Return what a process shares with others."""
    return [Path(name) for name in re.findall(r"/dev/shm/psm_\S+", Path(f"/proc/{pid}/maps").read_text())]


def deploy(
    folder: Path,
    seconds: float,
    numbers: Sequence[signal.Signals] = (),
    *fault: str,
    walker: Sequence[str] = ("--planner", "rti"),
    excused: bool = True,
) -> Ended:
    """Walk for some time; after a second of it signals come to all processes, as a terminal sends them.

    A fall is tried again where it is `excused`, and not what the test is about.
    """
    for attempt in range(ATTEMPTS):
        domain, out = free_domain(), folder / str(attempt)
        flags = (*walker, "--seconds", str(seconds))
        with emulator(domain, *fault) as robot, Deployment(domain, out, *flags) as deployment:
            shared = shared_memory(deployment.process.pid) if deployment.runs() else []
            time.sleep(1.0 if numbers else 0.0)
            for number in numbers:
                with contextlib.suppress(ProcessLookupError):  # on a busy machine a fault may have come first
                    os.killpg(deployment.process.pid, number)
                time.sleep(0.2)
            status, summary = deployment.finish()
            assert deployment.gone()
            robot.stop()
        assert not [path for path in shared if path.exists()]
        ended = Ended(status, summary, deployment.said, robot, out)
        assert robot.report["outside_limits"] == 0
        if not (ended.starved or (excused and robot.report["fell"])):
            return ended
    if ended.starved:
        pytest.skip(f"this machine is too busy to serve a robot 500 times a second: {ended.said[-1]}")
    return ended


def is_down(robot: Robot) -> bool:
    """It lies, and follows no command any more."""
    return bool(robot.report["damped"]) and not robot.report["fell"] and robot.path()[-1][3] < LYING


def test_it_stands_up_walks_the_course_and_sits_down(tmp_path: Path) -> None:
    ended = deploy(tmp_path, 3.0)
    robot, summary = ended.robot, ended.summary
    assert ended.status == 0, ended.said
    assert robot.report["refused"] == {}
    assert is_down(robot)
    rows = robot.path()
    assert max(row[3] for row in rows) > 0.25
    assert rows[-1][1] - rows[0][1] > 0.3
    servo = summary["servo"]
    assert isinstance(servo, dict)
    assert [step["mode"] for step in servo["modes"]] == (
        ["passive", "damp", "stand_up", "stand", "run", "stand", "sit_down", "damp"]
    )
    assert (servo["faults"], servo["refused"], servo["left"]) == ([], [], "asked to")
    assert {"lateness_us", "work_us", "plan_age_us", "overruns"} <= set(servo["statistics"])
    assert json.loads((ended.folder / "summary.json").read_text()) == summary
    files = {"settings.yaml", "log.jsonl", "servo.mcap", "report.html", "summary.json"}
    assert files <= {file.name for file in ended.folder.iterdir()}
    channels = {entry.channel for entry in read_log(ended.folder / "servo.mcap").entries}
    assert channels == {"state", "command", "plan", "event", "note", "wire_received", "wire_sent"}
    again = rerun(read_log(ended.folder / "servo.mcap"))
    assert (again.ticks, again.lost, again.remarks) == (summary["ticks"], 0, ())
    assert (again.actions.largest, again.errors.largest) == (0.0, 0.0)


STORM = (signal.SIGHUP, signal.SIGINT, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.mark.parametrize("numbers, status", [(STORM, 130), ((signal.SIGKILL,), -9)], ids=["terminal", "kill"])
def test_it_sits_down_when_the_plan_process_is_ended(
    tmp_path: Path, numbers: Sequence[signal.Signals], status: int
) -> None:
    ended = deploy(tmp_path, 30.0, numbers)
    assert ended.status == status, ended.said
    assert is_down(ended.robot)
    assert ended.modes()[-4:] == ["run", "stand", "sit_down", "damp"]
    assert not read_log(ended.folder / "servo.mcap").cut
    assert bool(ended.summary) == (ended.folder / "report.html").is_file() == (status == 130)


def test_one_whose_hip_dies_lies_level_before_it_rolls_over(tmp_path: Path) -> None:
    fault, walker = ("--perturb", "dead_motor:name=front_left_hip@8"), ("--robot", "go2-walker", "--course", "zigzag")
    ended = deploy(tmp_path, 20.0, (), *fault, walker=walker, excused=False)
    robot = ended.robot
    assert ended.status == 4, ended.said
    assert "front-left hip motor dead" in str(ended.summary["fault"])
    assert robot.report["damped"]
    assert not robot.report["fell"]
    assert robot.path()[-1][3] < ON_A_LEG
    assert ended.modes()[-3:] == ["run", "sit_down", "damp"]


def test_a_robot_that_is_not_let_go_is_not_commanded(tmp_path: Path) -> None:
    ended = deploy(tmp_path, 5.0, (), "--fault", "mode_refused:answer=denied")
    assert ended.status == 4
    (line,) = (line for line in ended.said if line.startswith("limber:"))
    assert "not armed" in line
    assert ended.robot.report["commands_obeyed"] == 0
    assert ended.summary["ticks"] == 0


def looked(capsys: pytest.CaptureFixture[str], domain: int, *flags: str) -> tuple[int, dict[str, str]]:
    """Look at a robot before it is deployed; returns the exit status and the verdict of every check."""
    status = main(["deploy", "--robot", "go2", "--interface", "lo", "--domain", str(domain), "--preflight", *flags])
    _, *rows = capsys.readouterr().out.splitlines()
    return status, {row.split()[0]: row.split()[-1] for row in rows}


def test_a_robot_is_looked_at_and_told_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    domain = free_domain()
    with emulator(domain) as robot:
        status, verdicts = looked(capsys, domain, "--planner", "rti")
        far = ("--set", "planner.candidates=20000", "--set", "control.horizon=100")
        slow, refused = looked(capsys, domain, "--planner", "cem", *far)
        robot.stop()
    assert set(verdicts) >= {"robots", "voltage", "joints", "pose", "legs", "gravity", "rest", "controller", "plans"}
    assert (status, {name for name, verdict in verdicts.items() if verdict == "refused"}) in (
        (0, set()),
        (2, {"plans"}),
    )
    assert (slow, refused["plans"], refused["robots"]) == (2, "refused", "ok")
    report = robot.report
    assert (report["commands_obeyed"], report["refused"], report["mode"], report["events"]) == (0, {}, "normal", [])
    assert list(tmp_path.iterdir()) == []


def test_what_speaks_against_deploying_is_the_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    domain = free_domain()
    with emulator(domain, "--fault", "imu:kind=turned", "--fault", "battery_low:soc=10"):
        status, verdicts = looked(capsys, domain)
    assert (status, verdicts["gravity"], verdicts["charge"], verdicts["joints"]) == (4, "refused", "refused", "ok")
    status, verdicts = looked(capsys, free_domain())
    assert (status, verdicts["answer"]) == (4, "refused")
