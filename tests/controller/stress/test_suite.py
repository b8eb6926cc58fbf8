from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from controller.cli import main
from controller.jobs.executors import WorkersLost, pool
from controller.jobs.study import Result, Store
from controller.runs.folder import Outcome
from controller.stress.settings import Trial
from controller.stress.suite import run_all, stress_settings
from dynamics import checkpoint
from tests.controller.conftest import untrained
from tests.controller.suites import SMALL, result, write

TRIALS = 2 * 2 * 2


@pytest.fixture(autouse=True)
def workplace(untrained_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with a small suite, and untrained models."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    write(folder, SMALL + f"models: {untrained_models}\n")
    return folder


def stress(*arguments: str) -> int:
    return main(["stress", "--config", "small.yaml", *arguments])


def kept(folder: Path) -> dict[str, int]:
    """Finished trials and when they were written."""
    return {file.name: file.stat().st_mtime_ns for file in (folder / "trials").glob("*.json")}


def summary(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_whole_suite_in_one_command(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stress("--json") == 0
    figures = summary(capsys)
    assert (figures["adapters"], figures["seeds"], figures["runs"]) == (["mb", "grbal"], 2, TRIALS)
    assert len(figures["rows"]) == 4
    assert all(np.isfinite(row["cost"]) for row in figures["rows"])
    folder = workplace / "runs" / "stress-small"
    assert len(kept(folder)) == TRIALS
    assert all((workplace / file).is_file() for file in figures["files"].values())
    page = (folder / "report.html").read_text()
    links = [part.split('"')[0] for part in page.split('<a href="')[1:]]
    assert len(links) == 2
    assert all((folder / link).is_file() for link in links)


def test_a_repeated_run_is_the_one_of_the_suite(workplace: Path) -> None:
    assert stress("--set", "worst=1", "--out", "out") == 0
    for folder in (workplace / "out" / "worst").iterdir():
        trial = json.loads((workplace / "out" / "trials" / f"{folder.name}.json").read_text())
        again = json.loads((folder / "summary.json").read_text())
        assert again["cost_mean"] == pytest.approx(trial["cost"], rel=1e-12)
        assert again["perturbations"] == trial["perturbations"]


def test_a_killed_suite_goes_on_where_it_was(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = "import sys; from controller.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "stress", "--config", "small.yaml", "--out", "out", "--set", "seeds=40"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while len(kept(workplace / "out")) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = kept(workplace / "out")
    assert 3 <= len(before) < 160
    assert stress("--out", "out") == 2
    assert "out holds a stress suite already; go on with it by --resume" in capsys.readouterr().err
    assert stress("--out", "out", "--resume", "--json") == 0
    after = kept(workplace / "out")
    assert before.items() <= after.items()
    assert summary(capsys)["runs"] == TRIALS


def test_seeds_and_adapters_can_be_added_to_a_suite(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stress("--adapters", "mb", "--set", "worst=0", "--out", "out") == 0
    some = next((workplace / "out" / "trials").iterdir())
    whole, when = some.read_text(), some.stat().st_mtime_ns
    for damaged in (whole[:99], "[]", json.dumps(result(math.nan)), json.dumps(result(1.0) | {"perturbations": None})):
        some.write_text(damaged)
        capsys.readouterr()
        assert stress("--adapters", "mb", "--out", "out", "--resume") == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"limber: out/trials/{some.name}")
        assert line.endswith("; delete it to compute it again")
    some.write_text(whole)
    os.utime(some, ns=(when, when))
    before = kept(workplace / "out")
    capsys.readouterr()
    more = ["--adapters", "mb, informed", "--seeds", "3", "--set", "worst=0"]
    assert stress(*more, "--out", "out", "--resume", "--json") == 0
    assert before.items() <= kept(workplace / "out").items()
    figures = summary(capsys)
    assert (figures["runs"], figures["adapters"]) == (12, ["mb", "informed"])
    assert figures["room"].keys() == {"intact", "leg"}


def test_trials_that_somebody_removes_meanwhile_are_said_and_run_again(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def removing(*given: Any) -> None:
        run_all(*given)
        next((workplace / "out" / "trials").iterdir()).unlink()

    arguments = ("--adapters", "mb", "--set", "worst=0", "--out", "out")
    with monkeypatch.context() as patch:
        patch.setattr("controller.stress.suite.run_all", removing)
        assert stress(*arguments) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("limber: out/trials: expected the trials that were kept there: 1 of them are gone, such as ")
    assert stress(*arguments, "--resume") == 0


def test_other_settings_models_and_conditions_do_not_mix_in(
    workplace: Path, untrained_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stress("--set", "worst=0", "--out", "out") == 0
    before = kept(workplace / "out")
    assert stress("--set", "seconds=1.5", "--out", "out", "--resume") == 2
    assert "out holds a stress suite with other settings; choose another folder" in capsys.readouterr().err
    (workplace / "small.yaml").write_text((workplace / "small.yaml").read_text().replace("left_middle", "left_rear"))
    assert stress("--out", "out", "--resume") == 2
    assert "holds trials of another condition 'leg'" in capsys.readouterr().err
    checkpoint.save(untrained("mb", period=0.05), untrained_models / "roach-grbal.safetensors")
    (untrained_models / "roach-mb.safetensors").write_bytes((untrained_models / "roach-mb_de.safetensors").read_bytes())
    assert stress("--adapters", "mb", "--out", "out", "--resume") == 3
    assert kept(workplace / "out") == before


@pytest.mark.parametrize(
    "arguments,status,message",
    [
        (["--adapters", "mb,grabl"], 2, "command line: adapters: unknown adapter 'grabl'; "),
        (["--adapters", "mb,grabl"], 2, "did you mean 'grbal'?"),
        (["--workers", "0"], 2, "workers: expected at least 1, got 0"),
        (["--seeds", "1000000000"], 2, "command line: seeds: expected at most 10,000, got 1000000000"),
        (["--seeds", "many"], 2, "command line: seeds: expected a valid integer, got 'many'"),
        (["--set", "second=3"], 2, "--set second=3: second: unknown key; "),
        (["--set", "seconds=0.01"], 2, "seconds: expected at least one tick"),
        (["--set", "control.rate_hz=25"], 3, "no such checkpoint"),
        (["--set", "models=absent"], 3, "absent/roach-mb.safetensors: no such checkpoint"),
        (["--adapters", "mb,oracle", "--set", "planner={kind: rti}"], 2, "expected one that samples"),
        (["--scheduler", "nonsense"], 2, "--scheduler nonsense: expected the address of a running Dask scheduler"),
    ],
)
def test_bad_usage_is_one_clear_error(
    workplace: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, message: str
) -> None:
    assert stress(*arguments, "--out", "out") == status
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert not (workplace / "out" / "trials").exists()


def test_a_model_without_a_family_must_be_there_before_anything_runs(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (workplace / "small.yaml").read_text().replace("family: none}", "family: none, without: leg_loss}")
    (workplace / "small.yaml").write_text(text)
    assert stress("--out", "out") == 3
    assert "leave-one-out/roach-mb-without-leg_loss.safetensors: no such checkpoint" in capsys.readouterr().err
    assert not (workplace / "out").exists()


def test_without_dask_a_scheduler_is_bad_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert stress("--scheduler", "tcp://127.0.0.1:1", "--out", "out") == 2
    assert "distributed is not installed; pip install 'limber[cluster]'" in capsys.readouterr().err


def mortal(trial: Trial) -> Result:
    """Die the first time, as a process that ran out of memory would."""
    mark = Path("died")
    if trial.seed == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return result(1.0)


def test_a_worker_that_dies_is_replaced(workplace: Path) -> None:
    settings, store = stress_settings(Path("small.yaml"), []), Store(workplace / "trials")
    run_all(settings, store, mortal, lambda: pool(1), Console(quiet=True))
    assert store.missing(settings.trials()) == []
    assert (workplace / "died").exists()


def test_every_condition_is_checked_before_anything_runs(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (workplace / "small.yaml").read_text()
    (workplace / "small.yaml").write_text(text.replace("leg_loss:leg=left_middle@0.5", "leg_loss:leg=front_left@0.5"))
    assert stress("--out", "out") == 2
    assert "limber: conditions[1]: leg: perturbation leg_loss.leg: expected one of left" in capsys.readouterr().err
    assert not (workplace / "out").exists()


def test_ctrl_c_while_the_worst_runs_are_repeated_is_an_interrupt(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(settings: object, *, fast: bool, out: Path, video: bool) -> Outcome:
        out.mkdir(parents=True)
        (out / "summary.json").touch()
        return Outcome({}, "", out, True, None)

    monkeypatch.setattr("controller.stress.suite.single.execute", interrupted)
    assert stress("--out", "out") == 130
    assert len(kept(workplace / "out")) == TRIALS
    monkeypatch.undo()
    monkeypatch.chdir(workplace)
    assert stress("--out", "out", "--resume") == 0
    assert len(list((workplace / "out" / "worst").glob("*/report.html"))) == 2


def test_ctrl_c_leaves_what_is_done(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put, puts = Store.put, iter(range(1000))

    def interrupted(store: Store, cell: Trial, outcome: Result) -> None:
        put(store, cell, outcome)
        if next(puts) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Store, "put", interrupted)
    assert stress("--out", "out", "--json") == 130
    assert capsys.readouterr().out == ""
    assert len(kept(workplace / "out")) == 3


def test_lost_workers_are_one_line_that_says_how_to_go_on(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lost(*arguments: object) -> None:
        raise WorkersLost("they died")

    monkeypatch.setattr("controller.stress.suite.run_all", lost)
    assert stress("--out", "out") == 1
    assert capsys.readouterr().err == "limber: they died; what is finished is kept: go on with --resume\n"
