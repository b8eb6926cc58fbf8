"""The crawler as its file describes it."""

from __future__ import annotations

from controller.settings.robots import spec

ROACH = spec("roach")
