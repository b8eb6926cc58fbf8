from __future__ import annotations

from pathlib import Path

import pytest

from controller.steering.script import Script, read, write
from controller.steering.source import Command
from hardware.steering import STILL, Velocity

LINES = "0.5,0.2,0,1\n2,0,0.1,-1\n"


@pytest.mark.parametrize(
    "text",
    [
        LINES,
        "time,v_x,v_y,turn\n" + LINES,
        "Time [s], V_x [m/s], V_y [m/s], Turn [rad/s]\n" + LINES,
        LINES.replace(",", ";"),
        LINES.replace(",", "\t"),
        LINES.replace(",", "  "),
        "\ufeff# told by hand\n\n" + LINES.replace("\n", "\r\n"),
    ],
)
def test_a_script_holds_each_line_until_the_next(text: str, tmp_path: Path) -> None:
    file = tmp_path / "commands.csv"
    file.write_text(text, encoding="utf-8", newline="")
    script = Script(read(file))
    wanted = {0.0: STILL, 0.4: STILL, 0.5: Velocity(0.2, 0.0, 1.0), 1.9: Velocity(0.2, 0.0, 1.0)}
    wanted |= {2.0: Velocity(0.0, 0.1, -1.0), 99.0: Velocity(0.0, 0.1, -1.0)}
    assert {now: script.poll(now).velocity for now in wanted} == wanted
    assert script.poll(7.0).time == 7.0


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("", r"commands.csv: expected lines time, v_x, v_y, turn, got none"),
        ("time,v_x,v_y,turn\n", r"commands.csv: expected lines"),
        (
            "v_x,v_y,turn,time\n1,0,0,0\n",
            r"commands.csv:1: expected the heading time, v_x, v_y, turn, or none, got v_x, ",
        ),
        ("0,1,2\n", r"commands.csv:1: expected 4 numbers, time, v_x, v_y, turn, got 3"),
        ("0,1,2,3\n1,nan,0,0\n", r"commands.csv:2: v_x: expected a finite number, got 'nan'"),
        ("0,1,2,3\n1,0,0,left\n", r"commands.csv:2: turn: expected a finite number, got 'left'"),
        ("nan,nan,nan,nan\n", r"commands.csv:1: time: expected a finite number"),
        ("1,0,0,0\n1,0,0,0\n", r"commands.csv:2: time: expected a number of seconds later than 1, got 1"),
        ("-1,0,0,0\n", r"commands.csv:1: time: expected a number of seconds not negative, got -1"),
    ],
)
def test_what_is_no_script_is_said_with_its_line(text: str, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "commands.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        read(file)


def test_bytes_and_endless_files_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "commands.csv"
    file.write_bytes(b"0,0,0,0\n\xff")
    with pytest.raises(ValueError, match="expected text in UTF-8, got byte 0xff"):
        read(file)
    with pytest.raises(ValueError, match="expected at most 20,000,000 bytes"):
        read(Path("/dev/zero"))


def test_what_is_written_reads_the_same_to_the_last_bit(tmp_path: Path) -> None:
    told = [Command(0.1 * k, Velocity(0.1 / 3, -0.0, k // 3 * 1e-7)) for k in range(9)]
    write(tmp_path / "commands.csv", told)
    script = Script(read(tmp_path / "commands.csv"))
    assert [script.poll(each.time).velocity for each in told] == [each.velocity for each in told]
    assert len(script.commands) == 3
