"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

ARROWS = {
    "controller": {"planners", "dynamics", "hardware", "sim"},
    "planners": {"dynamics"},
    "dynamics": set[str](),
    "hardware": {"sim"},
    "sim": set[str](),
}
"""What each package may import: along the arrows of docs/architecture.md, and never back."""

MODULES = sorted(path for package in ARROWS for path in (ROOT / package).rglob("*.py"))
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
SEEDED_NUMPY = {"Generator", "default_rng", "SeedSequence", "PCG64", "BitGenerator"}
GLOBAL_RANDOM = {"random", "seed", "manual_seed", "rand", "randn", "randint", "randperm", "normal", "uniform"}

each_module = pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(ROOT)) for path in MODULES])


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported_packages(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def calls(path: Path) -> list[tuple[str, ast.Call]]:
    return [(dotted(node.func), node) for node in ast.walk(parse(path)) if isinstance(node, ast.Call)]


def is_global_random(name: str, call: ast.Call) -> bool:
    """Tell whether a call draws from, or seeds, a generator that nobody passed in."""
    package, _, function = name.rpartition(".")
    if package in {"np.random", "numpy.random"}:
        return function not in SEEDED_NUMPY or (function == "default_rng" and not call.args)
    if package == "torch":
        return function in GLOBAL_RANDOM and not any(keyword.arg == "generator" for keyword in call.keywords)
    return package == "random"


def own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    first = function.body[0]
    has_docstring = ast.get_docstring(function) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


@each_module
def test_imports_follow_the_arrows(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    forbidden = set(ARROWS) - ARROWS[package] - {package}
    assert not imported_packages(path) & forbidden


@each_module
def test_a_file_holds_one_idea(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES


@each_module
def test_a_function_fits_a_screen(path: Path) -> None:
    functions = [n for n in ast.walk(parse(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert not {f.name: own_lines(f) for f in functions if own_lines(f) > MAX_FUNCTION_LINES}


@each_module
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert path.name == "__init__.py" or ast.get_docstring(parse(path))


@each_module
def test_only_the_command_line_prints(path: Path) -> None:
    printing = [name for name, _ in calls(path) if name in {"print", "pprint", "sys.stdout.write"}]
    assert not printing or path.relative_to(ROOT) == Path("controller/cli.py")


@each_module
def test_randomness_is_passed_in(path: Path) -> None:
    assert not [name for name, call in calls(path) if is_global_random(name, call)]


@each_module
def test_no_file_has_a_name_for_everything(path: Path) -> None:
    assert path.stem not in {"utils", "util", "common", "helpers", "misc"}


def test_the_architecture_page_names_every_module_and_no_other() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    modules = {str(path.relative_to(ROOT)) for path in MODULES if path.name != "__init__.py"}
    named = set(re.findall(rf"`((?:{'|'.join(ARROWS)})/[\w/]+\.py)`", page))
    assert not named ^ modules


def test_the_checks_can_fail(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(
        "import sim.bodies.crawler\nfrom hardware.robot import Robot\nimport numpy as np\nnp.random.rand()\nprint(1)\n"
    )
    assert imported_packages(bad) == {"sim", "hardware", "numpy"}
    assert [name for name, call in calls(bad) if is_global_random(name, call)] == ["np.random.rand"]
    assert "print" in [name for name, _ in calls(bad)]
