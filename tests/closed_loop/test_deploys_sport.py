"""An emulated Go2 that its own controller walks, and `limber deploy --drive sport`: two processes on one network."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")
pytest.importorskip("mcap", reason="the extra log is not installed")
pytest.importorskip("onnxruntime", reason="the extra walker is not installed")

from benchmarks.two_terminals import Deployment, Robot, emulator, free_domain
from controller.cli import main
from controller.runs.replay_guard import replay
from dynamics import checkpoint
from hardware.servo_log.reader import read_log
from tests.controller.conftest import untrained

pytestmark = pytest.mark.alone

BUSY = ("state_age", "came too late", "plans: half of them", "expected a first cycle", "gap: ")
"""What a deployment says that did not get the time it needs."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that knows nothing: it is not how well it walks that is tried here."""
    path = tmp_path_factory.mktemp("models") / "model.safetensors"
    checkpoint.save(untrained("mb", "go2-sport", period=0.08), path)
    return str(path)


def deploy(folder: Path, model: str, seconds: float, *happens: str) -> tuple[int, dict[str, object], list[str], Robot]:
    """Walk for some time; return exit status, summary, what was said, and the robot that was."""
    for attempt in range(3):
        domain, out = free_domain(), folder / str(attempt)
        flags = ("--drive", "sport", "--adapter", "mb", "--checkpoint", model, "--seconds", str(seconds))
        with emulator(domain, *happens, robot="go2-sport") as robot, Deployment(domain, out, *flags) as deployment:
            status, summary = deployment.finish()
            assert deployment.gone()
            robot.stop()
        if not any(word in line for line in deployment.said for word in BUSY):
            return status, summary | {"folder": str(out)}, deployment.said, robot
    pytest.skip(f"this machine is too busy to serve a robot 500 times a second: {deployment.said[-1]}")


def test_it_gets_up_proves_that_it_walks_and_walks_with_a_load_that_comes(tmp_path: Path, model: str) -> None:
    status, summary, said, robot = deploy(tmp_path, model, 6.0, "--perturb", "payload:mass=5,x=0.1,y=0.1@9")
    assert status == 0, said
    servo, report = summary["servo"], robot.report
    assert isinstance(servo, dict)
    modes = [step["mode"] for step in servo["modes"]]
    assert modes == ["passive", "damp", "stand_up", "stand", "run", "stand", "sit_down", "damp"]
    assert (servo["faults"], servo["refused"]) == ([], [])
    assert (report["commands_obeyed"], report["refused"], report["fell"]) == (0, {}, False)
    served = report["served"]
    assert isinstance(served, dict)
    assert served["move"] > 60
    assert {"stand_up", "balance_stand", "stop_move", "stand_down", "damp"} <= set(served)
    assert robot.path()[-1][3] < 0.15  # it lies
    again = replay(read_log(Path(str(summary["folder"])) / "servo.mcap"))
    assert (again.differing, again.largest) == (0, 0.0)


def test_a_service_that_is_lost_in_mid_walk_ends_it_with_its_cause(tmp_path: Path, model: str) -> None:
    status, summary, said, _ = deploy(tmp_path, model, 30.0, "--fault", "service:kind=gone@9")
    assert status == 4, said
    assert "its own controller says nothing on rt/sportmodestate" in str(summary["fault"])


def test_a_robot_is_looked_at_and_asked_for_nothing(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    domain = free_domain()
    where = ("--interface", "lo", "--domain", str(domain), "--preflight", "--adapter", "mb", "--checkpoint", model)
    with emulator(domain, robot="go2-sport") as robot:
        status = main(["deploy", "--robot", "go2", "--drive", "sport", *where])
        robot.stop()
    _, *rows = capsys.readouterr().out.splitlines()
    verdicts = {row.split()[0]: row.split()[-1] for row in rows}
    assert status in {0, 2}
    assert {name for name, verdict in verdicts.items() if verdict != "ok"} <= {"plans"}
    assert "one that walks it" in next(row for row in rows if row.startswith("controller"))
    assert (robot.report["served"], robot.report["events"]) == ({}, [])
