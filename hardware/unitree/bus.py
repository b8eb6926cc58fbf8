"""What the driver needs of a network: topics that carry bytes. DDS is one (`dds`), an emulator in lock-step another."""

from __future__ import annotations

from typing import Protocol

from hardware.unitree.layout import Struct


class BusError(RuntimeError):
    """The network cannot be used as asked; the message says where and what instead."""


class Writer(Protocol):
    """Sends to one topic."""

    @property
    def listeners(self) -> int:
        """How many readers there are now."""

    def write(self, wire: bytes) -> None:
        """Send one message: a CDR header and a body, a multiple of four bytes. Raises BusError."""


class Reader(Protocol):
    """Receives from one topic."""

    sources: dict[int, int]
    """How many messages each writer sent that was heard; whoever wants to begin anew clears it."""

    @property
    def senders(self) -> int:
        """How many writers there are now."""

    def name(self, source: int) -> str:
        """Return in words which writer a source is."""

    def take(self) -> list[bytes]:
        """Return what arrived since the last call, oldest first, without waiting. Raises BusError."""

    def wait(self, seconds: float) -> bool:
        """Sleep until a message is there, at most for some time [s]; tell whether one is. Raises BusError."""


class Bus(Protocol):
    """A network that was joined; close it, any number of times, and its ends are dead."""

    def writer(self, topic: str, struct: Struct) -> Writer:
        """Return an end that sends to a topic: reliable, the newest sample only."""

    def reader(self, topic: str, struct: Struct, depth: int = 1, others_only: bool = False) -> Reader:
        """Return an end that receives from a topic: best effort, the newest `depth` samples.

        `others_only` leaves out what this bus sends itself.
        """

    def close(self) -> None:
        """Leave the network."""
