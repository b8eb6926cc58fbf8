"""Against a robot end in C, built with Debian's Cyclone DDS 0.10.2: an independent judge of layouts, types and CRC."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from benchmarks.two_terminals import free_domain
from hardware.unitree.codec import decode_state, encode_command
from hardware.unitree.layout import LOW_CMD, LOW_STATE, REQUEST, RESPONSE, Struct

pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")

from hardware.unitree.dds import DdsBus, idl_type

pytestmark = pytest.mark.alone

HERE = Path(__file__).parent
SYSTEM = "/usr/bin:/usr/local/bin"  # not the idlc of a Python package
IDLC, GCC = shutil.which("idlc", path=SYSTEM), shutil.which("gcc", path=SYSTEM)
COUNT = 300


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the compiled peer and what idlc generated for it."""
    if IDLC is None or GCC is None or not Path("/usr/include/dds/dds.h").exists():
        pytest.skip("needs gcc, cyclonedds-dev and cyclonedds-tools (Debian)")
    folder = tmp_path_factory.mktemp("native")
    subprocess.run([IDLC, "-l", "c", HERE / "go2.idl"], cwd=folder, check=True)
    sources = ["go2.c", str(HERE / "go2_peer.c")]
    subprocess.run(
        [GCC, "-Wall", "-Wextra", "-O2", "-I.", "-o", "go2_peer", *sources, "-lddsc"], cwd=folder, check=True
    )
    return folder


@contextmanager
def running(peer: Path, domain: int) -> Iterator[subprocess.Popen[str]]:
    """A peer that ends after COUNT commands or ten seconds, and with the test in any case."""
    arguments = [str(peer / "go2_peer"), str(domain), str(COUNT), "10"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_native_peer_and_the_codec_understand_each_other(built: Path) -> None:
    domain = free_domain()
    with running(built, domain) as process, DdsBus("lo", domain) as bus:
        commands = bus.writer(LOW_CMD.topic, LOW_CMD.struct)
        states = bus.reader(LOW_STATE.topic, LOW_STATE.struct, depth=64)
        echoed, ticks, last = set[float](), list[int](), None
        deadline = time.monotonic() + 10.0
        while process.poll() is None and time.monotonic() < deadline:
            number = float(len(ticks))
            commands.write(encode_command(np.full((5, 12), number)))
            for wire in states.take():
                last = decode_state(wire)
                ticks.append(int(last["tick"]))
                echoed.add(float(last["motor_state"]["q"][11]))
            time.sleep(0.002)
        report = json.loads(process.communicate()[0])
    assert process.returncode == 0
    assert report["crc_errors"] == 0
    assert report["received"] >= COUNT
    assert ticks == sorted(set(ticks))
    assert len(ticks) > COUNT // 2
    assert len(echoed) > COUNT // 4
    assert last is not None
    assert [int(value) for value in last["motor_state"]["lost"]] == list(range(20))
    assert [int(value) for value in last["foot_force"]] == [-5, 5, 15, 25]
    assert (int(last["bms_state"]["soc"]), int(last["bms_state"]["current"])) == (88, -1234)
    assert (float(last["power_v"]), int(last["fan_frequency"][3])) == (29.5, 1500)
    assert int(last["wireless_remote"][3]) == 5


@pytest.mark.parametrize("struct", [LOW_CMD.struct, LOW_STATE.struct, REQUEST, RESPONSE], ids=lambda kind: kind.name)
def test_types_are_byte_for_byte_those_of_the_native_compiler(built: Path, struct: Struct) -> None:
    generated = (built / "go2.c").read_text()
    kind = idl_type(struct).__idl__
    kind.populate()
    kind.fill_type_data()
    symbol = struct.name.replace(".", "_")
    mapping, information = (
        part.serialize(use_version_2=True)[4:] for part in (kind.get_type_mapping(), kind.get_type_info())
    )
    assert mapping == _bytes(generated, f"TYPE_MAP_CDR_{symbol}")
    # The order in which a type's parts are listed is each compiler's own; for the hot messages even that agrees.
    expected = _bytes(generated, f"TYPE_INFO_CDR_{symbol}")
    assert len(information) == len(expected)
    assert information == expected or struct in (REQUEST, RESPONSE)


def _bytes(source: str, name: str) -> bytes:
    found = re.search(rf"#define {name} \(unsigned char \[\]\)\{{(.*?)\}}", source, re.DOTALL)
    assert found is not None, name
    return bytes(int(value, 16) for value in re.findall(r"0x([0-9a-f]{2})", found[1]))
