"""`limber emulate go2` in one process and `limber deploy` in another, as in two terminals, and what came of both."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LIMBER = (sys.executable, "-c", "import sys; from controller.cli import main; sys.exit(main(sys.argv[1:]))")
LIFE = 180
"""A robot that nobody stops ends by itself [s]."""
_START = 60.0
_FIRST, _COUNT = 20, 200
_BASE, _GAIN = 7400, 250  # ports of a DDS domain: DDSI-RTPS 2.5, section 9.6.1
_UNICAST = 10
_numbers = itertools.count(os.getpid() * 7)


def free_domain() -> int:
    """Return the number of a DDS domain in which nobody on this machine takes part."""
    return next(_FIRST + number % _COUNT for number in _numbers if not inhabited(_FIRST + number % _COUNT))


def inhabited(domain: int) -> bool:
    """Tell whether somebody on this machine takes part in a DDS domain: the port of its first participant is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", _BASE + _UNICAST + _GAIN * domain))
        except OSError:
            return True
        return False


@dataclass
class Robot:
    """An emulated robot."""

    process: subprocess.Popen[str]
    stopped: float = 0.0
    """When it was asked to end, by the system's monotonic clock [s]."""
    report: dict[str, object] = field(default_factory=dict)

    def stop(self) -> None:
        """Let it end and report; nothing to report where it was killed."""
        self.stopped = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        lines = self.process.communicate(timeout=30)[0].splitlines()
        self.report = json.loads(lines[-1]) if lines else {}

    def since_first_command(self, moment: float) -> float:
        """Return a moment of the monotonic clock on the clock of the report, good to some 10 ms [s]."""
        return float(str(self.report["driven_seconds"])) - (self.stopped - moment)

    def events(self, after: float = 0.0) -> list[str]:
        """Return what happened to it after a time of its report [s]."""
        events = self.report["events"]
        assert isinstance(events, list)
        return [event["event"] for event in events if event["time"] >= after]

    def path(self) -> list[list[float]]:
        """Return rows of time, x, y, z, yaw."""
        path = self.report["path"]
        assert isinstance(path, dict)
        return list(path["rows"])


@contextlib.contextmanager
def emulator(domain: int, *flags: str, prefix: Sequence[str] = (), robot: str = "go2") -> Iterator[Robot]:
    """Run an emulated robot, once it is on its network; `prefix` is a command to run it under."""
    life = ("--domain", str(domain), "--seconds", str(LIFE), "--json")
    command = [*prefix, *LIMBER, "emulate", robot, *life, *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            end = time.monotonic() + _START
            while not prefix and not inhabited(domain) and process.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
            yield Robot(process)
        finally:
            process.kill()


class Deployment:
    """A `limber deploy` under way; use as a context manager, which kills what is left of it."""

    def __init__(self, domain: int, out: Path, *flags: str, interface: str = "lo", prefix: Sequence[str] = ()) -> None:
        command = [*prefix, *LIMBER, "deploy", "--robot", "go2", "--interface", interface, "--domain", str(domain)]
        command += ["--course", "straight", "--out", str(out), "--json", *flags]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
        self.said: list[str] = []
        """Lines on stderr."""
        self.servo = self.log = 0
        """Process ids, known once it runs."""
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def runs(self) -> bool:
        """Wait until the robot runs; False when it does not come to that."""
        while self.process.poll() is None:
            found = re.search(r"servo process (\d+), log process (\d+)", "\n".join(self.said))
            if found is not None:
                self.servo, self.log = int(found[1]), int(found[2])
                return True
            time.sleep(0.02)
        return False

    def finish(self) -> tuple[int, dict[str, object]]:
        """Wait for its end; return exit status and summary, empty where it printed none."""
        assert self.process.stdout is not None
        lines = self.process.stdout.read().splitlines()
        status = self.process.wait()
        self._listener.join()
        return status, (json.loads(lines[-1]) if lines else {})

    def gone(self, seconds: float = 15.0) -> bool:
        """Wait until its servo and log processes are gone too; False when they are not."""
        end = time.monotonic() + seconds
        while any(_runs(pid) for pid in (self.servo, self.log) if pid):
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def __enter__(self) -> Deployment:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.gone()
        self._listener.join()
        with self.process:  # closes the pipes
            pass

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.rstrip())


def _runs(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
