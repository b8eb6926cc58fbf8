from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, Field

from controller.settings.layers import ConfigError, Layer, assignment, one_of, read_yaml, resolve, to_yaml


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


@dataclass(frozen=True)
class Settings:
    name: Annotated[str, AfterValidator(one_of("name", lambda: ("alpha", "beta")))] = "alpha"
    shape: Annotated[Ring | Line, Field(discriminator="kind")] = Ring()
    points: tuple[float, ...] = ()
    quick: bool = False
    inner: Line = field(default_factory=Line)


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
        shape=st.one_of(st.builds(Ring, count=st.integers(1, 9)), st.builds(Line, length=st.floats(allow_nan=False))),
        points=st.lists(st.floats(allow_nan=False)).map(tuple),
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
    [("a: &a [*a]\n", "contain themselves"), ("a: " + "[" * 5000, "nested too deeply")],
    ids=["cycle", "depth"],
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
