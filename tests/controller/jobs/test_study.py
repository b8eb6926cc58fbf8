from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from controller.jobs import study
from controller.jobs.executors import WorkersLost, pool
from controller.jobs.study import Store, claimed
from controller.settings.layers import ConfigError


@dataclass(frozen=True)
class Number:
    value: int

    @property
    def slug(self) -> str:
        return f"number-{self.value}"


@dataclass(frozen=True)
class Square:
    square: int


NUMBERS = [Number(value) for value in range(4)]


def square(cell: Number) -> dict[str, Any]:
    return {"square": cell.value**2}


def square_or_die(cell: Number) -> dict[str, Any]:
    if cell.value == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return square(cell)


def impatient(cell: Number) -> dict[str, Any]:
    if cell.value == 1:
        raise KeyboardInterrupt
    return square(cell)


def test_a_cell_is_computed_once_and_kept(tmp_path: Path) -> None:
    store, done = Store(tmp_path), list[Number]()
    study.run(NUMBERS[:2], store, square, None, done.append)
    study.run(NUMBERS, store, square, None, done.append)
    assert done == NUMBERS
    assert [result["square"] for result in store.all(NUMBERS).values()] == [0, 1, 4, 9]
    assert store.missing([*NUMBERS, Number(4)]) == [Number(4)]
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"number-{value}.json" for value in range(4)]
    assert json.loads((tmp_path / "number-3.json").read_text())["cpu_s"] >= 0


@pytest.mark.parametrize("text", [b"", b'{"square": 1', b"[]", b"3", b"null", b'"\xff"', b"{}", b'{"square": "1"}'])
def test_what_is_no_result_is_named(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "number-1.json").write_bytes(text)
    with pytest.raises(ConfigError, match=r"number-1.json(.square)?: expected a result as JSON .*; delete it to"):
        Store(tmp_path, Square).get(Number(1))


def test_processes_compute_the_same(tmp_path: Path) -> None:
    with pool(1) as executor:
        study.run(NUMBERS, Store(tmp_path), square, executor, lambda cell: None)
    assert [result["square"] for result in Store(tmp_path).all(NUMBERS).values()] == [0, 1, 4, 9]


def test_whoever_interrupts_keeps_what_is_done(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        study.run(NUMBERS, Store(tmp_path), impatient, None, lambda cell: None)
    assert Store(tmp_path).missing(NUMBERS) == NUMBERS[1:]


def test_a_dead_worker_costs_what_was_under_way(tmp_path: Path) -> None:
    with pytest.raises(WorkersLost, match="ended from outside.*go on with --resume"), pool(1) as executor:
        study.run(NUMBERS, Store(tmp_path), square_or_die, executor, lambda cell: None)
    assert Store(tmp_path).missing(NUMBERS) == [Number(3)]


def test_nobody_else_works_in_a_folder_meanwhile(tmp_path: Path) -> None:
    for _ in range(2):
        with claimed(tmp_path / "out", "a study", "seed: 1", resume=True):
            with pytest.raises(ConfigError, match="out is being written to by another process"):
                enter(tmp_path / "out", "seed: 1")
            with pytest.raises(ConfigError, match="out is being written to by another process"):
                enter(tmp_path / "out", "seed: 2")
    with pytest.raises(ConfigError, match="out holds a study with other settings"):
        enter(tmp_path / "out", "seed: 2")


def enter(folder: Path, text: str) -> None:
    with claimed(folder, "a study", text, resume=True):
        pass
