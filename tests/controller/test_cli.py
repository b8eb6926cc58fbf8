from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from controller.build import Rig
from controller.cli import main
from controller.config import RunSettings, run_settings
from controller.controller import Controller
from controller.reports.run_report import write_report
from controller.runs import simulated
from controller.runs.folder import run_folder
from controller.settings import assets
from controller.settings.layers import Layer
from controller.settings.robots import names
from controller.steering.pipe import Piped, send
from controller.steering.source import Command
from controller.telemetry.run_log import Log, TickRecord
from controller.tick import Observation, TickResult
from dynamics import checkpoint
from hardware.robot import LinkLost, RobotState
from hardware.simulated.robot import SimRobot
from hardware.steering import Velocity
from tests.controller.conftest import untrained

SHORT = ["run", "--fast", "--no-video", "--set", "planner.search.candidates=24", "--set", "planner.search.iterations=2"]
USUAL = RunSettings().adapter
SUMMARY_KEYS = {
    "robot", "course", "perturbations", "adapter", "planner", "model", "seed", "ticks", "seconds", "misses", "tick_ms",
    "adapt_ms", "plan_ms", "cost_mean", "return_mean", "path_error_m", "velocity_error", "progress_m", "fell",
    "interrupted", "goal",
    "reward_mean", "steps_to_goal", "prediction_error", "belief", "diagnosis", "search_size", "statuses",
    "adaptations", "files",
}  # fmt: skip


@pytest.fixture(autouse=True)
def workplace(untrained_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and untrained models."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def moves(folder: Path) -> list[TickRecord]:
    return list(Log.read(folder / "log.jsonl").records)


def test_a_working_folder_that_was_deleted_is_said_to_be(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workplace.rmdir()
    assert main(["list", "robots"]) == 2
    assert capsys.readouterr().err.startswith("limber: working folder: expected one that exists")


def test_a_file_where_the_folder_of_a_run_should_be_is_said_in_words(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workplace / "file").touch()
    assert main([*SHORT, "--seconds", "1", "--out", "file"]) == 2
    assert capsys.readouterr().err == "limber: command line: --out: cannot write to file: File exists\n"


def test_json_is_the_last_line_on_stdout_and_the_only_one(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SHORT, "--seconds", "1", "--perturb", "leg_loss:leg=left_middle@0.5", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    summary = json.loads(line)
    assert set(summary) == SUMMARY_KEYS
    assert summary["ticks"] == 20
    assert (summary["goal"], summary["reward_mean"], summary["steps_to_goal"]) == (None, None, None)
    assert summary["perturbations"] == ["leg_loss:leg=left_middle@0.5"]
    assert all(set(summary[key]) == {"p50", "p95", "p99", "max"} for key in ("tick_ms", "adapt_ms", "plan_ms"))
    (folder,) = (workplace / "runs").iterdir()
    assert folder.name.endswith(f"-roach-figure8-{USUAL}")
    assert {"summary.json", "settings.yaml", "log.jsonl", "report.html"} <= {file.name for file in folder.iterdir()}
    assert json.loads((folder / "summary.json").read_text()) == summary


def test_one_seed_gives_the_same_run_and_another_does_not(workplace: Path) -> None:
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert main([*SHORT, "--seconds", "1", "--seed", seed, "--out", name]) == 0
    first, same, other = ([(m.state, m.action) for m in moves(workplace / name)] for name in ("a", "b", "c"))
    assert first == same
    assert first != other


def test_the_settings_of_a_run_folder_repeat_it(workplace: Path) -> None:
    assert main([*SHORT, "--seconds", "1", "--course", "zigzag", "--out", "first"]) == 0
    repeat = ["run", "--fast", "--no-video", "--config", "first/settings.yaml", "--out", "again"]
    assert main(repeat) == 0
    first, again = ([m.state for m in moves(workplace / name)] for name in ("first", "again"))
    assert first == again


def test_compare_runs_the_same_with_the_other_adapter(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SHORT, "--seconds", "1", "--compare", "mb", "--out", "both", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["adapter"], summary["compare"]["adapter"]) == (USUAL, "mb")
    first, second = (Log.read(workplace / "both" / name) for name in ("log.jsonl", "log-compare.jsonl"))
    assert first.header.seed == second.header.seed
    assert first.records[0].state == second.records[0].state


def test_real_time_runs_on_the_wall_clock(workplace: Path) -> None:
    real = [argument for argument in SHORT if argument != "--fast"]
    assert main([*real, "--seconds", "0.5", "--out", "real"]) == 0
    assert Log.read(workplace / "real" / "log.jsonl").header.mode == "real time"


def test_the_oracle_plans_with_the_truth_and_says_so(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--set", "planner.search.candidates=12", "--set", "planner.search.elites=4", "--set", "control.horizon=5"]
    for name in ("oracle", "learned"):
        assert main([*SHORT, *small, "--model", name, "--seconds", "1", "--out", name, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["model"] == name
    assert "oracle model" in (workplace / "oracle" / "report.html").read_text()
    truth, learned = (Log.read(workplace / name / "log.jsonl") for name in ("oracle", "learned"))
    assert (truth.header.model, learned.header.model) == ("oracle", "learned")
    assert truth.records[0].state == learned.records[0].state
    assert truth.series("cost").mean() < learned.series("cost").mean()


def test_the_oracle_refuses_real_time(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real = [argument for argument in SHORT if argument != "--fast"]
    assert main([*real, "--model", "oracle"]) == 2
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert line.startswith("limber: model: expected learned in real time, got oracle")
    assert captured.out == ""
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize(
    "arguments,parts",
    [
        (["--course", "figure9"], ["unknown course 'figure9'", "did you mean 'figure8'"]),
        (["--robot", "rouch"], ["unknown robot", "did you mean 'roach'"]),
        (["--adapter", "grabl"], ["unknown adapter", "did you mean 'grbal'"]),
        (["--planner", "cme"], ["unknown kind", "did you mean 'cem'"]),
        (["--compare", USUAL], [f"--compare: expected another adapter than that of the run, got {USUAL}"]),
        (["--perturb", "leg_loss:leg=left_middle@100"], ["expected an onset within the run of ", "got 100"]),
        (["--compare", "mbde"], ["--compare: unknown adapter 'mbde'", "did you mean 'mb_de'"]),
        (["--perturb", "leg_loss:leg=left_midle"], ["left_midle", "did you mean 'left_middle'"]),
        (
            ["--set", "planner.search.candidats=3"],
            ["planner.search.candidats: unknown key", "did you mean 'candidates'"],
        ),
        (["--set", "planner.search.candidates=many"], ["planner.search.candidates", "integer", "'many'"]),
        (["--seconds", "soon"], ["seconds", "number", "'soon'"]),
        (["--rate", "33"], ["control.rate_hz", "20hz, 50hz", "33"]),
        (["--config", "absent.yaml"], ["absent.yaml: no such file"]),
        (["--speed", "3"], ["--speed"]),
        (["--model", "oracel"], ["unknown model 'oracel'", "did you mean 'oracle'"]),
        (["--model", "oracle", "--compare", "mb"], ["--compare: expected no other adapter with the oracle"]),
        (["--course", "hidden_sped"], ["course: unknown course 'hidden_sped'", "did you mean 'hidden_speed'"]),
        (["--course", "hidden_speed:speed=3"], ["course: hidden_speed: speed: expected 0.08 to 0.25, got 3"]),
        (["--course", "hidden_turn:sid=1"], ["course: hidden_turn: unknown key 'sid'", "did you mean 'side'"]),
        (["--course", "figure8:speed=0.2"], ["course: figure8: expected no values after the name of a path"]),
        (["--course", "hidden_turn", "--model", "oracle"], ["expected learned on hidden_turn, got oracle"]),
    ],
)
def test_bad_usage_is_one_clear_error_and_leaves_nothing(
    workplace: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], parts: list[str]
) -> None:
    assert main([*SHORT, *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert all(part in captured.err for part in parts)
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize("arguments", [["runn"], [], ["list"], ["list", "robot"], ["train"]])
def test_bad_commands_are_refused(arguments: list[str]) -> None:
    assert main(arguments) == 2


def test_a_folder_that_cannot_be_written_is_bad_usage(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workplace / "file").write_text("in the way")
    assert main([*SHORT, "--out", "file/run"]) == 2
    assert "--out: cannot write to file/run" in capsys.readouterr().err


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:3000])


def replace_by_another_robots(path: Path) -> None:
    checkpoint.save(untrained(USUAL, robot="go2"), path)


@pytest.mark.parametrize("damage", [Path.unlink, truncate, replace_by_another_robots])
def test_a_checkpoint_that_does_not_fit_is_refused(
    workplace: Path, capsys: pytest.CaptureFixture[str], damage: object
) -> None:
    path = assets.checkpoint("roach", USUAL)
    damage(path)  # type: ignore[operator]
    assert main(SHORT) == 3
    assert str(path) in capsys.readouterr().err
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize(
    "course,model,expected,got",
    [
        ("hidden_speed", "roach-grbal", "hidden_speed_reward", "none"),
        ("hidden_speed", "roach-grbal-hidden_turn", "hidden_speed_reward", "hidden_turn_reward"),
        ("figure8", "roach-grbal-hidden_speed", "none", "hidden_speed_reward"),
    ],
)
def test_a_model_of_another_reward_is_refused(
    workplace: Path, capsys: pytest.CaptureFixture[str], course: str, model: str, expected: str, got: str
) -> None:
    path = assets.checkpoint("roach", "grbal").with_stem(model)
    assert main([*SHORT, "--course", course, "--adapter", "grbal", "--checkpoint", str(path)]) == 3
    assert f"{path}: predicted reward: expected {expected}, got {got}" in capsys.readouterr().err
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize("adapter", ["grbal", "informed"])
def test_a_hidden_goal_is_reported_and_the_same_for_one_seed(
    workplace: Path, capsys: pytest.CaptureFixture[str], adapter: str
) -> None:
    goals = []
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        arguments = ["--course", "hidden_speed", "--adapter", adapter, "--compare", "mb", "--seed", seed]
        assert main([*SHORT, *arguments, "--seconds", "1", "--out", name, "--json"]) == 0
        summary = json.loads(capsys.readouterr().out)
        assert summary["compare"]["goal"] == summary["goal"]
        assert summary["reward_mean"] < 0
        assert summary["path_error_m"] is None
        goals.append(summary["goal"])
    assert goals[0] == goals[1] != goals[2]
    log = Log.read(workplace / "a" / "log.jsonl")
    assert log.rewards.mean() == pytest.approx(-log.series("cost")[1:].mean())
    assert "hidden goal" in (workplace / "a" / "report.html").read_text()
    assert (workplace / "a" / "reward.png").is_file()


def test_a_goal_can_be_given_and_the_settings_repeat_the_run(workplace: Path) -> None:
    given = "hidden_turn:side=1,later=-1,at=0.5"
    assert main([*SHORT, "--seconds", "1", "--course", given, "--out", "first"]) == 0
    assert main(["run", "--fast", "--no-video", "--config", "first/settings.yaml", "--out", "again"]) == 0
    logs = [Log.read(workplace / name / "log.jsonl") for name in ("first", "again")]
    assert [log.header.goal for log in logs] == [given, given]
    assert [m.state for m in logs[0].records] == [m.state for m in logs[1].records]


def test_a_robot_that_is_told_by_a_file_follows_and_stands(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("told.csv").write_text("time,v_x,v_y,turn\n0.2,0.2,0,0.5\n1,0,0,0\n")
    arguments = ["--course", "velocity:told.csv", "--seconds", "2", "--compare", "mb", "--out", "run", "--json"]
    assert main([*SHORT, *arguments]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert set(summary["velocity_error"]) == {"linear_m_s", "turn_rad_s"}
    assert summary["steering"] == {"ticks without a command": 0, "limited": 0, "sideways": 0}
    assert summary["path_error_m"] is None
    assert (workplace / "run" / "velocity_error.png").is_file()
    assert "followed its commands within" in (workplace / "run" / "report.html").read_text()
    records = moves(workplace / "run")
    assert [r.status for r in records].count("standing") >= 4 + 10
    assert [tuple(r.applied or ()) for r in records[-6:]] == [(0.0, 0.0)] * 6
    assert records[10].wanted == (0.2, 0.0, 0.5)
    assert main([*SHORT, "--course", "velocity:gone.csv"]) == 2
    assert "course: velocity: gone.csv: expected a file that can be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["--course", "velocity"], "steer: expected a source of commands, such as udp:9870, or a file"),
        (["--steer", "page"], "steer: expected none on course figure8, got page"),
        (["--course", "velocity", "--steer", "pag"], "unknown source 'pag'; expected one of"),
        (["--course", "velocity", "--steer", "page"], "steer: expected a file of commands with --fast"),
        (["--course", "velocity:aside.csv"], "v_y at 1 s: expected 0 on robot roach, which cannot move sideways"),
        (["--course", "velocity:told.csv"], "told.csv:1: expected 4 numbers"),
    ],
)
def test_what_cannot_steer_is_refused_in_one_line(
    arguments: list[str], complaint: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("aside.csv").write_text("0 0.1 0 0\n1 0.1 0.1 0\n")
    Path("told.csv").write_text("0 0.1 0\n")
    assert main([*SHORT, *arguments, "--out", "run"]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
    assert not (workplace / "run").exists()


def test_a_run_that_was_steered_live_is_repeated_to_the_last_bit_from_its_settings(workplace: Path) -> None:
    reading, writing = multiprocessing.Pipe(duplex=False)
    told = iter([(0.2, 0.0), (0.2, 0.7), (0.1, -1.0)])

    class Typing(Piped):
        """Somebody who says something every 0.4 s, three times."""

        def poll(self, now: float) -> Command | None:
            if round(now / 0.05) % 8 == 2 and (next_one := next(told, None)) is not None:
                send(writing, Velocity(next_one[0], 0.0, next_one[1]))
            return super().poll(now)

    few = {"planner": {"kind": "cem", "candidates": 24, "elites": 6}, "seconds": 2.5}
    settings = run_settings([Layer("test", {"course": "velocity", "steer": "page", **few})])
    simulated.execute(settings, fast=True, out=workplace / "live", video=False, steering=Typing(reading))
    assert main(["run", "--fast", "--no-video", "--config", "live/settings.yaml", "--out", "again"]) == 0
    live, again = moves(workplace / "live"), moves(workplace / "again")
    assert [(r.state, r.action, r.wanted, r.command) for r in live] == [
        (r.state, r.action, r.wanted, r.command) for r in again
    ]
    assert live[11].wanted == (0.2, 0.0, 0.7)
    assert live[-1].wanted == (0.0, 0.0, 0.0)
    assert live[-1].status == "standing"


def test_a_robot_fault_leaves_complete_files(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read, reads = SimRobot.read, iter(range(1000))

    def failing(robot: SimRobot) -> RobotState:
        if next(reads) > 60:
            raise LinkLost("no answer")
        return read(robot)

    monkeypatch.setattr(SimRobot, "read", failing)
    assert main([*SHORT, "--seconds", "3", "--out", "run", "--json"]) == 4
    captured = capsys.readouterr()
    assert "no answer" in captured.err
    assert 0 < json.loads(captured.out)["ticks"] < 60
    assert len(moves(workplace / "run")) == json.loads(captured.out)["ticks"]


@pytest.mark.parametrize("ticks_before", [0, 8])
def test_ctrl_c_leaves_complete_files(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ticks_before: int
) -> None:
    tick, ticks = Controller.tick, iter(range(1000))

    def interrupted(controller: Controller, observation: Observation) -> TickResult:
        if next(ticks) == ticks_before:
            raise KeyboardInterrupt
        return tick(controller, observation)

    monkeypatch.setattr(Controller, "tick", interrupted)
    assert main([*SHORT, "--seconds", "3", "--compare", "mb", "--out", "run", "--json"]) == 130
    summary = json.loads(capsys.readouterr().out)
    assert summary["ticks"] == len(moves(workplace / "run")) == ticks_before
    assert summary["interrupted"]
    assert (workplace / "run" / "report.html").is_file()


def test_ctrl_c_while_the_video_is_made_costs_the_video_only(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(path: Path, logs: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(simulated, "film", interrupted)
    arguments = [argument for argument in SHORT if argument != "--no-video"]
    assert main([*arguments, "--seconds", "0.5", "--out", "run", "--json"]) == 130
    files = json.loads(capsys.readouterr().out)["files"]
    assert "video" not in files
    assert all(Path(file).is_file() for file in files.values())


def storm() -> None:
    """A closed terminal, a service manager and an impatient person at once."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGINT):
        os.kill(os.getpid(), number)


def test_signals_while_the_report_is_written_wait_for_it(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def signalled(*arguments: object) -> dict[str, Path]:
        storm()
        return write_report(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(simulated, "write_report", signalled)
    assert main([*SHORT, "--seconds", "0.5", "--out", "run"]) == 0
    assert {"summary.json", "report.html"} <= {file.name for file in (workplace / "run").iterdir()}


def test_signals_while_it_starts_leave_a_run_without_ticks(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def signalled(settings: RunSettings, out: Path | None) -> AbstractContextManager[Path]:
        storm()
        return run_folder(settings, out)

    monkeypatch.setattr(simulated, "run_folder", signalled)
    assert main([*SHORT, "--seconds", "3", "--out", "run", "--json"]) == 130
    assert json.loads(capsys.readouterr().out)["ticks"] == 0
    assert {"summary.json", "log.jsonl", "settings.yaml"} <= {file.name for file in (workplace / "run").iterdir()}


@pytest.mark.parametrize("ending", [storm, lambda: os.kill(os.getpid(), signal.SIGTERM)], ids=["storm", "SIGTERM"])
def test_signals_end_a_run_as_ctrl_c_does(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ending: Callable[[], None]
) -> None:
    tick, ticks = Controller.tick, iter(range(1000))

    def signalled(controller: Controller, observation: Observation) -> TickResult:
        if next(ticks) == 8:
            ending()
        return tick(controller, observation)

    def once_more(*arguments: object) -> dict[str, Path]:
        ending()
        return write_report(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Controller, "tick", signalled)
    monkeypatch.setattr(simulated, "write_report", once_more)
    before = signal.getsignal(signal.SIGTERM)
    assert main([*SHORT, "--seconds", "3", "--out", "run", "--json"]) == 130
    assert json.loads(capsys.readouterr().out)["ticks"] == 8
    assert (workplace / "run" / "report.html").is_file()
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_folder_that_holds_a_run_is_not_written_to(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SHORT, "--seconds", "0.5", "--out", "run"]) == 0
    before = {file.name: file.read_bytes() for file in (workplace / "run").iterdir()}
    assert main([*SHORT, "--seconds", "0.5", "--seed", "5", "--out", "run"]) == 2
    assert "command line: --out: run holds a run already; choose another folder" in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in (workplace / "run").iterdir()} == before


@pytest.mark.parametrize("name", ["report.html", "summary.json"])
def test_what_cannot_be_written_is_one_clear_line(
    workplace: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (workplace / "run" / name).mkdir(parents=True)
    assert main([*SHORT, "--seconds", "0.5", "--out", "run"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("limber: run/")
    assert last.endswith("cannot be read or written: Is a directory")
    assert not list((workplace / "run").glob("*.partial"))


def test_a_machine_without_memory_is_one_line(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(*_: object) -> Rig:
        raise MemoryError("Unable to allocate 14.9 GiB")

    monkeypatch.setattr("controller.runs.simulated.build", build)
    assert main([*SHORT, "--out", "run"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "limber: out of memory: Unable to allocate 14.9 GiB; ask for less, or run it on a larger machine"


@pytest.mark.parametrize(
    "family,name",
    [
        ("robots", "roach"),
        ("courses", "figure8"),
        ("courses", "hidden_speed"),
        ("perturbations", "leg_loss"),
        ("adapters", "grbal"),
        ("planners", "cem"),
    ],
)
def test_list_names_what_there_is(capsys: pytest.CaptureFixture[str], family: str, name: str) -> None:
    assert main(["list", family]) == 0
    assert name in [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert main(["list", family, "--json"]) == 0
    assert name in json.loads(capsys.readouterr().out)[family]


def test_help_ends_on_the_narrowest_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "2")
    assert main(["list", "--help"]) == 0
    assert "usage: limber list" in capsys.readouterr().out


def test_help_needs_nothing_heavy() -> None:
    code = (
        "import sys; from controller.cli import main; main(['--help']);"
        "sys.exit(bool({'torch', 'mujoco', 'numpy', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "run" in done.stdout


@pytest.mark.parametrize("value", ["osmesa", "nonsense"])
def test_only_drawing_needs_opengl(value: str, tmp_path: Path) -> None:
    program = f"""
import sys
from controller.cli import main
shown = main(["list", "perturbations"])
sys.exit(shown or main(["run", "--fast", "--seconds", "0.2", "--out", {str(tmp_path / "run")!r}]))
"""
    broken = tmp_path / "OpenGL"  # such as one without the library of the system
    broken.mkdir()
    (broken / "__init__.py").write_text("raise AttributeError('no library')")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    found = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"MUJOCO_GL": value, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert "payload" in found.stdout
    said = [line for line in found.stderr.splitlines() if "no video" in line]
    assert len(said) == 1
    assert "OpenGL through 'disable' cannot be opened" in said[0]
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["run", "--out", ""], "command line: --out: expected a value, got an empty one"),
        (["train", "--out="], "command line: --out: expected a value, got an empty one"),
        (["run", "--checkpoint", "a\udcff.safetensors"], "command line: checkpoint: expected text in UTF-8"),
        (["run", "--set", "adapter=a\udcff"], "--set adapter=a\\udcff: the value is not valid YAML"),
        (["run", "--set", "a\udcff=1"], "expected text in UTF-8, as settings are written, got 'a\\udcff'"),
        (["run", "--robot", "./a\udcff.yaml"], "/a\\udcff.yaml: no such file"),
        (["run", "--config", "a\udcff.yaml"], "a\\udcff.yaml: no such file"),
        (["replay", "a\udcff.mcap"], "expected an existing log (*.mcap), got 'a\\udcff.mcap'"),
        (["run", "--set", 'robot="a\\nb"'], "robot: unknown robot 'a\\nb'; expected one of"),
        (["run", "--robot", "a\x1b[31mb"], "robot: unknown robot 'a\\x1b[31mb'; expected one of"),
        (["run", "--set", f"seed=[{'7, ' * 40_000}7]"], "seed: expected a valid integer, got [7, 7, 7, "),
        (
            ["run", "--robot", "x" * 100_000],
            f"expected one of {', '.join(names())}, or the path of a file such as ./my.yaml",
        ),
        (["run", "--config", "/dev/zero"], "/dev/zero: expected at most 1,000,000 bytes of settings, got more"),
        (["run", "--set", "control.horizon=1000000000"], "horizon: expected a number in [1, 200], got 1e+09"),
        (["run", "--set", "control.delay_ticks=1000000000"], "delay_ticks: expected a number in [0, 200], got 1e+09"),
    ],
)
def test_arguments_that_are_empty_endless_or_no_text_are_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(Path().iterdir())
    assert main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert len(lines[0]) < 1100
    assert said in lines[0]
    assert list(Path().iterdir()) == before
