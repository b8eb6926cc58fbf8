from __future__ import annotations

import numpy as np
import pytest

from controller.reports.plots import COLOURS, model_error, path_error, plan_view, tick_time
from tests.controller.logs import make_log


def test_the_onset_is_marked_in_plan_view_and_over_time() -> None:
    logs = [make_log(), make_log("mb", 0.022)]
    rings = [line for line in plan_view(logs).axes[0].lines if line.get_marker() == "o"]
    assert [ring.get_xydata().ravel().tolist() for ring in rings] == [[0.5, -0.007], [0.5, -0.022]]  # type: ignore[union-attr]
    for draw in (path_error, model_error):
        assert [2.0, 2.0] in [np.asarray(line.get_xdata()).tolist() for line in draw(logs).axes[0].lines]


def test_each_run_keeps_its_colour_and_its_name() -> None:
    logs = [make_log(), make_log("mb")]
    for draw in (plan_view, path_error, model_error):
        lines = {line.get_label(): line.get_color() for line in draw(logs).axes[0].lines}
        assert (lines["grbal"], lines["mb"]) == COLOURS[:2]


def test_model_error_is_dashed_without_adaptation_and_left_out_where_nothing_adapts() -> None:
    labels = [line.get_label() for line in model_error([make_log(), make_log("mb")]).axes[0].lines]
    assert "grbal, not adapted" in labels
    assert "mb, not adapted" not in labels


def test_model_error_is_a_running_mean_of_what_was_measured() -> None:
    line = model_error([make_log()]).axes[0].lines[0]
    values = np.asarray(line.get_ydata(), np.float64)
    assert np.isnan(values[0])
    assert values[1:] == pytest.approx(np.full(39, 0.1))


def test_tick_time_shows_the_deadline() -> None:
    axes = tick_time([make_log()]).axes[0]
    assert [100.0, 100.0] in [np.asarray(line.get_xdata()).tolist() for line in axes.lines]
