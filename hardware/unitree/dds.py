"""DDS reduced to what a driver needs: bytes in, bytes out, on one network interface.

Samples pass as serialised CDR through Cyclone DDS's own extension module, which is four times faster than its Python
objects. That module is not a public interface, so the package is pinned below its next major version.

The message types are made from the tables of `layout`. Bytes are declared `byte`, never `uint8`: the type information
then equals that of Cyclone DDS 0.10.2, which Unitree's SDK and Debian 12 ship. Declared `uint8`, the 11.0 package
describes them in a way that makes a 0.10.2 peer crash.
"""

from __future__ import annotations

import difflib
import functools
import socket
from typing import Any
from xml.sax.saxutils import quoteattr

from cyclonedds._clayer import ddspy_take, ddspy_write
from cyclonedds.core import DDSException, InstanceState, Policy, Qos, ReadCondition, SampleState, ViewState, WaitSet
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.idl import IdlStruct, make_idl_struct, types
from cyclonedds.idl.annotations import final
from cyclonedds.pub import DataWriter
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic

from hardware.unitree.bus import BusError
from hardware.unitree.layout import Many, Struct

LOOPBACK = "lo"
_ANY = SampleState.Any | ViewState.Any | InstanceState.Any
_UNREAD = SampleState.NotRead | ViewState.Any | InstanceState.Any
_KINDS: dict[str, Any] = {
    "u1": types.byte,
    "u2": types.uint16,
    "u4": types.uint32,
    "i2": types.int16,
    "i4": types.int32,
    "i8": types.int64,
    "b1": bool,
    "text": str,
    "bytes": types.sequence[types.byte],
    "f4": types.float32,
    "f8": types.float64,
}


class DdsBus:
    """One participant of a DDS domain on one interface; close it, or use it as a context.

    Raises:
        BusError: no such interface, or this process has the domain open already.
    """

    def __init__(self, interface: str, domain: int) -> None:
        names = [name for _, name in socket.if_nameindex()]
        if interface not in names:
            hint = difflib.get_close_matches(interface, names, n=1, cutoff=0.3)
            near = f"; did you mean {hint[0]!r}?" if hint else ""
            raise BusError(f"DDS interface: expected one of {', '.join(names)}, got {interface!r}{near}")
        try:
            self._domain: Domain | None = Domain(domain, configuration(interface))
            self._participant: DomainParticipant | None = DomainParticipant(domain)
        except DDSException as error:
            self._domain = self._participant = None
            raise BusError(f"DDS domain {domain} on {interface}: cannot be opened ({error.msg or error})") from error
        self._ends: list[DdsWriter | DdsReader] = []

    def __enter__(self) -> DdsBus:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def writer(self, topic: str, struct: Struct) -> DdsWriter:
        writer = DdsWriter(self._open(), topic, struct)
        self._ends.append(writer)
        return writer

    def reader(self, topic: str, struct: Struct, depth: int = 1, others_only: bool = False) -> DdsReader:
        reader = DdsReader(self._open(), topic, struct, depth, others_only)
        self._ends.append(reader)
        return reader

    def close(self) -> None:
        for end in self._ends:
            end.close()
        self._ends.clear()
        self._participant = None
        self._domain = None

    def _open(self) -> DomainParticipant:
        if self._participant is None:
            raise BusError("DDS: expected an open bus; it was closed")
        return self._participant


class DdsWriter:
    """Sends to one topic; made by `DdsBus.writer`."""

    def __init__(self, participant: DomainParticipant, topic: str, struct: Struct) -> None:
        self._topic = topic
        qos = Qos(Policy.Reliability.Reliable(max_blocking_time=0), Policy.History.KeepLast(1))
        self._end: DataWriter | None = DataWriter(participant, Topic(participant, topic, idl_type(struct)), qos)
        self._reference = self._end._ref

    @property
    def listeners(self) -> int:
        return 0 if self._end is None else len(self._end.get_matched_subscriptions())

    def write(self, wire: bytes) -> None:
        if self._end is None:
            raise BusError(f"DDS topic {self._topic}: expected an open bus; it was closed")
        if (status := ddspy_write(self._reference, wire)) < 0:
            raise BusError(f"DDS topic {self._topic}: a message of {len(wire)} bytes was not sent (code {status})")

    def close(self) -> None:
        self._end = None


class DdsReader:
    """Receives from one topic; made by `DdsBus.reader`."""

    def __init__(self, participant: DomainParticipant, topic: str, struct: Struct, depth: int, others: bool) -> None:
        self._topic, self.sources = topic, dict[int, int]()
        own = Policy.IgnoreLocal.Participant if others else Policy.IgnoreLocal.Nothing
        qos = Qos(Policy.Reliability.BestEffort, Policy.History.KeepLast(depth), own)
        self._end: DataReader | None = DataReader(participant, Topic(participant, topic, idl_type(struct)), qos)
        self._reference, self._depth = self._end._ref, depth
        self._waiting: WaitSet | None = WaitSet(participant)
        self._waiting.attach(ReadCondition(self._end, _UNREAD))

    @property
    def senders(self) -> int:
        return 0 if self._end is None else len(self._end.get_matched_publications())

    def name(self, source: int) -> str:
        signed = (source ^ 1 << 63) - (1 << 63)  # as handles are taken, though not as they are given
        about = None if self._end is None else self._end.get_matched_publication_data(signed)
        return f"writer {source:x}" if about is None else f"writer {about.key}"

    def take(self) -> list[bytes]:
        return [data for data, _ in self.receive()]

    def receive(self) -> list[tuple[bytes, int]]:
        """Return what arrived since the last call, each with its source. Raises BusError."""
        if self._end is None:
            raise BusError(f"DDS topic {self._topic}: expected an open bus; it was closed")
        taken = ddspy_take(self._reference, _ANY, self._depth)
        if isinstance(taken, int):
            raise BusError(f"DDS topic {self._topic}: nothing can be received (code {taken})")
        heard = [(data, about.publication_handle) for data, about in taken if about.valid_data]
        for _, source in heard:
            self.sources[source] = self.sources.get(source, 0) + 1
        return heard

    def wait(self, seconds: float) -> bool:
        if self._waiting is None:
            raise BusError(f"DDS topic {self._topic}: expected an open bus; it was closed")
        return bool(self._waiting.wait(max(0, round(seconds * 1e9))))

    def close(self) -> None:
        self._waiting = self._end = None


@functools.cache
def idl_type(struct: Struct) -> type[IdlStruct]:
    """Return the DDS type of a structure."""
    fields: dict[str, Any] = {}
    for name, kind, *count in struct.fields:
        member = types.sequence[_member(kind.of)] if isinstance(kind, Many) else _member(kind)
        fields[name] = types.array[(member, *count)] if count else member
    made: type[IdlStruct] = final(make_idl_struct(struct.name.rpartition(".")[2], struct.name, fields))
    return made


def _member(kind: str | Struct) -> Any:
    return idl_type(kind) if isinstance(kind, Struct) else _KINDS[kind]


def configuration(interface: str) -> str:
    """Return Cyclone DDS's settings for one interface.

    A loopback device has no multicast, so participants look for each other at 127.0.0.1 under their own port numbers;
    versions 0.10 and 11 find each other in no other way there.
    """
    local = interface == LOOPBACK
    multicast = "false" if local else "default"
    general = f"<Interfaces><NetworkInterface name={quoteattr(interface)} multicast='{multicast}'/></Interfaces>"
    discovery = ""
    if local:
        general += "<AllowMulticast>false</AllowMulticast>"
        discovery = (
            "<Discovery><ParticipantIndex>auto</ParticipantIndex><MaxAutoParticipantIndex>20</MaxAutoParticipantIndex>"
            "<Peers><Peer address='127.0.0.1'/></Peers></Discovery>"
        )
    return f"<CycloneDDS><Domain Id='any'><General>{general}</General>{discovery}</Domain></CycloneDDS>"
