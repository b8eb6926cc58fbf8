"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
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

FLOORS = {
    "controller": (
        "bootstrap settings",
        "newcomers",
        "changes courses jobs rhythm",
        "diagnosis steering tick",
        "following",
        "controller",
        "config loop oracle switching",
        "telemetry",
        "mission reports",
        "build",
        "view",
        "runs training",
        "stress",
        "commands",
        "cli",
        "entry",
    ),
    "planners": (
        "problem",
        "costs plan",
        "newton pace sampling",
        "cem icem mppi predictive rti shooting",
        "hybrid",
        "factory",
    ),
    "dynamics": (
        "files network state_space transitions",
        "backpropagation encoders",
        "model",
        "descent rollout",
        "adapters meta",
        "objectives",
        "factory training",
        "checkpoint",
        "diagnosis",
    ),
    "hardware": (
        "clock contract channels",
        "drives legs limits motors processes sides steering",
        "spec",
        "robot",
        "feedback gait mirror rotation signs",
        "walkers",
        "embodiment estimation schedule",
        "guard simulated unitree",
        "ros2 servo",
        "emulators servo_log",
    ),
    "sim": (
        "strict terrain video",
        "robots",
        "conditions",
        "perturbations",
        "bodies",
        "discovery environment oracle",
        "jointed_oracle",
    ),
}
"""The rooms of every package (its sub-folders, and the files on its own level) on their floors, the lowest first.
A room imports only rooms on floors below its own; so there is no circle."""

MODULES = sorted(path for package in ARROWS for path in (ROOT / package).rglob("*.py"))
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
SEEDED_NUMPY = {"Generator", "default_rng", "SeedSequence", "PCG64", "BitGenerator"}
GLOBAL_RANDOM = {"random", "seed", "manual_seed", "rand", "randn", "randint", "randperm", "normal", "uniform"}

each_module = pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(ROOT)) for path in MODULES])


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> list[tuple[int, str]]:
    """Return line and dotted name of everything that a module imports, wherever in it."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def imported_packages(path: Path) -> set[str]:
    return {name.split(".")[0] for _, name in imports(path)}


def import_graph(modules: dict[str, Path]) -> dict[str, set[str]]:
    """Return what each module imports: the modules themselves where names are taken out of them."""
    wanted = {name: {other for _, other in imports(path)} for name, path in modules.items()}
    return {name: {o if o in modules else o.rpartition(".")[0] for o in others} for name, others in wanted.items()}


def place(path: Path) -> tuple[str, str]:
    """Return the package and the room of a module."""
    package, room, *_ = path.relative_to(ROOT).parts
    return package, room.removesuffix(".py")


def upward(path: Path, package: str, room: str) -> list[str]:
    """Return every import of a module from a room that is not below its own, in words."""
    floors = {name: floor for floor, names in enumerate(FLOORS[package]) for name in names.split()}
    said = {}
    for line, name in imports(path):
        other = name.split(".")[1] if name.startswith(f"{package}.") else room
        if other != room and floors[other] >= floors[room]:
            here, there = f"{package}.{room} (floor {floors[room]})", f"{package}.{other} (floor {floors[other]})"
            said[line, other] = f"{path}:{line}: {here} imports {there}, which is not below it"
    return [*said.values()]


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


def test_every_room_has_its_floor() -> None:
    rooms = {place(path) for path in MODULES if path.name != "__init__.py"}
    listed = {(package, room) for package, floors in FLOORS.items() for room in " ".join(floors).split()}
    assert not rooms - listed, "rooms without a floor in FLOORS"
    assert not listed - rooms, "rooms in FLOORS that are no more"


@each_module
def test_a_room_imports_only_rooms_below_it(path: Path) -> None:
    assert not upward(path, *place(path))


def test_no_module_imports_itself_in_a_circle() -> None:
    dotted_paths = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in MODULES]
    names = (name.removesuffix(".__init__") for name in dotted_paths)
    TopologicalSorter(import_graph(dict(zip(names, MODULES, strict=True)))).prepare()  # a CycleError names the circle


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
    assert not printing or path.relative_to(ROOT) == Path("controller/commands/streams.py")


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
    assert not modules - named, "modules without a line in docs/architecture.md"
    assert not named - modules, "lines in docs/architecture.md for modules that are no more"


def test_the_architecture_page_has_a_line_for_every_folder() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = {"/".join(place(path)) + "/" for path in MODULES if len(path.relative_to(ROOT).parts) > 2}
    named = re.findall(rf"^\| `((?:{'|'.join(ARROWS)})/\w+/)` \|", page, re.MULTILINE)
    assert sorted(named) == sorted(folders)


def test_a_robot_is_named_in_files_of_its_own_and_where_the_default_is_alone() -> None:
    robots = [file.stem for file in (ROOT / "configs" / "robots").glob("*.yaml")]
    own = ("sim/robots/", "hardware/unitree/", "hardware/emulators/")
    others = [path for path in MODULES if not str(path.relative_to(ROOT)).startswith(own)]
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").lower() for path in others}
    named = re.compile("|".join(rf"\b{name}" + (r"\b" if len(name) < 4 else "") for name in robots))
    assert [path for path, text in texts.items() if named.search(text)] == ["controller/settings/robots.py"]


def test_the_checks_can_fail(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(
        "import sim.bodies.crawler\nfrom hardware.robot import Robot\nimport numpy as np\nnp.random.rand()\nprint(1)\n"
    )
    assert imported_packages(bad) == {"sim", "hardware", "numpy"}
    assert [message.partition(": ")[2] for message in upward(bad, "hardware", "legs")] == [
        "hardware.legs (floor 1) imports hardware.robot (floor 3), which is not below it"
    ]
    assert not upward(bad, "hardware", "gait")
    assert not upward(bad, "hardware", "robot")
    with pytest.raises(CycleError):
        TopologicalSorter(import_graph({"hardware.robot": bad})).prepare()
    assert [name for name, call in calls(bad) if is_global_random(name, call)] == ["np.random.rand"]
    assert "print" in [name for name, _ in calls(bad)]
