"""YAML as settings are written in it: the core schema of YAML 1.2, and nothing that surprises or explodes.

PyYAML alone reads YAML 1.1, where 010 is 8, 1e-3 is text, `off` is false and a date is an object. Here a number is what
it looks like, keys are text and stand once, other tags are refused, and a file is measured, with its aliases written
out, before anything is built from it. Anchors and merges (`<<`) mean what they do elsewhere.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_MOST_VALUES = 50_000
"""Of a file with its aliases written out; a hundred times what any settings need."""
_MOST_LEVELS = 100
"""Of values inside values."""
_MOST_DIGITS = 18
"""Of a whole number: what fits in 64 bits."""
_TAG = "tag:yaml.org,2002:"
_MERGE, _STR = f"{_TAG}merge", f"{_TAG}str"
_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
_PLAIN = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", _FLOAT, list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
)
"""Text without quotes that is no text (https://yaml.org/spec/1.2.2, section 10.3.2, without octal and hexadecimal)."""


class TextError(ValueError):
    """No YAML, or YAML that settings are not written in; one line with the place in the text."""


def load(text: str) -> object:
    """Return what a YAML text says, as plain values. Raises TextError where it is none, or more than may be."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise TextError(f"{place}{' '.join(said.split())}") from error
    except yaml.YAMLError as error:
        raise TextError(" ".join(str(error).split())) from error
    except RecursionError as error:
        raise TextError("nested too deeply") from error


def dump(values: object) -> str:
    """Return plain values as YAML that `load` turns back into the same values."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


class _Loader(yaml.SafeLoader):
    """A safe loader for the core schema."""

    def get_single_data(self) -> object:
        """Compose the document, measure it, and only then build values from it."""
        node = self.get_single_node()
        if node is None:
            return None
        self._measure(node, {}, ())
        return self.construct_document(node)

    def _measure(self, node: Node, sizes: dict[int, int], above: tuple[int, ...]) -> int:
        """Return how many values a node amounts to; raise where it holds itself, is too large or has keys unfit."""
        place = node.start_mark
        if id(node) in above:
            raise ConstructorError(None, None, "expected plain values, got some that contain themselves", place)
        if len(above) > _MOST_LEVELS:
            raise ConstructorError(None, None, f"expected at most {_MOST_LEVELS} levels, got more", place)
        if id(node) not in sizes:
            below: list[Node] = node.value if isinstance(node, SequenceNode) else []
            if isinstance(node, MappingNode):
                _check_keys(node)
                below = [part for pair in node.value for part in pair]
            sizes[id(node)] = 1 + sum(self._measure(part, sizes, (*above, id(node))) for part in below)
        if sizes[id(node)] > _MOST_VALUES:
            raise ConstructorError(None, None, f"expected at most {_MOST_VALUES} values, aliases written out", place)
        return sizes[id(node)]


def _check_keys(mapping: MappingNode) -> None:
    seen = set()
    for key, _ in mapping.value:
        if key.tag not in (_STR, _MERGE):
            got = key.value if isinstance(key, ScalarNode) else f"a {key.id}"
            raise ConstructorError(None, None, f"expected text as a key, got {got}", key.start_mark)
        if key.value in seen:
            raise ConstructorError(None, None, f"key {key.value!r} is given twice", key.start_mark)
        seen.add(key.value)


def _integer(loader: _Loader, node: ScalarNode) -> int:
    """Read a whole number, decimal whatever it begins with."""
    text = loader.construct_scalar(node)
    if not re.fullmatch(r"[-+]?[0-9]+", text):
        raise ConstructorError(None, None, f"expected a whole number, got {text[:40]!r}", node.start_mark)
    if len(text.lstrip("+-0")) > _MOST_DIGITS:
        got = f"expected a whole number of at most {_MOST_DIGITS} digits, got one of {len(text)}"
        raise ConstructorError(None, None, got, node.start_mark)
    return int(text)


def _number(loader: _Loader, node: ScalarNode) -> float:
    text = loader.construct_scalar(node)
    if not re.fullmatch(_FLOAT, text):
        raise ConstructorError(None, None, f"expected a number, got {text[:40]!r}", node.start_mark)
    return float(re.sub(r"\.(?=inf|nan)", "", text.lower()))


def _truth(loader: _Loader, node: ScalarNode) -> bool:
    text = loader.construct_scalar(node)
    if text.lower() not in ("true", "false"):
        raise ConstructorError(None, None, f"expected true or false, got {text[:40]!r}", node.start_mark)
    return text.lower() == "true"


def _refused(_: _Loader, node: Node) -> None:
    raise ConstructorError(None, None, f"expected no tag here, got {node.tag[:60]!r}", node.start_mark)


class _Dumper(yaml.SafeDumper):
    """A safe dumper that quotes what `_Loader` would not read as text."""


_CONSTRUCTORS: dict[Any, Any] = {
    f"{_TAG}int": _integer,
    f"{_TAG}float": _number,
    f"{_TAG}bool": _truth,
    None: _refused,
}
for kind in ("null", "str", "seq", "map"):
    _CONSTRUCTORS[f"{_TAG}{kind}"] = yaml.SafeLoader.yaml_constructors[f"{_TAG}{kind}"]
_Loader.yaml_constructors = _CONSTRUCTORS
for reader in (_Loader, _Dumper):
    resolvers: dict[str, list[tuple[str, Any]]] = {}
    for kind, pattern, first in _PLAIN:
        for character in first:
            resolvers.setdefault(character, []).append((f"{_TAG}{kind}", re.compile(rf"(?:{pattern})\Z")))
    reader.yaml_implicit_resolvers = resolvers
