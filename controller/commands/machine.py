"""What on this machine is ready for a robot, and what would help where it is not.

What could crash or change the process (real-time rights, OpenGL, DDS) is tried in a process of its own.
"""

from __future__ import annotations

import glob
import multiprocessing
import os
import platform
import re
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal, TypeVar

from packaging.requirements import Requirement

from hardware.clock import Beat, WallClock
from hardware.servo.rights import RealtimeSettings, Right, obtain
from hardware.servo.statistics import Distribution, Histogram
from hardware.unitree.drivers import EXTRA

T = TypeVar("T")
Status = Literal["ok", "warn", "fail"]
JITTER_HZ = 500.0
JITTER_SECONDS = 1.0
LATE_P99, LATE_MAX = 500.0, 10_000.0
"""Wake-up times beyond which a warning is given [us]: those that the servo loop should keep."""
PATIENCE = 60.0
"""Longest time for what is tried apart [s]."""
_GIB = 1024**3
_CLONE = Path(__file__).resolve().parents[2]
_CONSTRAINTS, _PROJECT = _CLONE / "constraints.txt", _CLONE / "pyproject.toml"


@dataclass(frozen=True)
class Finding:
    """One line."""

    name: str
    status: Status
    detail: str
    cure: str = ""
    """What would help; empty where nothing is wrong."""


def examine() -> list[Finding]:
    """Look at everything; takes a few seconds."""
    looks = (_python, _packages, _threads, _processors, _realtime, _gl, _dds, _serial, _storage)
    return [finding for look in looks for finding in look()]


def _judged(name: str, good: bool, detail: str, cure: str, otherwise: Status = "warn") -> Finding:
    """Return a finding that names its cure only where something is wrong."""
    return Finding(name, "ok", detail) if good else Finding(name, otherwise, detail, cure)


def _python() -> Iterator[Finding]:
    fits = (3, 11) <= sys.version_info[:2] < (3, 13)
    yield _judged("python", fits, platform.python_version(), "use Python 3.11 or 3.12", "fail")


def _packages() -> Iterator[Finding]:
    """Compare what is installed with what Limber asks for, and with the versions it was tested with."""
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)$", _CONSTRAINTS.read_text(), re.M)) if _CONSTRAINTS.exists() else {}
    tested = {name.lower(): version for name, version in pinned.items()}
    yield Finding("limber", "ok", metadata.version("limber"))
    yield from (_package(requirement, tested.get(requirement.name.lower())) for requirement in _asked(_PROJECT))


def _asked(project: Path) -> list[Requirement]:
    """Return what Limber needs and what its extras need, but for developing.

    The project file of a clone may be newer than what was noted when the clone was installed.
    """
    if not project.exists():
        noted = [Requirement(text) for text in metadata.requires("limber") or []]
        return [r for r in noted if r.marker is None or not r.marker.evaluate({"extra": "dev"})]
    said = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    extras = {name: texts for name, texts in said["optional-dependencies"].items() if name != "dev"}
    wanted = [*said["dependencies"], *(f'{text}; extra == "{name}"' for name in extras for text in extras[name])]
    return [Requirement(text) for text in wanted]


def _package(requirement: Requirement, tested: str | None) -> Finding:
    extra = re.search(r'extra == "(\w+)"', str(requirement.marker or ""))
    wish = f"pip install 'limber[{extra[1]}]'" if extra else f"pip install '{requirement.name}{requirement.specifier}'"
    try:
        found = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        why = f"absent; only needed for the extra '{extra[1]}'" if extra else "absent"
        return Finding(requirement.name, "warn" if extra else "fail", why, wish)
    if not requirement.specifier.contains(found, prereleases=True):
        return Finding(requirement.name, "fail", f"{found}, expected {requirement.specifier}", wish)
    if tested is not None and found.split("+")[0] != tested:
        return Finding(requirement.name, "warn", f"{found}, tested with {tested}", "pip install -c constraints.txt")
    return Finding(requirement.name, "ok", found)


def _threads() -> Iterator[Finding]:
    count = os.environ.get("OMP_NUM_THREADS", "")
    yield _judged("threads", count == "1", f"OMP_NUM_THREADS={count}", "export OMP_NUM_THREADS=1: planners are timed")


def _processors() -> Iterator[Finding]:
    count = len(os.sched_getaffinity(0))
    cure = "give servo and plan loop a processor each"
    yield _judged("processors", count > 1, f"{count} for this process", cure)


def _realtime() -> Iterator[Finding]:
    answer = _apart(_rights_and_jitter)
    if isinstance(answer, str):
        yield Finding("real time", "fail", answer, "report this")
        return
    rights, late = answer
    yield from (_judged(right.name, right.obtained, right.detail, right.cure) for right in rights)
    kept = late.p99 <= LATE_P99 and late.max <= LATE_MAX
    said = f"woken late by {late.p50:.0f} us (p50), {late.p99:.0f} (p99), {late.max:.0f} (max) at 500 Hz"
    yield _judged("timer", kept, said, "obtain the rights above, stop other work, or use a real-time kernel")


def _rights_and_jitter() -> tuple[tuple[Right, ...], Distribution]:
    rights, late, clock = obtain(RealtimeSettings()), Histogram(), WallClock()
    beat = Beat(clock, JITTER_HZ, clock.now())
    for cycle in range(1, round(JITTER_SECONDS * JITTER_HZ) + 1):
        beat.sleep_until(cycle)
        late.add(clock.now() - beat.due(cycle))
    return rights, late.percentiles()


def _gl() -> Iterator[Finding]:
    wrong, chosen = _apart(_render), os.environ.get("MUJOCO_GL", "egl")
    cure = "apt install libegl1 libgl1-mesa-dri, or set MUJOCO_GL=osmesa; only videos and --view need it"
    yield _judged("OpenGL", wrong is None, wrong or f"renders off screen ({chosen})", cure)


def _render() -> None:
    os.environ.setdefault("MUJOCO_GL", "egl")
    import mujoco

    model = mujoco.MjModel.from_xml_string("<mujoco/>")
    with mujoco.Renderer(model, 16, 16) as renderer:
        renderer.update_scene(mujoco.MjData(model))
        renderer.render()


def _dds() -> Iterator[Finding]:
    try:
        metadata.version("cyclonedds")
    except metadata.PackageNotFoundError:
        yield Finding("DDS", "warn", "not tried: Cyclone DDS is absent", f"pip install '{EXTRA}'")
        return
    wrong, cure = _apart(_dds_loopback), "ip link set lo up; look for a firewall on 127.0.0.1"
    yield _judged("DDS", wrong is None, wrong or "a message came round on lo, domain 99", cure, "fail")


def _dds_loopback() -> str | None:
    from hardware.unitree.dds import DdsBus
    from hardware.unitree.layout import LOW_CMD

    with DdsBus("lo", 99) as bus:
        reader = bus.reader(LOW_CMD.topic, LOW_CMD.struct)
        writer = bus.writer(LOW_CMD.topic, LOW_CMD.struct)
        for _ in range(20):
            writer.write(b"\x00\x01\x00\x00" + bytes(808))
            if reader.wait(0.1) and reader.take():
                return None
    return "no message came round on lo within 2 s"


def _serial() -> Iterator[Finding]:
    devices = sorted([*glob.glob("/dev/ttyUSB*"), *glob.glob("/dev/ttyACM*")])
    denied = ", ".join(device for device in devices if not os.access(device, os.R_OK | os.W_OK))
    found = ", ".join(devices) or "no USB serial devices; robots on a network, or simulated ones, need none"
    yield _judged("serial", not denied, f"no access to {denied}" if denied else found, "add the user to group dialout")


def _storage() -> Iterator[Finding]:
    yield _space("disk", ".", 2 * _GIB, _GIB // 5)
    yield _space("shared memory", "/dev/shm", _GIB // 16, _GIB // 64)


def _space(name: str, place: str, enough: int, least: int) -> Finding:
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Finding(name, "fail", f"{place}: {error.strerror}", f"make {place} usable")
    otherwise: Status = "warn" if free >= least else "fail"
    return _judged(name, free >= enough, f"{free / _GIB:.1f} GiB free in {place}", "make room", otherwise)


def _apart(look: Callable[[], T]) -> T | str:
    """Run something in a process of its own; what went wrong there where it has no answer."""
    context = multiprocessing.get_context("spawn")
    answers, ours = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(look, ours), daemon=True)
    process.start()
    ours.close()
    try:
        if not answers.poll(PATIENCE):
            return f"the process that tried it gave no answer within {PATIENCE:g} s"
        found: T | str = answers.recv()
        return found
    except EOFError:
        return "the process that tried it ended"
    finally:
        process.kill()
        process.join()
        answers.close()


def _answer(look: Callable[[], object], answers: Connection) -> None:
    try:
        answers.send(look())
    except Exception as error:  # noqa: BLE001 (whatever it is, it is what the doctor was to find out)
        answers.send(f"{type(error).__name__}: {error}")
