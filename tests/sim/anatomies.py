"""What the files of the robots that come along say to the simulation."""

from __future__ import annotations

from controller.settings.robots import names, spec

ANATOMIES = {name: spec(name).anatomy for name in names()}
