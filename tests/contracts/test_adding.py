"""What adding costs: one file and at most a line, also from outside the library; CONTRIBUTING.md says so in a table."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from tests.contracts import toys
from controller.cli import main
lists = [main(["list", family, "--json"]) for family in ("planners", "perturbations", "courses")]
sys.exit(main([argument.replace("TOY.yaml", str(toys.ROBOT)) for argument in sys.argv[1:]]) or max(lists))
"""
ADDED = ("planner", "adapter", "perturbation", "path course", "hidden goal", "robot")


def test_toys_from_outside_keep_what_everything_of_their_kind_keeps() -> None:
    contracts = [f"tests/contracts/test_{kind}.py" for kind in ("planners", "adapters", "perturbations", "robots")]
    command = [sys.executable, "-m", "pytest", "-p", "tests.contracts.toys", "-p", "no:cacheprovider", "-k", "toy"]
    done = subprocess.run([*command, *contracts], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 40


def test_toys_are_listed_and_run(tmp_path: Path) -> None:
    run = [
        "run",
        "--robot",
        "TOY.yaml",
        "--course",
        "toy_hook",
        "--planner",
        "toy",
        "--perturb",
        "toy_oil:factor=3@0.5",
    ]
    model = ["--adapter", "mb", "--checkpoint", "models/roach-mb.safetensors"]
    rest = ["--seconds", "1", "--fast", "--no-video", "--json", "--out", str(tmp_path / "run")]
    command = [sys.executable, "-c", PROGRAM, *run, *model, *rest]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    planners, perturbations, courses, summary = map(json.loads, done.stdout.splitlines())
    assert planners["planners"]["toy"] == "Disturbs the earlier plan a little."
    assert "toy_oil" in perturbations["perturbations"]
    assert {"toy_hook", "toy_goal"} <= set(courses["courses"])
    assert (summary["course"], summary["planner"], summary["ticks"]) == ("toy_hook", "toy", 20)
    assert summary["perturbations"] == ["toy_oil:factor=3@0.5"]


def test_contributing_says_what_each_addition_takes() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (?:a|an) ([^|]+?) \| ([^|]+) \|", text, flags=re.MULTILINE))
    assert set(ADDED) <= set(rows)
    for added in ADDED:
        (file,) = re.findall(r"`((?:planners|dynamics|sim|controller|configs)/[\w/]*)", rows[added])[:1]
        assert (ROOT / file).is_dir(), (added, file)
