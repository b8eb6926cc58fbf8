from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")
pytest.importorskip("mcap", reason="the extra log is not installed")


def test_nothing_that_draws_is_beside_a_robot_that_moves() -> None:
    code = "import sys, controller.runs.deployed; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
