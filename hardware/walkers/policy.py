"""A policy from its file: numbers in, numbers out, and a state in between where it has one.

ONNX is the default, because such a file holds a graph of known operations and no program. TorchScript is a program: a
stranger's can do whatever its operations can, such as read files (docs/walkers.md).
"""

from __future__ import annotations

import copy
import importlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from hardware.contract import Contract
from hardware.robot import FloatArray

LARGEST = 500_000_000
"""Of a policy's file [bytes]: hundreds of times what walks a robot within milliseconds."""
_WARMING = 5
"""Steps before the first that counts: the first ones of a process are slow."""
_TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}
_SCRIPTS = (".pt", ".pth", ".jit", ".ts")
_MODULE = "onnxruntime.capi.onnxruntime_pybind11_state"


class PolicyError(ValueError):
    """A policy that cannot be used; the message names file, expected and got."""


class PolicyFailed(RuntimeError):
    """A policy that could be used did not answer."""


class Policy(Protocol):
    """What walks."""

    def reset(self) -> None:
        """Forget the steps before."""

    def step(self, observation: FloatArray) -> FloatArray:
        """Return the answer (n,) to an observation (n_terms,). Raises PolicyFailed."""


def load(contract: Contract, size: int, parts: str, count: int) -> Policy:
    """Return the policy of a contract, tried and warm.

    Args:
        contract: names the file.
        size: numbers of an observation, and
        parts: which, in words.
        count: numbers of an answer.

    Raises:
        PolicyError: there is no such file, it cannot be read, or it takes or gives other numbers.
    """
    path = Path(contract.policy)
    if path.suffix.lower() not in {".onnx", *_SCRIPTS}:
        raise PolicyError(f"{path}: expected a policy as ONNX (.onnx) or TorchScript ({', '.join(_SCRIPTS)})")
    if not path.is_file():
        raise PolicyError(f"{path}: no such policy")
    if path.stat().st_size > LARGEST:
        raise PolicyError(f"{path}: expected at most {LARGEST:,} bytes, got {path.stat().st_size:,}")
    told = f"{size} numbers ({parts})"
    script = path.suffix.lower() in _SCRIPTS
    policy: Policy = _Script(path, contract) if script else _Onnx(path, contract, size, told)
    policy.reset()
    try:
        for _ in range(_WARMING):
            answer = policy.step(np.zeros(size))
    except PolicyFailed as error:
        raise PolicyError(f"{path}: does not take the {told} of its contract: {error}") from error
    policy.reset()
    if answer.shape != (count,):
        raise PolicyError(f"{path}: expected an answer of {count} numbers, one a joint, got {answer.shape}")
    return policy


def _line(error: Exception) -> str:
    """Return what another's error says, in a line of reasonable length."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{lines[-1] if lines else type(error).__name__:.300}"


class _Onnx:
    """An ONNX file; a state goes out of it and comes in again."""

    def __init__(self, path: Path, contract: Contract, size: int, told: str) -> None:
        try:
            runtime, state = importlib.import_module("onnxruntime"), importlib.import_module(_MODULE)
        except ImportError as error:
            raise PolicyError(f"{path}: needs ONNX Runtime ({error}); pip install 'limber[walker]'") from error
        own = [value for value in vars(state).values() if isinstance(value, type) and issubclass(value, Exception)]
        self._errors: tuple[type[Exception], ...] = (*own, RuntimeError, ValueError, TypeError)
        self._path = path
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except self._errors as error:
            raise PolicyError(f"{path}: cannot be used as ONNX: {_line(error)}") from error
        self._connect(contract, size, told)

    def _connect(self, contract: Contract, size: int, told: str) -> None:
        """Find out which input and output are what."""
        inputs = {given.name: given for given in self._session.get_inputs()}
        outputs = [given.name for given in self._session.get_outputs()]
        self._states = _states(list(inputs), outputs) if contract.state is None else dict(contract.state)
        for name, other in self._states.items():
            if name not in inputs or other not in outputs:
                got = f"inputs {', '.join(inputs)}, outputs {', '.join(outputs)}"
                raise PolicyError(f"{self._path}: state: expected its inputs and outputs, got {name}, {other}; {got}")
        free = [name for name in inputs if name not in self._states]
        if contract.input not in ({"", *free} if len(free) == 1 else set(free)):
            expected = f"expected one input that is no state, or the name of it as input, one of {', '.join(free)}"
            raise PolicyError(f"{self._path}: input: {expected}; got {contract.input!r}")
        if len(free) != 1:
            raise PolicyError(f"{self._path}: input: expected one that is no state, got {', '.join(free) or 'none'}")
        answers = [name for name in outputs if name not in self._states.values()]
        index = contract.output if isinstance(contract.output, int) else None
        named = contract.output if index is None else dict(enumerate(answers)).get(index)
        if named not in outputs:
            got = f"got {contract.output!r}"
            raise PolicyError(f"{self._path}: output: expected one of {', '.join(answers)} or its place, {got}")
        self._input, self._outputs = free[0], [str(named), *self._states.values()]
        self._types = {name: _TYPES.get(given.type, np.float32) for name, given in inputs.items()}
        shape = _fixed(inputs[self._input].shape)
        known = [n for n in inputs[self._input].shape if isinstance(n, int)]
        if len(known) == len(shape) and int(np.prod(shape)) != size:
            took = " x ".join(map(str, shape))
            raise PolicyError(f"{self._path}: takes {took} numbers, its contract gives {told}")
        self._shape = shape if int(np.prod(shape)) == size else [1] * (len(shape) - 1) + [size]
        self._start = {name: np.zeros(_fixed(inputs[name].shape), self._types[name]) for name in self._states}

    def reset(self) -> None:
        self._memory = dict(self._start)

    def step(self, observation: FloatArray) -> FloatArray:
        seen = observation.astype(self._types[self._input]).reshape(self._shape)
        try:
            answer, *memory = self._session.run(self._outputs, {self._input: seen, **self._memory})
        except self._errors as error:
            raise PolicyFailed(_line(error)) from error
        self._memory = dict(zip(self._states, memory, strict=True))
        return _flat(answer)


class _Script:
    """A TorchScript file; a state is inside of it."""

    def __init__(self, path: Path, contract: Contract) -> None:
        self._torch: Any = importlib.import_module("torch")
        self._output = contract.output
        own = self._torch.jit.Error
        self._errors: tuple[type[Exception], ...] = (own, RuntimeError, TypeError, ValueError, LookupError, OSError)
        try:
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
                self._fresh = self._torch.jit.load(str(path), map_location="cpu").eval()
        except self._errors as error:
            raise PolicyError(f"{path}: cannot be used as TorchScript: {_line(error)}") from error
        self._stepped = True
        self.reset()

    def reset(self) -> None:
        if not self._stepped:
            return
        self._module, self._stepped = copy.deepcopy(self._fresh), False
        for name in ("reset", "reset_memory"):
            forget = getattr(self._module, name, None)
            if forget is not None:
                try:
                    forget()
                except self._errors as error:
                    raise PolicyFailed(f"{name}: {_line(error)}") from error

    def step(self, observation: FloatArray) -> FloatArray:
        torch, self._stepped = self._torch, True
        try:
            with torch.inference_mode(), torch.jit.optimized_execution(False):
                answer = self._module(torch.from_numpy(observation.astype(np.float32))[None])
        except self._errors as error:
            raise PolicyFailed(_line(error)) from error
        if isinstance(answer, tuple | list) and isinstance(self._output, int) and self._output < len(answer):
            answer = answer[self._output]
        if not isinstance(answer, torch.Tensor):
            raise PolicyFailed(f"expected a tensor as output {self._output}, got {type(answer).__name__}")
        return _flat(answer.numpy())


def _flat(answer: object) -> FloatArray:
    """Return an answer (1, n) or (n,) as (n,); raises PolicyFailed where it is no numbers."""
    try:
        values = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise PolicyFailed(f"expected numbers, got {type(answer).__name__}") from error
    return values.reshape(-1) if values.ndim != 2 or len(values) == 1 else values.copy()


def _fixed(shape: Sequence[object]) -> list[int]:
    """Return a shape whose open sizes are 1."""
    return [size if isinstance(size, int) else 1 for size in shape]


def _states(inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, str]:
    """Return the inputs and outputs that hand a state on, as their names say: h_in and h_out."""
    return {name: name[:-3] + "_out" for name in inputs if name.endswith("_in") and name[:-3] + "_out" in outputs}
