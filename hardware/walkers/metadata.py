"""What exporters of policies write into an ONNX file beside the network: names of joints, gains, scales, terms.

The keys are those of Isaac Lab's and mjlab's exporters; lists are joined by commas. Only the few bytes of the metadata
are read, and nothing of the network (https://protobuf.dev/programming-guides/encoding; `ModelProto` of onnx.proto).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from hardware.contract import TERMS, Contract

_PROPERTIES, _KEY, _VALUE = 14, 1, 2
_LENGTH, _WIDE, _NARROW = 2, 1, 5
_LONGEST = 1_000_000
_DIGITS = 3
"""That exporters write."""
_NUMBERS = {
    "default_joint_pos": ("pose",),
    "joint_stiffness": ("gains", "kp"),
    "joint_damping": ("gains", "kd"),
    "action_scale": ("action", "scale"),
}
"""Lists of numbers, and where they stand in a contract."""


def metadata(path: Path) -> dict[str, str]:
    """Return all entries of an ONNX file; none where it is no such file or damaged, which whoever runs it says."""
    found: dict[str, str] = {}
    try:
        with path.open("rb") as file:
            for number, value in _fields(file):
                if number == _PROPERTIES:
                    entry = dict(_parts(value))
                    found[entry.get(_KEY, b"").decode()] = entry.get(_VALUE, b"").decode()
    except (OSError, ValueError):
        return {}
    return found


def described(entries: dict[str, str]) -> dict[str, object]:
    """Return what entries say, as a contract says it. Raises ValueError where one is not as it should be."""
    told: dict[str, object] = {}
    if "joint_names" in entries:
        told["joints"] = _split(entries["joint_names"])
    for key, (section, *rest) in _NUMBERS.items():
        if key in entries:
            try:
                numbers = [float(word) for word in _split(entries[key])]
            except ValueError as error:
                raise ValueError(f"metadata: {key}: expected numbers, got {entries[key]!r:.80}") from error
            inner = told.setdefault(section, {}) if rest else told
            assert isinstance(inner, dict)
            inner[rest[0] if rest else section] = numbers
    names = _split(entries.get("observation_names", ""))
    if names and all(name in TERMS for name in names):
        told["observation"] = {"terms": [{"name": name} for name in names]}
    return told


def agree(contract: Contract, motors: Sequence[str]) -> None:
    """Raise ValueError where a policy's file says another thing of it than its contract."""
    if not contract.metadata:
        return
    said = described(metadata(Path(contract.policy)))
    pairs: dict[str, tuple[object, object]] = {}
    if isinstance(joints := said.get("joints"), list):
        pairs["joints"] = replace(contract, joints=tuple(joints)).order(motors), contract.order(motors)
    ours = {"pose": contract.pose, "gains": vars(contract.gains), "action": {"scale": contract.action.scale}}
    for section, *rest in _NUMBERS.values():
        theirs: object = said.get(section)
        own: object = ours[section]
        if rest and isinstance(theirs, dict) and isinstance(own, dict):
            theirs, own = theirs.get(rest[0]), own[rest[0]]
        if isinstance(theirs, list) and isinstance(own, tuple):
            rounded = ([round(value, _DIGITS) for value in contract.each(values, motors)] for values in (theirs, own))
            pairs[".".join((section, *rest))] = (next(rounded), next(rounded))
    if isinstance(observation := said.get("observation"), dict):
        kinds = [TERMS[term["name"]] for term in observation["terms"]]
        pairs["observation.terms"] = (kinds, [term.kind for term in contract.observation.terms])
    for key, (theirs, own) in pairs.items():
        if theirs != own:
            cure = "its contract may leave it out, or say metadata: false"
            raise ValueError(f"{contract.policy}: {key}: its metadata say {theirs}, its contract {own}; {cure}")


def _split(text: str) -> list[str]:
    return [word.strip(" []'\"") for word in text.split(",") if word.strip()]


def _fields(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of the top fields that may be metadata; the others are passed over."""
    while (tag := _varint(file)) is not None:
        number, kind = tag >> 3, tag & 7
        if kind == _LENGTH:
            size = _varint(file) or 0
            if number == _PROPERTIES and size <= _LONGEST:
                yield number, file.read(size)
            else:
                file.seek(size, 1)
        elif kind in {_WIDE, _NARROW}:
            file.seek(8 if kind == _WIDE else 4, 1)
        elif kind == 0:
            _varint(file)
        else:
            raise ValueError(f"wire type {kind}")


def _parts(entry: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of an entry's fields, which are short texts."""
    file = io.BytesIO(entry)
    while (tag := _varint(file)) is not None:
        if tag & 7 != _LENGTH:
            raise ValueError(f"wire type {tag & 7}")
        yield tag >> 3, file.read(_varint(file) or 0)


def _varint(file: IO[bytes]) -> int | None:
    """Return the next whole number of a file; None at its end."""
    value, shift = 0, 0
    while byte := file.read(1):
        value |= (byte[0] & 0x7F) << shift
        if not byte[0] & 0x80:
            return value
        shift += 7
        if shift > 63:
            raise ValueError("a number without an end")
    return None
