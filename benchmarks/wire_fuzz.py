"""Throws random and damaged messages at everything that reads Unitree's wire, and looks at what gets through.

Nothing may crash, and nothing may be believed whose check sum is broken; that is judged by a check sum of another make
than the reader's own. `python -m benchmarks.wire_fuzz --messages 1000000` takes a few minutes.
"""

from __future__ import annotations

import argparse
import json
import struct
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from hardware.emulators.go2.process import read_request
from hardware.emulators.go2.sport import read_velocity
from hardware.emulators.go2.wire import Command, check_sum, read_command, write_plain
from hardware.unitree.codec import WireError, crc, decode_sport_state, decode_state, encode_command, seal
from hardware.unitree.layout import CDR_HEADER, HEAD, LOW_CMD, LOW_STATE, SPORT_STATE
from hardware.unitree.rpc import decode_reply, encode_request

_PATTERNS = (b"\x00\x00\xc0\x7f", b"\x00\x00\x80\xff", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00")
"""NaN, minus infinity, the largest number, none."""


@dataclass
class Tally:
    """How many messages each reader took, and why it refused the others."""

    messages: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    forged: Counter[str] = field(default_factory=Counter)
    """Believed although the check sum is broken: there must be none."""
    refused: dict[str, Counter[str]] = field(default_factory=dict)

    def refuse(self, reader: str, why: str) -> None:
        """Count a refusal."""
        self.refused.setdefault(reader, Counter())[why] += 1


def fuzz(messages: int, seed: int) -> Tally:
    """Feed that many messages to the readers in turn: driver's states, robot's commands, requests, replies."""
    rng, tally = np.random.default_rng(seed), Tally()
    for number in range(messages):
        reader, read, valid, sealed = _READERS[number % len(_READERS)]
        wire = _damaged(valid(rng), rng, sealed)
        tally.messages += 1
        why = read(wire)
        if why:
            tally.refuse(reader, why)
            continue
        tally.accepted[reader] += 1
        message = {"state": LOW_STATE, "command": LOW_CMD}.get(reader)
        if message is not None:
            image = message.to_image(wire)
            judge = check_sum if reader == "state" else crc
            tally.forged[reader] += judge(image) != struct.unpack("<I", wire[-4:])[0]
    return tally


def _damaged(wire: bytes, rng: np.random.Generator, sealed: Callable[[bytes], bytes]) -> bytes:
    """Return a message with one of ten kinds of damage; two kinds get a check sum that is right again."""
    data, kind = bytearray(wire), int(rng.integers(10))
    place = int(rng.integers(len(data)))
    match kind:
        case 0:
            return rng.bytes(int(rng.integers(0, 1400)))
        case 1:
            return rng.bytes(len(data))
        case 2:
            return CDR_HEADER + bytes(HEAD) + rng.bytes(len(data) - 6)
        case 3:
            data[place] ^= 1 << int(rng.integers(8))
        case 4:
            for spot in rng.integers(len(data), size=int(rng.integers(1, 9))):
                data[spot] = int(rng.integers(256))
        case 5:
            return bytes(data[:place])
        case 6:
            return bytes(data) + rng.bytes(int(rng.integers(1, 64)))
        case 7:
            data[-4:] = rng.bytes(4)
        case 8:
            return sealed(bytes(data[:place]) + rng.bytes(len(data) - place))
        case _:
            spot = place - place % 4
            data[spot : spot + 4] = _PATTERNS[int(rng.integers(len(_PATTERNS)))]
            return sealed(bytes(data))
    return bytes(data)


def _read_state(wire: bytes) -> str:
    try:
        state = decode_state(wire)
    except WireError as error:
        return str(error).partition(":")[0]
    return "" if np.isfinite(state["motor_state"]["q"][:12]).all() else "believed a number that is none"


def _read_command(wire: bytes) -> str:
    read = read_command(wire)
    return "" if isinstance(read, Command) else read.value


def _read_reply(wire: bytes) -> str:
    try:
        decode_reply(wire)
    except WireError as error:
        return str(error).partition(":")[0]
    return ""


def _read_sport(wire: bytes) -> str:
    try:
        state = decode_sport_state(wire)
    except WireError as error:
        return str(error).partition(":")[0]
    return "" if np.isfinite(state["velocity"]).all() else "believed a number that is none"


def _read_request(wire: bytes) -> str:
    request = read_request(wire)
    if request is None:
        return "unreadable"
    velocity = read_velocity(request.parameter)
    if velocity is None:
        return "no velocity"
    return "" if np.isfinite(velocity).all() else "believed a number that is none"


def _state(rng: np.random.Generator) -> bytes:
    record = np.zeros((), LOW_STATE.struct.dtype)
    record["head"] = HEAD
    record["motor_state"]["q"] = rng.normal(size=20)
    return seal(LOW_STATE, record.tobytes())


def _command(rng: np.random.Generator) -> bytes:
    return encode_command(rng.normal(size=(5, 12)))


def _reply(rng: np.random.Generator) -> bytes:
    text = b'{"form": "0", "name": "normal"}\0'
    return CDR_HEADER + struct.pack("<2qiI", int(rng.integers(1 << 40)), 1001, 0, len(text)) + text + bytes(4)


def _sport(rng: np.random.Generator) -> bytes:
    record = np.zeros((), SPORT_STATE.struct.dtype)
    record["velocity"], record["mode"] = rng.normal(size=3), rng.integers(9)
    return write_plain(SPORT_STATE, record)


def _request(rng: np.random.Generator) -> bytes:
    told = dict(zip("xyz", rng.normal(size=3).round(4).tolist(), strict=True))
    return encode_request(int(rng.integers(1 << 40)), 1008, json.dumps(told), silent=True)


_READERS: tuple[
    tuple[str, Callable[[bytes], str], Callable[[np.random.Generator], bytes], Callable[[bytes], bytes]], ...
] = (
    ("state", _read_state, _state, lambda wire: seal(LOW_STATE, LOW_STATE.to_image(wire))),
    ("command", _read_command, _command, lambda wire: seal(LOW_CMD, LOW_CMD.to_image(wire))),
    ("reply", _read_reply, _reply, lambda wire: wire),
    ("sport", _read_sport, _sport, lambda wire: wire),
    ("request", _read_request, _request, lambda wire: wire),
)


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    start = time.monotonic()
    tally = fuzz(arguments.messages, arguments.seed)
    figures = {
        "messages": tally.messages,
        "seconds": round(time.monotonic() - start, 1),
        "accepted": dict(tally.accepted),
        "forged": sum(tally.forged.values()),
        "refused": {reader: dict(why) for reader, why in tally.refused.items()},
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
