"""What the files of the robots that come along say to the simulation."""

from __future__ import annotations

from controller.settings.robots import names, spec
from sim.robots.anatomy import PACKAGE

ANATOMIES = {name: spec(name).anatomy for name in names()}
OURS = {name: anatomy for name, anatomy in ANATOMIES.items() if not anatomy.body.startswith(PACKAGE)}
"""Those of our own building; the splits of others are those of published experiments."""
