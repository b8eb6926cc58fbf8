"""The doctor: one line for everything, and a cure wherever something is wrong."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from controller.cli import main
from controller.commands import machine


def test_it_examines_everything_and_names_cures(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["doctor", "--json"])
    findings = json.loads(capsys.readouterr().out.splitlines()[-1])["findings"]
    names = [finding["name"] for finding in findings]
    expected = {
        "python",
        "limber",
        "numpy",
        "torch",
        "mcap",
        "cyclonedds",
        "threads",
        "processors",
        "real-time scheduler",
        "memory lock",
        "timer",
    }
    assert expected | {"OpenGL", "DDS", "serial", "disk", "shared memory"} <= set(names)
    assert all(finding["status"] in {"ok", "warn", "fail"} for finding in findings)
    assert all(bool(finding["cure"]) == (finding["status"] != "ok") for finding in findings)
    assert status == int(any(finding["status"] == "fail" for finding in findings))


@pytest.mark.parametrize(
    "text, tested, status, cure",
    [
        ("numpy>=1", None, "ok", ""),
        ("numpy>=1", "0.1", "warn", "pip install -c constraints.txt"),
        ("numpy<1", None, "fail", "pip install 'numpy<1'"),
        ("no-such-package>=3", None, "fail", "pip install 'no-such-package>=3'"),
        ('no-such-package>=3; extra == "go2"', None, "warn", "pip install 'limber[go2]'"),
    ],
)
def test_packages_are_compared_with_what_is_asked_for(text: str, tested: str | None, status: str, cure: str) -> None:
    finding = machine._package(Requirement(text), tested)
    assert (finding.status, finding.cure) == (status, cure)


def test_a_clone_is_asked_for_what_its_project_file_says_today(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text(
        '[project]\ndependencies = ["numpy>=1"]\n[project.optional-dependencies]\nlog = ["mcap>=1.6"]\ndev = ["ruff"]\n'
    )
    assert list(map(str, machine._asked(project))) == ["numpy>=1", 'mcap>=1.6; extra == "log"']
    installed = {requirement.name for requirement in machine._asked(tmp_path / "none.toml")}
    assert "numpy" in installed
    assert "ruff" not in installed


def test_a_thread_count_left_open_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    (finding,) = machine._threads()
    assert finding.status == "warn"


def crash() -> str:
    os._exit(1)


def hang() -> str:
    time.sleep(60.0)
    return "never"


def refuse() -> str:
    raise ImportError("libddsc.so.0: cannot open shared object file")


def test_what_crashes_does_not_take_the_doctor_along() -> None:
    assert "ended" in machine._apart(crash)


def test_what_hangs_does_not_hold_the_doctor_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PATIENCE", 0.1)
    begun = time.monotonic()
    assert "no answer within 0.1 s" in machine._apart(hang)
    assert time.monotonic() - begun < 30.0


def test_what_fails_in_any_way_is_said() -> None:
    assert machine._apart(refuse) == "ImportError: libddsc.so.0: cannot open shared object file"


def test_a_full_disk_is_a_failure() -> None:
    assert machine._space("disk", "/proc", 1, 1).status == "fail"
    assert machine._space("disk", "/no/such/place", 1, 1).status == "fail"
