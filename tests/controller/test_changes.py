from __future__ import annotations

import re

import pytest

from controller import changes
from controller.changes import Change
from controller.config import run_settings
from controller.settings.layers import ConfigError, Layer


@pytest.mark.parametrize("text", ["adapter=mb@6", "course=zigzag@0.05", "course=zigzag@6.123456"])
def test_a_change_reads_back(text: str) -> None:
    assert str(changes.parse(text)) == text
    assert changes.parse(str(Change("adapter", "grbal", 1e-7))).onset == 1e-7


@pytest.mark.parametrize(
    "text, message",
    [
        ("adaptr=mb@6", "did you mean 'adapter'?"),
        ("adapter=mb", "expected text like 'adapter=mb@6', got 'adapter=mb'"),
        ("adapter=mb@soon", "expected a time after the start behind @ [s], got 'soon'"),
        ("adapter=mb@0", "expected a time after the start"),
        ("adapter=mb@nan", "expected a time after the start"),
        (6, "got 6"),
    ],
)
def test_what_is_no_change_is_refused(text: object, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        changes.parse(text)


@pytest.mark.parametrize(
    "values, message",
    [
        ({"changes": ["adapter=snial@6"]}, "changes: adapter=snial@6: unknown adapter 'snial'"),
        ({"changes": ["course=zigzak@6"]}, "unknown path 'zigzak'"),
        ({"changes": ["adapter=mb@6", "adapter=snail@5"]}, "changes: expected earlier ones first"),
        ({"changes": ["adapter=mb@60"]}, "expected an onset within the run of 20 s, got 60"),
        ({"changes": ["adapter=mb@6"], "course": "hidden_speed"}, "expected none on hidden_speed"),
    ],
)
def test_settings_refuse_what_cannot_change(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        run_settings([Layer("here", values)])
    assert message in str(caught.value)
