"""Strict settings: layers of plain values become frozen dataclasses, or one error that says where and why.

A later layer overrides an earlier one key by key; a mapping with another `kind` replaces the whole mapping.
The dataclass is the schema: unknown keys, wrong types and broken invariants are errors with the file or flag,
the key path, what was expected, what was found, and the nearest valid choice.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pydantic
from pydantic import ConfigDict, GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema

from controller.settings import yaml_text
from controller.settings.yaml_text import TextError

T = TypeVar("T")
KeyPath = tuple[str | int, ...]
_DEEPEST = 20
"""Keys of a path in settings."""
_MOST_BYTES = 1_000_000
"""Of a file of settings, a hundred times what any needs; a device has no end."""
_SHOWN = 120
"""Characters of a flag that an error repeats."""
STRICT = ConfigDict(strict=True, extra="forbid")


class ConfigError(ValueError):
    """Settings that cannot be used; the message names the place, the key path, the expected and the found value."""


@dataclass(frozen=True)
class Layer:
    """Plain values from one place: a file, a flag."""

    place: str
    values: Mapping[str, object]
    is_file: bool = False


@dataclass(frozen=True)
class ByKind:
    """Annotates a field that is one of several settings dataclasses, told apart by their `kind`.

    The choices {kind: dataclass} are asked for each time that settings are read, so a registry may grow.
    """

    choices: Callable[[], Mapping[str, type]]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic the choices of this moment, in place of the annotated type."""
        schemas = {kind: handler.generate_schema(choice) for kind, choice in self.choices().items()}
        return core_schema.tagged_union_schema(schemas, discriminator="kind")


def nearest(got: object, choices: Iterable[str]) -> str:
    """Return "expected one of ...; did you mean ...?" for a name that is none of the choices."""
    names = sorted(choices)
    close = difflib.get_close_matches(str(got), names, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    return f"expected one of {', '.join(names)}{hint}"


def one_of(what: str, choices: Callable[[], Iterable[str]]) -> Callable[[str], str]:
    """Return a validator for a name that must be among the choices."""

    def check(name: str) -> str:
        names = tuple(choices())
        if name not in names:
            raise ValueError(f"unknown {what} '{name}'; {nearest(name, names)}")
        return name

    return check


def read_yaml(path: Path) -> Layer:
    """Read a mapping from a YAML file; a key given twice is an error. Raises ConfigError where there is none."""
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise ConfigError(f"{path}: expected at most {_MOST_BYTES:,} bytes of settings, got more")
        values = yaml_text.load(text.decode("utf-8"))
    except FileNotFoundError as error:
        beside = [file.name for file in path.parent.glob("*.yaml")]
        hint = f"; {nearest(path.name, beside)}" if beside else ""
        raise ConfigError(f"{path}: no such file{hint}") from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{path}: cannot be read: {reason}") from error
    except TextError as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected a mapping of settings, got {type(values).__name__}")
    return Layer(str(path), values, is_file=True)


def assignment(text: str, flag: str = "--set") -> Layer:
    """Turn "a.b=c" into a layer; the value is read as YAML. Raises ConfigError where it is not like that."""
    place = f"{flag} {text[:_SHOWN]}"
    path, equals, value = text.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys) or len(keys) > _DEEPEST:
        raise ConfigError(f"{place}: expected KEY.KEY=VALUE, for example planner.search.candidates=200")
    try:
        values: object = yaml_text.load(value)
    except TextError as error:
        raise ConfigError(f"{place}: the value is not valid YAML: {error}") from error
    for key in reversed(keys[1:]):
        values = {key: values}
    return Layer(place, {keys[0]: values})


def resolve(schema: type[T], layers: Sequence[Layer]) -> T:
    """Merge layers, the weakest first, into a frozen dataclass, nested as deep as needed. Raises ConfigError."""
    merged: Mapping[str, object] = {}
    for layer in layers:
        merged = merge(merged, layer.values)
    _check_written(merged, (), layers)
    try:
        # JSON mode is strict about types and still lets a list become a tuple.
        return _adapter(schema).validate_json(json.dumps(merged, default=str))
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ConfigError(_explain(schema, layers, first).replace("\n", "\\n")) from error


def plain(settings: object) -> dict[str, object]:
    """Return settings as mappings, lists, strings and numbers, ready for YAML or JSON."""
    values: dict[str, object] = _adapter(type(settings)).dump_python(settings, mode="json")
    return values


def to_yaml(settings: object) -> str:
    """Return settings as YAML that `read_yaml` and `resolve` turn back into the same settings."""
    return yaml_text.dump(plain(settings))


def _adapter(schema: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(pydantic.with_config(STRICT)(schema))


def merge(old: Mapping[str, object], new: Mapping[str, object]) -> dict[str, object]:
    """Return the values of two layers as one, the weaker first."""
    if "kind" in new and new["kind"] != old.get("kind"):
        return dict(new)
    merged = dict(old)
    for key, value in new.items():
        before = merged.get(key)
        merged[key] = merge(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return merged


def _check_written(value: object, path: KeyPath, layers: Sequence[Layer]) -> None:
    """Raise ConfigError for the first number that is none, for no setting means infinity, or text that is no UTF-8."""
    unwritable = isinstance(value, str | Path) and re.search("[\ud800-\udfff]", str(value))
    if unwritable or (isinstance(value, float) and not math.isfinite(value)):
        place = next(layer.place for layer in reversed(layers) if _has(layer.values, path))
        expected = "text in UTF-8, as settings are written" if unwritable else "a finite number"
        raise ConfigError(f"{place}: {_dotted(path)}: expected {expected}, got {ascii(value) if unwritable else value}")
    if isinstance(value, Mapping):
        for key, part in value.items():
            _check_written(key, path, layers)
            _check_written(part, (*path, key), layers)
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            _check_written(part, (*path, index), layers)


def _dotted(path: KeyPath) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


def _explain(schema: object, layers: Sequence[Layer], error: Mapping[str, typing.Any]) -> str:
    parent, path = _walk(schema, error["loc"])
    place = _place(layers, path, error)
    key = _dotted(path)
    where = f"{place}: {key}" if key else place
    match error["type"]:
        case "unexpected_keyword_argument":
            return f"{where}: unknown key; {nearest(path[-1], _keys(parent))}"
        case "missing":
            return f"{where}: missing; expected a value"
        case "union_tag_not_found":
            return f"{where}.kind: missing; {nearest('', _tags(parent))}"
        case "union_tag_invalid":
            got = error["ctx"]["tag"]
            return f"{where}.kind: unknown kind '{got}'; {nearest(got, _tags(parent))}"
        case "value_error":
            return f"{where}: {error['ctx']['error']}"
        case _:
            expected = str(error["msg"]).replace("Input should be", "expected")
            return f"{where}: {expected}, got {error['input']!r}"


def _place(layers: Sequence[Layer], path: KeyPath, error: Mapping[str, typing.Any]) -> str:
    """Return where what is wrong was written: the last layer that says it."""
    if error["type"] == "value_error":  # of a whole dataclass; its message begins with the key in it
        key = re.sub(r"\[.*", "", str(error["ctx"]["error"]).partition(":")[0])
        path = (*path, *key.split(".")) if key.replace(".", "").isidentifier() else path
    if error["type"] == "missing":
        path = path[:-1]
        layers = [layer for layer in layers if layer.is_file] or layers
    return next((layer.place for layer in reversed(layers) if _has(layer.values, path)), layers[-1].place)


def _walk(schema: object, location: Sequence[str | int]) -> tuple[object, KeyPath]:
    """Return the type that holds the last key and the key path without the tags of unions."""
    path: list[str | int] = []
    parent = current = _bare(schema)
    for step in location:
        if step in (tags := _tags(current)):
            current = _bare(tags[str(step)])
            continue
        parent = current
        path.append(step)
        if dataclasses.is_dataclass(current):
            current = _bare(typing.get_type_hints(current, include_extras=True).get(str(step)))
        else:
            arguments = [kind for kind in typing.get_args(current) if kind is not ...]
            current = _bare(arguments[-1]) if arguments else None  # items of a tuple, values of a mapping
    return (current if _tags(current) else parent), tuple(path)


def _bare(kind: object) -> object:
    """Return a type without what annotates it, or the annotation that says more than the type."""
    if typing.get_origin(kind) is not typing.Annotated:
        needed = [part for part in typing.get_args(kind) if part is not types.NoneType]
        return _bare(needed[0]) if len(needed) == 1 and isinstance(kind, types.UnionType) else kind
    bare, *notes = typing.get_args(kind)
    return next((note for note in notes if isinstance(note, ByKind)), _bare(bare))


def _keys(kind: object) -> list[str]:
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        return []
    return [field.name for field in dataclasses.fields(kind)]


def _tags(kind: object) -> Mapping[str, type]:
    """Return {kind: dataclass} of what is told apart by its kind."""
    if isinstance(kind, ByKind):
        return kind.choices()
    members = [member for member in typing.get_args(kind) if "kind" in _keys(member)]
    return {str(next(f.default for f in dataclasses.fields(member) if f.name == "kind")): member for member in members}


def _has(values: object, path: KeyPath) -> bool:
    for key in path:
        if isinstance(values, Mapping) and key in values:
            values = values[str(key)]
        elif isinstance(values, Sequence) and isinstance(key, int) and key < len(values):
            values = values[key]
        else:
            return False
    return True
