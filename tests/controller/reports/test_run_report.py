from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from controller.reports.run_report import write_report
from controller.telemetry.findings import Run
from controller.telemetry.run_log import Log
from tests.controller.logs import make_goal_log, make_log, make_loop

PNG = b"\x89PNG\r\n\x1a\n"
PICTURES = {"plan_view", "path_error", "model_error", "tick_time"}


def runs(*adapters: str) -> list[Run]:
    logs = [make_log(adapter, off=0.007 if adapter == "grbal" else 0.022) for adapter in adapters]
    return [Run(log, make_loop(log)) for log in logs]


class Elements(HTMLParser):
    """Collects what a page refers to, and which elements stay open."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("adapters", [("grbal",), ("grbal", "mb")], ids=["one run", "two runs"])
def test_report_is_one_well_formed_file_that_needs_no_other(tmp_path: Path, adapters: tuple[str, ...]) -> None:
    video = tmp_path / "video.mp4"
    video.write_bytes(b"not really a video")
    files = write_report(tmp_path, runs(*adapters), "seed: 3\nnote: <none>", video)
    assert set(files) == {"report", *PICTURES}
    assert all(files[name].read_bytes().startswith(PNG) for name in PICTURES)
    page = files["report"].read_text(encoding="utf-8")
    elements = Elements()
    elements.feed(page)
    assert not elements.open
    assert len(elements.sources) == len(PICTURES) + 1
    assert all(source.startswith("data:") for source in elements.sources)
    assert not re.search(r"https?://|@import|url\(|\$[a-z]", page)
    assert "note: &lt;none&gt;" in page
    assert "torch &lt;2&gt;" in page


def test_a_hidden_goal_shows_its_reward_in_place_of_a_path_error(tmp_path: Path) -> None:
    log = make_goal_log()
    files = write_report(tmp_path, [Run(log, make_loop(log))], "")
    assert set(files) == {"report", "plan_view", "reward", "model_error", "tick_time"}
    assert "hidden_turn:side=-1" in files["report"].read_text(encoding="utf-8")


def test_a_report_without_video_shows_none(tmp_path: Path) -> None:
    page = write_report(tmp_path, runs("grbal"), "")["report"].read_text(encoding="utf-8")
    assert "<video" not in page


@pytest.mark.parametrize("ticks", [0, 1, 2])
def test_a_run_that_hardly_began_can_be_reported(tmp_path: Path, ticks: int) -> None:
    log = make_log()
    short = Log(replace(log.header, path=()), log.records[:ticks])
    files = write_report(tmp_path, [Run(short, make_loop(short, interrupted=True))], "")
    assert "interrupted" in files["report"].read_text(encoding="utf-8")
