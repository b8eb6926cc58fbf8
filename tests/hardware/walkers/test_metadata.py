from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from controller.settings import robots
from hardware.walkers.metadata import agree, described, metadata
from tests.hardware.walkers.policies import JOINTS, linear
from tests.hardware.walkers.walking import POSE, gym

ENTRIES = {
    "run_path": "none",
    "joint_names": ",".join(f"{name}_joint" for name in JOINTS),
    "joint_stiffness": ",".join(["20.000"] * 12),
    "joint_damping": ",".join(["0.500"] * 12),
    "default_joint_pos": ",".join(["0.000", "0.800", "-1.500"] * 4),
    "command_names": "twist",
    "observation_names": "base_lin_vel,base_ang_vel,projected_gravity,joint_pos,joint_vel,actions,command",
    "action_scale": "0.25",
}
"""As mjlab writes them."""
MOTORS = robots.spec("go2").motors


def written(folder: Path, **entries: str) -> Path:
    return linear(folder / "policy.onnx", np.zeros((12, 45)), np.zeros(12), **entries)


def test_entries_are_read_without_the_network(tmp_path: Path) -> None:
    path = written(tmp_path, **ENTRIES)
    assert metadata(path) == ENTRIES
    path.write_bytes(path.read_bytes()[:400])
    assert not metadata(path)
    assert not metadata(tmp_path / "gone.onnx")


def test_entries_become_what_a_contract_says() -> None:
    told = described(ENTRIES)
    assert told["joints"] == [f"{name}_joint" for name in JOINTS]
    assert told["gains"] == {"kp": [20.0] * 12, "kd": [0.5] * 12}
    assert told["pose"] == [0.0, 0.8, -1.5] * 4
    assert told["action"] == {"scale": [0.25]}
    assert isinstance(observation := told["observation"], dict)
    assert [term["name"] for term in observation["terms"]][:2] == ["base_lin_vel", "base_ang_vel"]


def test_terms_that_nobody_knows_are_left_to_the_contract() -> None:
    assert "observation" not in described({"observation_names": "base_ang_vel,height_scan"})
    with pytest.raises(ValueError, match="metadata: action_scale: expected numbers, got 'much'"):
        described({"action_scale": "much"})


DIFFERENT = {
    "joint_names": (",".join(f"{name}_joint" for name in (*JOINTS[3:], *JOINTS[:3])), "joints"),
    "joint_damping": ("0.6", "gains.kd"),
    "action_scale": ("0.25,0.25,0.3", "action.scale"),
    "observation_names": ("projected_gravity,base_ang_vel", "observation.terms"),
}


@pytest.mark.parametrize("key, value, place", [(key, *told) for key, told in DIFFERENT.items()])
def test_a_contract_that_says_something_else_is_refused(tmp_path: Path, key: str, value: str, place: str) -> None:
    names = "gyro,gravity,command,joint_position,joint_velocity,last_action"
    contract = gym(
        written(tmp_path, **{**ENTRIES, "default_joint_pos": ",".join(map(str, POSE)), "observation_names": names})
    )
    agree(contract, MOTORS)
    contract = gym(written(tmp_path, **{key: value}))
    with pytest.raises(
        ValueError, match=rf"policy\.onnx: {place}: its metadata say .*, its contract .*metadata: false"
    ):
        agree(contract, MOTORS)
    agree(replace(contract, metadata=False), MOTORS)
