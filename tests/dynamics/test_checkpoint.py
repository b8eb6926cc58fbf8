from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from dynamics import checkpoint
from dynamics.adapters.bias_input import BiasInputSettings
from dynamics.adapters.fixed import FixedSettings, InformedSettings
from dynamics.adapters.gradient import GradientSettings
from dynamics.checkpoint import Checkpoint, CheckpointError
from tests.dynamics.toys import model


def example(*, told: bool = False) -> Checkpoint:
    subject = model(np.random.default_rng(0), told=told)
    rates = tuple(torch.full_like(w, 0.2) for w in subject.prior)
    adapter = InformedSettings() if told else GradientSettings(window=5)
    return Checkpoint("toy", "grbal", 0.1, subject, adapter, {"rates": rates}, {"seed": 3})


@pytest.mark.parametrize("told", [False, True])
def test_loads_what_was_saved(tmp_path: Path, told: bool) -> None:
    saved, path = example(told=told), tmp_path / "models" / "toy-grbal.safetensors"
    checkpoint.save(saved, path)
    loaded = checkpoint.load(path)
    assert (loaded.robot, loaded.recipe, loaded.period) == ("toy", "grbal", 0.1)
    assert loaded.adapter == saved.adapter
    assert loaded.provenance == saved.provenance
    assert loaded.model.space == saved.model.space
    assert set(loaded.parts) == {"rates"}
    pairs = zip((*loaded.model.prior, *loaded.parts["rates"]), (*saved.model.prior, *saved.parts["rates"]), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    np.testing.assert_array_equal(loaded.model.inputs.std, saved.model.inputs.std)
    assert (loaded.model.condition is not None) == told


def test_adapter_that_learned_nothing_beside_the_model_has_no_parts(tmp_path: Path) -> None:
    saved = example()
    path = tmp_path / "toy-mb.safetensors"
    checkpoint.save(Checkpoint("toy", "mb", 0.1, saved.model, FixedSettings(), {}, {}), path)
    assert checkpoint.load(path).parts == {}


def test_missing_file_names_what_there_is(tmp_path: Path) -> None:
    checkpoint.save(example(), tmp_path / "toy-grbal.safetensors")
    with pytest.raises(CheckpointError, match=r"toy-gbral.safetensors: no such checkpoint; there are toy-grbal"):
        checkpoint.load(tmp_path / "toy-gbral.safetensors")


@pytest.mark.parametrize("keep", [0, 4, 100, 3000])
def test_truncated_file_is_one_clear_error(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "toy-grbal.safetensors"
    checkpoint.save(example(), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match="expected a whole safetensors file"):
        checkpoint.load(path)


def test_file_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"prior.0": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="expected format limber-checkpoint-1, got None"):
        checkpoint.load(path)


def test_non_finite_weights_are_refused(tmp_path: Path) -> None:
    saved, path = example(), tmp_path / "toy-grbal.safetensors"
    saved.parts["rates"][0][0, 0, 0] = float("nan")
    checkpoint.save(saved, path)
    with pytest.raises(CheckpointError, match="expected finite weights"):
        checkpoint.load(path)


def rewritten(path: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    """Change the tensors of a checkpoint and leave all else as it was."""
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        metadata = file.metadata()
    change(tensors)
    save_file(tensors, path, metadata)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda t: [t.pop(name) for name in list(t) if name.startswith("prior.")], "prior: expected a matrix"),
        (lambda t: t.pop("rates.1"), "expected 'rates.1', got none"),
        (lambda t: [t.pop(name) for name in list(t) if name.startswith("rates.")], "got no rates"),
        (lambda t: t.update({"prior.2": t["prior.2"][:, :3].clone()}), "prior: expected layers"),
        (lambda t: t.update({"rates.0": t["rates.0"][:, :3].clone()}), "rates: expected the shapes of the weights"),
        (lambda t: t["inputs.std"].fill_(float("nan")), "inputs: expected finite means and positive deviations"),
        (lambda t: t["inputs.std"].fill_(1e-300), "tensors: expected finite predictions, got [nan"),
        (lambda t: t["increments.std"].fill_(float("inf")), "tensors: expected finite predictions, got ["),
        (lambda t: t["increments.mean"].fill_(1e300), "tensors: expected finite predictions, got [nan nan inf"),
        (
            lambda t: [t[name].fill_(3e38) for name in t if "prior." in name],
            "tensors: expected finite predictions, got [",
        ),
        (lambda t: t["increments.std"].zero_(), "increments: expected finite means and positive deviations"),
        (lambda t: t.update({"inputs.mean": torch.zeros(3).double()}), "inputs: expected means and deviations of"),
        (
            lambda t: t.update({"prior.0": t["prior.0"].int()}),
            "prior.0: expected floating-point numbers, got",
        ),
    ],
)
def test_tensors_that_do_not_belong_together_are_one_clear_error(
    tmp_path: Path, change: Callable[[dict[str, Tensor]], object], message: str
) -> None:
    path = tmp_path / "toy-grbal.safetensors"
    checkpoint.save(example(), path)
    rewritten(path, change)
    with pytest.raises(CheckpointError, match="toy-grbal.safetensors: damaged or incomplete: ") as caught:
        checkpoint.load(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def renamed(path: Path, change: dict[str, object]) -> None:
    """Change the header of a checkpoint and leave all else as it was."""
    with safe_open(path, framework="pt") as file:
        tensors, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    header = json.loads(metadata["header"])
    save_file(tensors, path, metadata | {"header": json.dumps(header | change)})


GRADIENT = {"kind": "gradient", "window": 5}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"period": "soon"}, "period: "),
        *(({"period": period}, "period: expected a positive time up to 10 s") for period in (math.nan, 0, -0.1, 1e12)),
        ({"adapter": GRADIENT | {"window": 10**12}}, "window: expected at most 10,000, got 1000000000000"),
        ({"adapter": GRADIENT | {"rate": math.inf}}, "rate: expected at most 10,000, got inf"),
        ({"adapter": {"kind": "x" * 2_000_000}}, "header: expected at most 1,000,000 characters"),
        ({"robot": ["y" * 10_000]}, "robot: "),
    ],
)
def test_a_header_that_does_not_fit_is_one_line(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "toy-grbal.safetensors"
    checkpoint.save(example(), path)
    renamed(path, change)
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(path)
    assert f"damaged or incomplete: {message}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1_000


def test_one_bit_of_the_weights_that_changed_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "toy-grbal.safetensors"
    checkpoint.save(example(), path)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="tensors: expected the digest [0-9a-f]{16}, as they were written, got"):
        checkpoint.load(path)


def test_a_checkpoint_from_before_digests_loads(tmp_path: Path) -> None:
    path = tmp_path / "toy-grbal.safetensors"
    checkpoint.save(example(), path)
    with safe_open(path, framework="pt") as file:
        tensors, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    save_file(tensors, path, {name: metadata[name] for name in ("format", "header")})
    assert checkpoint.load(path).recipe == "grbal"


@pytest.mark.parametrize("kept", [torch.float64, torch.float16, torch.bfloat16])
def test_other_precisions_are_the_same_numbers_in_that_of_the_network(tmp_path: Path, kept: torch.dtype) -> None:
    saved, path = example(), tmp_path / "toy-grbal.safetensors"
    for weight in (*saved.model.prior, *saved.parts["rates"]):
        weight.copy_(weight.bfloat16().half().float())  # all of them hold these
    checkpoint.save(saved, path)
    rewritten(path, lambda t: t.update({n: w.to(kept) for n, w in t.items() if n.startswith(("prior", "rates"))}))
    loaded = checkpoint.load(path)
    for got, expected in zip(loaded.model.prior, saved.model.prior, strict=True):
        assert got.dtype == torch.float32
        assert torch.equal(got, expected)


def test_numbers_that_a_network_cannot_hold_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "toy-grbal.safetensors"
    checkpoint.save(example(), path)
    rewritten(path, lambda t: t.update({"prior.0": t["prior.0"].double() + 1e-12}))
    with pytest.raises(CheckpointError, match="prior.0: expected numbers that float32 can hold, got others of"):
        checkpoint.load(path)


def test_parts_that_an_adapter_cannot_use_are_refused_before_any_run(tmp_path: Path) -> None:
    saved, path = example(), tmp_path / "toy-cavia.safetensors"
    parts = {"entry": (torch.zeros(1, 8, 3),), "rates": (torch.zeros(8),)}
    checkpoint.save(Checkpoint("toy", "cavia", 0.1, saved.model, BiasInputSettings(), parts, {}), path)
    with pytest.raises(CheckpointError, match="toy-cavia.safetensors: damaged or incomplete: "):
        checkpoint.load(path)


def test_a_header_with_line_breaks_is_refused_in_one_line(tmp_path: Path) -> None:
    header = b'{"a": {"dtype": "F\n32", "shape": [0], "data_offsets": [0, 0]}}'.replace(b"\n", b"\\n")
    path = tmp_path / "broken.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(CheckpointError, match=r"\A[^\n]*expected a whole safetensors file[^\n]*\Z"):
        checkpoint.load(path)
