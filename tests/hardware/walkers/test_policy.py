from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from hardware.contract import Contract
from hardware.walkers import policy
from hardware.walkers.policy import Policy, PolicyError, PolicyFailed
from tests.hardware.walkers.policies import Counter, counting, linear, script
from tests.hardware.walkers.walking import gym

ONES, TENTH = np.ones(45), pytest.approx([0.1] * 12)


def load(path: Path, **changes: object) -> Policy:
    contract: Contract = replace(gym(path), **changes)  # type: ignore[arg-type]
    return policy.load(contract, 45, "all of it 45", 12)


def test_an_onnx_policy_answers_and_has_a_state_where_it_says_so(tmp_path: Path) -> None:
    plain = load(linear(tmp_path / "a.onnx", np.eye(12, 45), np.arange(12.0)))
    np.testing.assert_allclose(plain.step(ONES), np.arange(12.0) + 1.0)
    found = load(counting(tmp_path / "b.onnx", 45))
    assert [found.step(ONES)[0] for _ in range(3)] == pytest.approx([0.1, 0.2, 0.3])
    found.reset()
    assert found.step(ONES) == TENTH


def test_a_state_may_have_any_names(tmp_path: Path) -> None:
    model = onnx.load(str(counting(tmp_path / "a.onnx", 45)))
    renamed = {"h_in": "before", "h_out": "after"}
    for node in model.graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    for value in (*model.graph.input, *model.graph.output):
        value.name = renamed.get(value.name, value.name)
    onnx.save(model, str(tmp_path / "a.onnx"))
    with pytest.raises(PolicyError, match="input: expected one input that is no state, or .* one of obs, before; got"):
        load(tmp_path / "a.onnx")
    found = load(tmp_path / "a.onnx", state=(("before", "after"),))
    assert [found.step(ONES)[0] for _ in range(2)] == pytest.approx([0.1, 0.2])
    with pytest.raises(PolicyError, match="state: expected its inputs and outputs, got before, h_out; inputs obs"):
        load(tmp_path / "a.onnx", state=(("before", "h_out"),))


def test_of_several_outputs_one_is_named_or_counted(tmp_path: Path) -> None:
    path = linear(tmp_path / "a.onnx", np.zeros((12, 45)), np.ones(12))
    model = onnx.load(str(path))
    model.graph.node.append(helper.make_node("Neg", ["actions"], ["value"]))
    model.graph.output.insert(0, helper.make_tensor_value_info("value", TensorProto.FLOAT, [1, 12]))
    onnx.save(model, str(path))
    assert load(path).step(ONES)[0] == load(path, output="value").step(ONES)[0] == -1.0
    assert load(path, output="actions").step(ONES)[0] == load(path, output=1).step(ONES)[0] == 1.0
    with pytest.raises(PolicyError, match="output: expected one of value, actions or its place, got 'mean'"):
        load(path, output="mean")


@pytest.mark.parametrize("resets", [True, False])
def test_torchscript_begins_anew_when_it_is_reset(tmp_path: Path, resets: bool) -> None:
    found = load(script(tmp_path / "a.pt", Counter(resets)))
    assert [found.step(ONES)[0] for _ in range(3)] == pytest.approx([0.1, 0.2, 0.3])
    found.reset()
    assert found.step(ONES) == TENTH


class Pair(torch.nn.Module):
    """Answers two things, and fails on large numbers."""

    def forward(self, seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        assert float(seen.max()) < 5.0
        return seen[:, :12], -seen[:, :12]


def test_torchscript_with_two_answers_and_one_that_fails(tmp_path: Path) -> None:
    found = load(script(tmp_path / "a.pt", Pair()), output=1)
    assert found.step(ONES)[0] == -1.0
    with pytest.raises(PolicyFailed, match="AssertionError"):
        found.step(9.0 * ONES)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_files_that_cannot_be_used_are_one_line_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = linear(tmp_path / "good.onnx", np.zeros((12, 45)), np.zeros(12))
    data = good.read_bytes()
    foreign = onnx.load(str(good))
    foreign.graph.node[0].domain, foreign.graph.node[0].op_type = "com.example", "Magic"
    foreign.opset_import.append(helper.make_opsetid("com.example", 1))
    onnx.save(foreign, str(tmp_path / "foreign.onnx"))
    outside = onnx.load(str(good))
    for held in outside.graph.initializer:
        held.data_location = TensorProto.EXTERNAL
        held.ClearField("raw_data")
        held.external_data.add(key="location", value="gone.data")
    (tmp_path / "outside.onnx").write_bytes(outside.SerializeToString())
    bad = {
        "gone.onnx": (None, "no such policy"),
        "policy.h5": (b"", r"expected a policy as ONNX \(.onnx\) or TorchScript"),
        "empty.onnx": (b"", "cannot be used as ONNX: "),
        "cut.onnx": (data[: len(data) // 2], "cannot be used as ONNX: "),
        "rubbish.onnx": (b"\xff" * 1000, "cannot be used as ONNX: "),
        "foreign.onnx": (None, "cannot be used as ONNX: .*com.example"),
        "outside.onnx": (None, "cannot be used as ONNX: .*gone.data"),
        "empty.pt": (b"", "cannot be used as TorchScript: "),
        "pickle.pt": (b"\x80\x04K\x01.", "cannot be used as TorchScript: "),
        "cut.pt": (script(tmp_path / "a.pt", Pair()).read_bytes()[:700], "cannot be used as TorchScript: "),
    }
    for name, (content, message) in bad.items():
        path = tmp_path / name if content is None else written(tmp_path / name, content)
        with pytest.raises(PolicyError, match=rf"^{path}: {message}") as error:
            load(path)
        assert len(str(error.value).splitlines()) == 1
    with (tmp_path / "vast.onnx").open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(PolicyError, match="expected at most 500,000,000 bytes, got 2,147,483,648"):
        load(tmp_path / "vast.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(PolicyError, match=r"needs ONNX Runtime .*; pip install 'limber\[walker\]'"):
        load(good)


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").mkdir()
    with pytest.raises(PolicyError, match="no such policy"):
        load(tmp_path / "a.onnx")


def test_a_shape_of_another_size_says_which_terms_there_are(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"takes 1 x 48 numbers, its contract gives 45 numbers \(all of it 45\)"):
        load(linear(tmp_path / "a.onnx", np.zeros((12, 48)), np.zeros(12)))
    with pytest.raises(PolicyError, match=r"does not take the 45 numbers \(all of it 45\) of its contract: "):
        load(script(tmp_path / "a.pt", torch.nn.Linear(48, 12)))
    with pytest.raises(PolicyError, match="expected an answer of 12 numbers, one a joint, got "):
        load(script(tmp_path / "b.pt", torch.nn.Linear(45, 8)))
