from __future__ import annotations

import json
import math
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from controller.courses.paths import Progress
from controller.loop.plan_loop import LoopTick
from controller.telemetry.run_log import Log, RunLog, RunLogError, from_tick
from controller.telemetry.summary import summary
from controller.tick import Observation, TickResult
from hardware.schedule import ActionSchedule
from planners.plan import Plan, PlanStatus
from tests.controller.logs import CHANNELS, HEADER, LEG_LOSS, make_goal_log, make_log, make_loop

SUMMARY_KEYS = (
    *(
        "robot",
        "course",
        "perturbations",
        "adapter",
        "planner",
        "model",
        "seed",
        "ticks",
        "seconds",
        "misses",
        "tick_ms",
    ),
    *(
        "adapt_ms",
        "plan_ms",
        "cost_mean",
        "return_mean",
        "path_error_m",
        "velocity_error",
        "progress_m",
        "fell",
        "interrupted",
        "goal",
        "reward_mean",
        "steps_to_goal",
        "prediction_error",
        "belief",
        "search_size",
        "diagnosis",
        "statuses",
        "adaptations",
        "files",
    ),
)
"""As the command line promises them."""


def write(path: Path, log: Log) -> Path:
    with RunLog(path, log.header) as run_log:
        for record in log.records:
            run_log.write(record)
    return path


def test_a_log_reads_back_as_it_was_written(tmp_path: Path) -> None:
    log = make_log()
    assert Log.read(write(tmp_path / "log.jsonl", log)) == log


def test_every_line_is_standard_json_even_where_numbers_are_not_finite(tmp_path: Path) -> None:
    broken = replace(make_log().records[1], cost=math.inf, state=(math.nan,) * len(CHANNELS))
    path = write(tmp_path / "log.jsonl", Log(HEADER, (broken,)))

    def refuse(constant: str) -> float:
        raise AssertionError(constant)

    rows = [json.loads(line, parse_constant=refuse) for line in path.read_text(encoding="utf-8").splitlines()]
    assert rows[1]["cost"] is None
    (read,) = Log.read(path).records
    assert math.isnan(read.cost)
    assert all(math.isnan(value) for value in read.state)
    assert read.error_prior == 0.3


def test_what_was_written_is_on_disk_before_the_log_is_closed(tmp_path: Path) -> None:
    log, path = make_log(), tmp_path / "log.jsonl"
    run_log = RunLog(path, log.header)
    run_log.write(log.records[0])
    assert Log.read(path).records == log.records[:1]
    run_log.close()
    run_log.close()


class Narrow:
    """A file on a disk that has room for some bytes."""

    name, closed, room, content = "log.jsonl", False, 5000, b""

    def write(self, data: bytes) -> int:
        taken = data[: self.room]
        self.content, self.room = self.content + taken, self.room - len(taken)
        return len(taken)

    def close(self) -> None:
        self.closed = True


def test_where_there_is_no_more_room_a_log_ends_and_can_be_read(tmp_path: Path) -> None:
    log, path = make_log(), tmp_path / "log.jsonl"
    run_log, narrow = RunLog(path, log.header), Narrow()
    run_log.close()
    narrow.content, run_log._file = path.read_bytes(), cast(FileIO, narrow)

    def write_all() -> None:
        for record in log.records:
            run_log.write(record)

    with pytest.raises(OSError, match="No space left on device: 'log.jsonl'"):
        write_all()
    narrow.room = 5000
    run_log.write(log.records[0])  # not behind half a line
    path.write_bytes(narrow.content)
    read = Log.read(path).records
    assert 0 < len(read) < len(log.records)
    assert read == log.records[: len(read)]
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        RunLog(Path("/dev/full"), log.header)


def test_a_last_line_cut_short_is_left_out(tmp_path: Path) -> None:
    log = make_log()
    path = write(tmp_path / "log.jsonl", log)
    path.write_bytes(path.read_bytes()[:-40])
    assert Log.read(path).records == log.records[:-1]


@pytest.mark.parametrize("line, content", [(1, b""), (1, b'{"robot": 3}\n'), (3, b"rubbish\n")])
def test_a_broken_line_is_named(tmp_path: Path, line: int, content: bytes) -> None:
    path = write(tmp_path / "log.jsonl", make_log())
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: line - 1]) + content)
    with pytest.raises(RunLogError, match=rf"log\.jsonl:{line}"):
        Log.read(path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", Log(replace(HEADER, format=99), ()))
    with pytest.raises(RunLogError, match="expected log format 1, got 99"):
        Log.read(path)


def test_onset_is_where_the_acting_perturbations_change() -> None:
    log = make_log()
    assert log.onset == 2.0
    assert Log(log.header, log.records[:5]).onset is None
    assert Log(log.header, log.records[25:]).onset is None
    assert Log(log.header, ()).onset is None


def test_a_run_with_a_hidden_goal_is_summed_up_by_its_reward() -> None:
    log = make_goal_log(found_at=1.0)
    figures = summary(log, make_loop(log), {})
    assert figures["goal"] == "hidden_turn:side=-1"
    assert figures["reward_mean"] == pytest.approx((9 * 0.0 + 30 * 0.9) / 39)
    assert figures["steps_to_goal"] == log.steps_to_goal == 13
    assert figures["path_error_m"] is None
    lost = make_goal_log(found_at=9.0)
    assert summary(lost, make_loop(lost), {})["steps_to_goal"] is None
    path = make_log()
    assert (path.goal, path.steps_to_goal) == (None, None)
    assert np.isnan(path.rewards).all()


def test_summary_has_the_promised_keys_and_figures() -> None:
    log = make_log()
    figures = summary(log, make_loop(log), {"log": "log.jsonl"})
    assert tuple(figures) == SUMMARY_KEYS
    assert figures["ticks"] == 40
    assert figures["seconds"] == pytest.approx(4.0)
    assert figures["misses"] == 1
    assert figures["path_error_m"] == pytest.approx((20 * 0.001 + 20 * 0.007) / 40)
    assert figures["cost_mean"] == pytest.approx(0.4)
    assert figures["progress_m"] == pytest.approx(0.25 * 3.9)
    assert figures["prediction_error"] == {"prior": pytest.approx(0.3), "adapted": pytest.approx(0.1)}
    assert figures["statuses"] == {"ok": 40}
    assert figures["search_size"] == {"mean": 1.0, "min": 1.0}
    fitted = Log(log.header, (replace(log.records[0], search_size=0.5), *log.records[1:]))
    assert summary(fitted, make_loop(log), {})["search_size"] == {"mean": 1.0 - 0.5 / 40, "min": 0.5}
    assert figures["fell"] is False
    assert figures["adapt_ms"] == {"p50": 1.0, "p95": 1.0, "p99": 1.0, "max": 1.0}
    json.dumps(figures, allow_nan=False)


def test_summary_of_a_run_without_ticks_is_valid_too() -> None:
    log = Log(HEADER, ())
    figures = summary(log, make_loop(log), {})
    assert figures["ticks"] == 0
    assert figures["cost_mean"] is None
    json.dumps(figures, allow_nan=False)


def loop_tick(yaw: float, heading: float) -> LoopTick:
    schedule = ActionSchedule(5.0, 0.1, np.ones((2, 2)), 6.0)
    plan = Plan(5.0, 0.1, np.ones((2, 2)), np.zeros((3, 7)), 1.0, PlanStatus.OK, 10)
    result = TickResult(
        schedule=schedule,
        plan=plan,
        action=np.array([1.0, 2.0]),
        status="ok",
        error_prior=0.2,
        error_adapted=None,
        rejected=True,
        progress=Progress(1.5, 0.01, -0.01, heading),
        cost=0.7,
        adapt_ms=1.0,
        plan_ms=2.0,
        tick_ms=3.0,
    )
    state = np.array([1.0, 2.0, yaw, 0.0, 0.0, 0.3, 0.4])
    return LoopTick(4, 0.4, Observation(5.4, state, None), result, None, 3.5, True)


def test_a_tick_becomes_plain_numbers() -> None:
    record = from_tick(loop_tick(yaw=3.1, heading=-3.1), CHANNELS, (LEG_LOSS,), np.array([1.0, 2.0]))
    assert record.time == 0.4
    assert record.applied is None
    assert record.action == (1.0, 2.0)
    assert record.distance == -0.01
    assert record.speed == pytest.approx(0.5)
    assert record.heading_error == pytest.approx(6.2 - math.tau)
    assert record.tick_ms == 3.5
    assert record.missed
    assert record.perturbations == (LEG_LOSS,)
    assert record.qpos == (1.0, 2.0)
    assert (record.error_prior, record.error_adapted) == (0.2, None)


def test_a_state_that_is_not_finite_is_logged_not_raised() -> None:
    assert math.isnan(from_tick(loop_tick(yaw=math.nan, heading=0.0), CHANNELS).heading_error)


def test_a_belief_over_the_last_second_is_put_into_words() -> None:
    log = make_log()
    assert log.belief == ()
    believed = tuple(replace(record, belief={"present_left_middle": 0.1, "gain_left": -1.0}) for record in log.records)
    assert replace(log, records=believed).belief == ("left_middle lost", "left motor at 70%")
    doubting = (*believed[:-10], *(replace(record, belief={"present_left_middle": 0.9}) for record in believed[-10:]))
    assert replace(log, records=doubting).belief == ()
