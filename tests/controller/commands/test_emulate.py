from __future__ import annotations

import json

import pytest

from benchmarks.two_terminals import free_domain
from controller.cli import main
from controller.settings.robots import names

pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")


@pytest.mark.parametrize(
    "flags, complaint",
    [
        ("go3", f"emulate: unknown robot 'go3'; expected one of {', '.join(names())}; did you mean 'go2'?"),
        ("roach", "emulate: robot: expected one with an emulator, go2, go2-sport, go2-walker, got 'roach'"),
        ("go2 --fault frezze@3", "--fault: fault 'frezze@3': expected one of drop, delay, reorder, freeze,"),
        ("go2 --fault frezze@3", "got 'frezze'; did you mean 'freeze'?"),
        ("go2 --fault drop:share=2", "--fault: fault drop.share: expected 0 to 1, got '2'"),
        ("go2 --fault drop:chare=1", "--fault: fault drop: expected one of the keys share, got 'chare'"),
        ("go2 --fault reboot:seconds=soon", "--fault: fault reboot.seconds: expected a number, got 'soon'"),
        ("go2 --fault reboot@5-3", "--fault: fault reboot: expected times with 0 <= start < end"),
        ("go2 --fault delay", "--fault: fault delay: expected a value for ms"),
        ("go2 --fault freeze@x", "--fault: fault freeze: expected times @start or @start-end"),
        ("go2 --perturb payload:mass=50", "--perturb: perturbation payload.mass: expected 0 to 10, got '50'"),
        ("go2 --perturb leg_loss:leg=left_middle", "expected one of front_left, front_right"),
        ("go2 --seconds soon", "--seconds: expected a number from 0 to inf, got 'soon'"),
        ("go2 --domain 233", "--domain: expected a number from 0 to 232"),
        ("go2 --terrain trf", "did you mean 'turf'?"),
        ("go2 --mode nrmal", "did you mean 'normal'?"),
        ("go2 --interface lp", "did you mean 'lo'?"),
    ],
)
def test_a_mistake_is_one_clear_line(flags: str, complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emulate", *flags.split()]) == 2
    assert complaint in capsys.readouterr().err


def test_a_robot_lives_as_long_as_it_is_told_and_reports(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emulate", "go2", "--seconds", "0.3", "--domain", str(free_domain()), "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["seconds"] == pytest.approx(0.3, abs=0.05)
    assert report["states_sent"] > 0
    assert (report["commands_obeyed"], report["outside_limits"], report["mode"]) == (0, 0, "normal")


def test_a_view_without_opengl_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MUJOCO_GL", "egl")
    monkeypatch.setenv("__EGL_VENDOR_LIBRARY_FILENAMES", "/nonexistent")
    assert main(["emulate", "go2", "--seconds", "0.1", "--domain", str(free_domain()), "--view"]) == 2
    (line,) = [text for text in capsys.readouterr().err.splitlines() if text.startswith("limber: ")]
    assert line.startswith("limber: command line: emulate: emulator's viewer: ")
    assert line.endswith("without --view nothing has to be drawn")
