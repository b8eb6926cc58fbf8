"""Every robot whose file comes along, by name; those from outside the library add the path of theirs."""

from __future__ import annotations

from controller.settings.robots import names

NAMES: list[str] = [*names()]
