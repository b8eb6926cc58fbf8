from __future__ import annotations

import pytest

from benchmarks.two_terminals import free_domain
from hardware.unitree.codec import decode, encode_command
from hardware.unitree.layout import LOW_CMD
from tests.hardware.unitree.samples import command

pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")

from hardware.unitree.bus import BusError
from hardware.unitree.dds import DdsBus, configuration

pytestmark = pytest.mark.alone


def test_bytes_arrive_as_they_were_sent() -> None:
    with DdsBus("lo", free_domain()) as bus:
        reader = bus.reader(LOW_CMD.topic, LOW_CMD.struct, depth=8)
        others = bus.reader(LOW_CMD.topic, LOW_CMD.struct, depth=8, others_only=True)
        writer = bus.writer(LOW_CMD.topic, LOW_CMD.struct)
        sent = [encode_command(command(seed)) for seed in range(5)]
        for wire in sent:
            writer.write(wire)
        assert reader.wait(1.0)
        assert reader.take() == sent
        assert others.take() == []
        assert (writer.listeners, reader.senders) == (1, 1)
        assert not reader.wait(0.01)
        decode(LOW_CMD, sent[0])


def test_a_slow_reader_keeps_the_newest() -> None:
    with DdsBus("lo", free_domain()) as bus:
        reader = bus.reader(LOW_CMD.topic, LOW_CMD.struct, depth=2)
        writer = bus.writer(LOW_CMD.topic, LOW_CMD.struct)
        sent = [encode_command(command(seed)) for seed in range(5)]
        for wire in sent:
            writer.write(wire)
        assert reader.take() == sent[-2:]


def test_the_ends_of_a_closed_bus_are_dead() -> None:
    bus = DdsBus("lo", free_domain())
    reader, writer = bus.reader(LOW_CMD.topic, LOW_CMD.struct), bus.writer(LOW_CMD.topic, LOW_CMD.struct)
    bus.close()
    bus.close()
    for use in (reader.take, lambda: reader.wait(0.0), lambda: writer.write(b"")):
        with pytest.raises(BusError, match="closed"):
            use()
    with pytest.raises(BusError, match="closed"):
        bus.reader(LOW_CMD.topic, LOW_CMD.struct)


def test_loopback_keeps_to_itself() -> None:
    assert "127.0.0.1" in configuration("lo")
    assert "AllowMulticast>false" in configuration("lo")
    assert "127.0.0.1" not in configuration("eth0")
