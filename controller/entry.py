"""Where the program `limber` begins: nothing is imported before somebody may press Ctrl-C."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; returns its exit status, also where it is interrupted before it can do anything."""
    try:
        from controller.cli import main as limber
    except KeyboardInterrupt:
        sys.stderr.write("limber: interrupted\n")
        return 130
    return limber()
