"""The process of a page: its own interpreter, behind all others where there is not enough of the machine for all."""

from __future__ import annotations

import contextlib
import os
import sys
from multiprocessing.connection import Connection

from controller.view.about import About, Address
from hardware.processes import end_with_parent, stand_alone
from hardware.servo.ring import attach_all

_NICE = 10


def serve(about: About, address: Address, ring: str, orders: Connection, commands: Connection) -> None:
    """Show what comes through a ring until the parent is gone: the child's whole life."""
    end_with_parent()
    stand_alone(lambda: os._exit(0))
    os.nice(_NICE)
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        try:
            from controller.view.live_page import show  # here alone: the parent has no use for viser
        except ImportError as error:
            orders.send_bytes(f"needs viser ({error}); pip install 'limber[view]'".encode())
            return
        try:
            with attach_all(ring) as (ticks,):
                show(about, address, ticks, orders, commands)
        except OSError as error:
            why = (error.strerror or str(error)).partition(" (")[0]
            orders.send_bytes(f"{why}; --view-at ADDRESS:0 takes a port that is free".encode())
    sys.exit(0)
