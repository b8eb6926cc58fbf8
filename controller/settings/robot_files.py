"""A robot's file as layers: the file that it is based on below, the contract of the policy that walks it above."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from controller.settings.layers import ConfigError, Layer, merge, read_yaml, resolve
from hardware.channels import strode
from hardware.drives import Walking
from hardware.walkers.metadata import described, metadata

_DEEPEST = 8
"""Files that are based on one another."""


def read(path: Path, named: Callable[[str], Path]) -> list[Layer]:
    """Return a file and those that it is based on, the lowest first. Raises ConfigError.

    A base is another robot's name, whose file `named` knows, or a path from where the file is.
    """
    chain: list[Path] = []
    layers: list[Layer] = []
    following: Path | None = path
    while following is not None:
        here, following = following.resolve(), None
        if here in chain or len(chain) == _DEEPEST:
            said = " -> ".join(file.name for file in (*chain, here))
            raise ConfigError(f"{chain[-1]}: base: expected files that end somewhere, got {said}")
        if chain and not here.is_file():
            raise ConfigError(f"{chain[-1]}: base: expected a robot's name or its file, got {here}, which is not there")
        chain.append(here)
        layer = read_yaml(path if len(chain) == 1 else here)
        values = dict(layer.values)
        base = values.pop("base", None)
        if base is not None:
            if not isinstance(base, str):
                raise ConfigError(f"{layer.place}: base: expected a robot's name or its file, got {base!r}")
            following = named(base) if Path(base).name == base and not Path(base).suffix else here.parent / base
        layers.insert(0, replace(layer, values=values))
    return layers


def walked(layers: list[Layer], contract: Path | None) -> list[Layer]:
    """Return the layers of a robot with the contract of the policy that walks it, if one does. Raises ConfigError.

    What the policy's own file says of itself is a layer below the contract; actions, and the channels that go with
    them, follow from it. `contract` takes the place of the one that the robot's file names.
    """
    merged: Mapping[str, object] = {}
    for layer in layers:
        merged = merge(merged, layer.values)
    drive = merged.get("drive")
    if not isinstance(drive, Mapping) or drive.get("kind") not in {"walker", "sport"}:
        if contract is not None:
            raise ConfigError(f"{layers[-1].place}: drive.kind: expected walker, which a contract is of, got another")
        return layers
    at, said = next(
        (i, d["contract"])
        for i, layer in reversed([*enumerate(layers)])
        if isinstance(d := layer.values.get("drive"), Mapping) and "contract" in d
    )
    if contract is None:
        if not isinstance(said, str):
            raise ConfigError(f"{layers[at].place}: drive.contract: expected the path of a file, got {said!r}")
        contract = Path(layers[at].place).resolve().parent / said
    below = [_without_contract(layer) for layer in layers]
    above = [replace(layer, values={"drive": {"contract": layer.values}}) for layer in _contract(contract)]
    drives = [replace(layer, values={"drive": layer.values.get("drive", {})}) for layer in below]
    found = resolve(_Walked, [*drives, *above]).drive
    for layer in layers[at:]:
        if "actions" in layer.values:
            expected = "none, because they come from the contract; drive.bounds narrows them"
            raise ConfigError(f"{layer.place}: actions: expected {expected}, got some")
    channels = [c for c in _list(merged.get("channels")) if not _of_gait(c)]
    channels += [vars(channel) for channel in strode(found.actions())[1:]]
    follows = Layer(layers[-1].place, {"actions": [vars(a) for a in found.actions()], "channels": channels}, True)
    return [*below, *above, follows]


@dataclass(frozen=True)
class _Walked:
    drive: Walking


def _contract(path: Path) -> list[Layer]:
    """Return what the policy's file says of itself, and what the contract says."""
    given = read_yaml(path)
    policy = given.values.get("policy")
    if not isinstance(policy, str):
        raise ConfigError(f"{path}: policy: expected the path of a policy's file, got {policy!r}")
    file = path.resolve().parent / policy
    own = replace(given, values={**given.values, "policy": str(file)})
    if given.values.get("metadata") is False or file.suffix != ".onnx":
        return [own]
    try:
        said = described(metadata(file))
    except ValueError as error:
        raise ConfigError(f"{file}: {error}; metadata: false in {path.name} leaves it unread") from error
    return [Layer(str(file), said), own]


def _without_contract(layer: Layer) -> Layer:
    drive = layer.values.get("drive")
    if not isinstance(drive, Mapping):
        return layer
    return replace(layer, values={**layer.values, "drive": {k: v for k, v in drive.items() if k != "contract"}})


def _list(values: object) -> list[object]:
    return list(values) if isinstance(values, list) else []


def _of_gait(channel: object) -> bool:
    name = str(channel.get("name")) if isinstance(channel, Mapping) else ""
    return name == "gait_phase" or name.startswith("stride_")
