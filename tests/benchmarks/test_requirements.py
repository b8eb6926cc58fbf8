"""What `make bench` installs: peers, under the constraints that everything else is installed with."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def pinned(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "==" in line and line[0] != "#"]
    return {name.lower().replace("_", "-"): version for name, version in (line.split("==") for line in lines)}


def test_peers_contradict_no_constraint() -> None:
    peers, constraints = pinned(ROOT / "benchmarks" / "requirements-peers.txt"), pinned(ROOT / "constraints.txt")
    shared = peers.keys() & constraints.keys()
    assert "torch" in shared
    assert {name: peers[name] for name in shared} == {name: constraints[name] for name in shared}
