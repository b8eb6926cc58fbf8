from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator

from controller.settings.layers import ByKind, ConfigError, Layer, assignment, one_of, read_yaml, resolve, to_yaml
from controller.settings.yaml_text import dump


@dataclass(frozen=True)
class Ring:
    kind: Literal["ring"] = "ring"
    radius: float = 1.0
    count: int = 3

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count: expected at least 1, got {self.count}")


@dataclass(frozen=True)
class Line:
    kind: Literal["line"] = "line"
    length: float = 2.0


SHAPES: dict[str, type] = {"ring": Ring, "line": Line}
Shape = Annotated[Ring | Line, ByKind(lambda: SHAPES)]


@dataclass(frozen=True)
class Settings:
    name: Annotated[str, AfterValidator(one_of("name", lambda: ("alpha", "beta")))] = "alpha"
    shape: Shape = Ring()
    points: tuple[float, ...] = ()
    quick: bool = False
    inner: Line = field(default_factory=Line)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]\n" for n in range(1, 30)
)


FINITE = st.floats(allow_nan=False, allow_infinity=False)


def build(values: dict[str, object]) -> Settings:
    return resolve(Settings, [Layer("run.yaml", values)])


def test_defaults_stand_where_nothing_is_given() -> None:
    assert build({}) == Settings()


def test_later_layers_override_key_by_key() -> None:
    settings = resolve(
        Settings,
        [Layer("a", {"shape": {"kind": "ring", "radius": 2.0}}), Layer("b", {"shape": {"count": 7}})],
    )
    assert settings.shape == Ring(radius=2.0, count=7)


def test_another_kind_replaces_the_whole_mapping() -> None:
    first = Layer("a", {"shape": {"kind": "ring", "radius": 2.0}})
    settings = resolve(Settings, [first, Layer("--shape", {"shape": {"kind": "line"}})])
    assert settings.shape == Line()


def test_a_kind_may_be_registered_later(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class Square:
        kind: Literal["square"] = "square"
        side: float = 1.0

    with pytest.raises(ConfigError, match="shape.kind: unknown kind 'square'; expected one of line, ring$"):
        build({"shape": {"kind": "square"}})
    monkeypatch.setitem(SHAPES, "square", Square)
    shape: object = build({"shape": {"kind": "square", "side": 2.0}}).shape
    assert shape == Square(side=2.0)
    with pytest.raises(ConfigError, match="shape.sid: unknown key.*did you mean 'side'"):
        build({"shape": {"kind": "square", "sid": 2.0}})


@pytest.mark.parametrize(
    "values,parts",
    [
        ({"nmae": "alpha"}, ["run.yaml: nmae: unknown key", "did you mean 'name'?"]),
        ({"shape": {"kind": "ring", "raduis": 1.0}}, ["shape.raduis: unknown key", "did you mean 'radius'?"]),
        ({"inner": {"lenght": 1.0}}, ["inner.lenght: unknown key", "did you mean 'length'?"]),
        ({"name": "alhpa"}, ["name: unknown name 'alhpa'", "did you mean 'alpha'?"]),
        ({"shape": {"kind": "rong"}}, ["shape.kind: unknown kind 'rong'", "did you mean 'ring'?"]),
        ({"shape": {"radius": 1.0}}, ["shape.kind: missing", "line, ring"]),
        ({"shape": {"kind": "ring", "count": True}}, ["shape.count", "integer", "got True"]),
        ({"shape": {"kind": "ring", "count": 1.5}}, ["shape.count", "integer", "got 1.5"]),
        ({"shape": {"kind": "ring", "count": 0}}, ["shape: count: expected at least 1, got 0"]),
        ({"points": [0.0, "x"]}, ["points[1]", "number", "got 'x'"]),
        ({"quick": 1}, ["quick", "boolean", "got 1"]),
        ({"inner": {"length": "2"}}, ["inner.length", "number", "got '2'"]),
        ({"inner": 3}, ["inner", "got 3"]),
    ],
)
def test_a_mistake_is_located_and_explained(values: dict[str, object], parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        build(values)
    for part in parts:
        assert part in str(caught.value)


def test_the_error_names_the_layer_that_holds_the_mistake() -> None:
    layers = [
        Layer("run.yaml", {"name": "alpha"}),
        Layer("--name", {"name": "gamma"}),
        Layer("--quick", {"quick": True}),
    ]
    with pytest.raises(ConfigError, match=r"^--name: name: unknown name 'gamma'"):
        resolve(Settings, layers)


@given(
    st.builds(
        Settings,
        name=st.sampled_from(["alpha", "beta"]),
        shape=st.one_of(
            st.builds(Ring, count=st.integers(1, 9)),
            st.builds(Line, length=FINITE),
        ),
        points=st.lists(FINITE).map(tuple),
    )
)
def test_settings_survive_the_file(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> None:
    path = tmp_path_factory.mktemp("settings") / "settings.yaml"
    path.write_text(to_yaml(settings), encoding="utf-8")
    assert resolve(Settings, [read_yaml(path)]) == settings


@pytest.mark.parametrize(
    "text,message",
    [
        ("a: 1\na: 2\n", "'a' is given twice"),
        ("a: [1\n", "not valid YAML"),
        ("- 1\n", "expected a mapping of settings, got list"),
        ("1: 2\n", "line 1, column 1: expected text as a key, got 1"),
        ("? [1]\n: 2\n", "expected text as a key, got a sequence"),
        ("a: !!int abc\n", "expected a whole number, got 'abc'"),
        ("a: !!timestamp 2001-01-01\n", "expected no tag here"),
        ("a: !!python/name:os.system x\n", "expected no tag here"),
        ("a: " + "9" * 5000, "at most 18 digits, got one of 5000"),
        ("a: \x00", "not valid YAML"),
        (BOMB, "expected at most 50000 values"),
        ("", "expected a mapping of settings, got NoneType"),
    ],
)
def test_a_bad_file_is_one_clear_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="bad.yaml") as caught:
        read_yaml(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_clear_error_with_the_nearest_beside_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as alone:
        read_yaml(tmp_path / "stress.yaml")
    (tmp_path / "roach-stress.yaml").touch()
    with pytest.raises(ConfigError) as beside:
        read_yaml(tmp_path / "roach-stres.yaml")
    assert str(alone.value) == f"{tmp_path / 'stress.yaml'}: no such file"
    assert str(beside.value) == (
        f"{tmp_path / 'roach-stres.yaml'}: no such file; expected one of roach-stress.yaml; "
        "did you mean 'roach-stress.yaml'?"
    )


def test_a_folder_for_a_file_is_said_without_a_number(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory$"):
        read_yaml(tmp_path)


@pytest.mark.parametrize(
    "text, message",
    [
        ("a: &a [*a]\n", "contain themselves"),
        ("a: " + "[" * 5000, "nested too deeply"),
        ("name: " + "{a: " * 150 + "1" + "}" * 150, "line 1, column 404: expected at most 100 levels, got more"),
    ],
    ids=["cycle", "depth", "levels"],
)
def test_yaml_without_an_end_is_one_clear_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="odd.yaml: ") as caught:
        resolve(Settings, [read_yaml(path)])
    assert message in str(caught.value)


def test_a_whole_that_does_not_fit_is_blamed_on_who_wrote_the_part(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("count: 3\nname: x\n")

    @dataclass(frozen=True)
    class Counted:
        count: int
        name: str
        size: int = 1

        def __post_init__(self) -> None:
            if self.count < 1:
                raise ValueError(f"count: expected at least 1, got {self.count}")

    flags, later = Layer("--count", {"count": 0}), Layer("--set size=2", {"size": 2})
    with pytest.raises(ConfigError, match="^--count: count: expected at least 1, got 0$"):
        resolve(Counted, [read_yaml(path), flags, later])
    path.write_text("count: 3\n")
    with pytest.raises(ConfigError, match="own.yaml: name: missing"):
        resolve(Counted, [read_yaml(path), later])


def test_assignment_reads_the_value_as_yaml() -> None:
    assert assignment("shape.count=4").values == {"shape": {"count": 4}}
    assert assignment("points=[1.0, 2.0]").values == {"points": [1.0, 2.0]}


@pytest.mark.parametrize("text", ["count", "=3", "a..b=3", "a=[1"])
def test_a_bad_assignment_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--set"):
        assignment(text)


@pytest.mark.parametrize(
    "text, value",
    [
        ("010", 10),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("off", "off"),
        ("2026-13-45", "2026-13-45"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("true", True),
        ("~", None),
        ("{a: &x {b: 1, c: 2}, d: {<<: *x, b: 3}}", {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}}),
        ("{a: &x {b: 1, c: 2}, d: &y {<<: *x, b: 3}, e: {<<: [*y, *x]}}",
         {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}, "e": {"b": 3, "c": 2}}),
    ],
)  # fmt: skip
def test_a_value_is_what_it_looks_like_in_files_and_flags(tmp_path: Path, text: str, value: object) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(f"key: {text}\n", encoding="utf-8")
    assert read_yaml(path).values == {"key": value}
    assert assignment(f"key={text}").values == {"key": value}


@pytest.mark.parametrize("text", ["1e-3", "010", "off", "2020-01-01", "<<", "", "~", "true", ".inf", "1.", "=", "null"])
def test_text_that_looks_like_a_number_survives_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(dump({"key": text}), encoding="utf-8")
    assert read_yaml(path).values == {"key": text}


def test_keys_are_not_given_twice_in_a_flag_either() -> None:
    with pytest.raises(ConfigError, match=r"^--set shape=\{count: 1, count: 2\}: .* key 'count' is given twice$"):
        assignment("shape={count: 1, count: 2}")


def test_a_path_without_an_end_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"expected KEY\.KEY=VALUE"):
        assignment(".".join("a" * 5000) + "=1")


@pytest.mark.parametrize(
    "values, key",
    [({"inner": {"length": float("nan")}}, "inner.length"), ({"points": [0.0, float("inf")]}, r"points\[1\]")],
)
def test_a_number_is_finite(values: dict[str, object], key: str) -> None:
    with pytest.raises(ConfigError, match=rf"^run.yaml: {key}: expected a finite number, got"):
        build(values)
