"""The wheel holds all that a run needs and works from a folder that is no clone."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from controller.settings import robots

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the unpacked wheel, as an installation would leave it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    (wheel,) = folder.glob("limber-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def limber(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line of the unpacked wheel, and no other, in a folder that is no clone."""
    code = "import sys; from controller import cli; assert sys.argv.pop(1) in cli.__file__; sys.exit(cli.main())"
    command = [sys.executable, "-c", code, str(site), *arguments]
    return subprocess.run(
        command, cwd=site.parent, env={"PYTHONPATH": str(site)}, capture_output=True, text=True, check=False
    )


def test_settings_and_models_travel_in_the_wheel(site: Path) -> None:
    for kind in ("*.yaml", "*.safetensors", "*.onnx"):
        sources = {path.relative_to(ROOT) for folder in ("configs", "models") for path in (ROOT / folder).rglob(kind)}
        assert sources
        packed = {path.relative_to(site / "controller" / "assets") for path in site.rglob(kind)}
        assert packed == sources
    assert (site / "controller" / "assets" / "configs" / "run" / "roach.yaml").is_file()


def test_nothing_else_lands_beside_the_five_packages(site: Path) -> None:
    packages = {path.name for path in site.iterdir() if not path.name.endswith(".dist-info")}
    assert packages == {"controller", "dynamics", "hardware", "planners", "sim"}


def test_the_command_line_runs_from_the_wheel(site: Path) -> None:
    done = limber(site, "list", "robots")
    assert done.returncode == 0, done.stderr
    assert {line.split()[0] for line in done.stdout.splitlines()} == set(robots.names())


def test_a_run_starts_from_the_settings_in_the_wheel(site: Path) -> None:
    done = limber(site, "run", "--fast", "--no-video", "--seconds", "0.2", "--adapter", "mb", "--checkpoint", "absent")
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith("limber: absent: no such checkpoint")
