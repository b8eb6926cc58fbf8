"""An emulated Go2 that is steered by datagrams while `limber deploy` drives it: it does as told, and else stands."""

from __future__ import annotations

import json
import re
import socket
import time
from pathlib import Path

import pytest

pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")
pytest.importorskip("mcap", reason="the extra log is not installed")

from benchmarks.two_terminals import Deployment, Robot, emulator, free_domain
from controller.cli import main
from controller.steering.datagram import packed
from hardware.steering import Velocity
from tests.closed_loop.test_deploys import ATTEMPTS, BUSY, is_down

pytestmark = pytest.mark.alone

SECONDS, TOLD, TIMEOUT = 7.0, 3.0, 0.5
"""Of the walk, of the commands in it, and without one until it stands [s]."""
ASKED, MOST = Velocity(9.0, 0.0, 0.0), 0.6
"""What it is told, and what its file lets it be told [m/s]."""
DRIFT = 0.1
"""The most that it may drift while it steps on the spot [m/s]: 0.03 here, 0.05 on a busy machine; walking on: MOST."""


def steer(deployment: Deployment, seconds: float) -> None:
    """Send commands for some time from when the robot runs."""
    (port,) = (int(found[1]) for line in deployment.said if (found := re.search(r"commands are taken .* (\d+)", line)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            sender.sendto(packed(ASKED, time.time_ns()), ("127.0.0.1", port))
            sender.sendto(b"rubbish", ("127.0.0.1", port))
            time.sleep(0.05)


def walked(folder: Path) -> tuple[Deployment, Robot, dict[str, object], Path]:
    for attempt in range(ATTEMPTS):
        domain, out = free_domain(), folder / str(attempt)
        flags = ("--course", "velocity", "--steer", "udp:0", "--planner", "rti", "--seconds", str(SECONDS))
        with emulator(domain) as robot, Deployment(domain, out, *flags) as deployment:
            if deployment.runs():
                steer(deployment, TOLD)
            _, summary = deployment.finish()
            robot.stop()
        assert robot.report["outside_limits"] == 0
        starved = any(word in line for line in deployment.said for word in BUSY)
        if not (starved or robot.report["fell"]):
            break
    if not starved:
        return deployment, robot, summary, out
    pytest.skip(f"this machine is too busy to serve a robot 500 times a second: {deployment.said[-1]}")


def test_it_does_as_it_is_told_and_stands_when_nobody_tells_it_any_more(tmp_path: Path) -> None:
    deployment, robot, summary, out = walked(tmp_path)
    assert deployment.process.returncode == 0, deployment.said
    assert is_down(robot)
    servo, counts = summary["servo"], summary["steering"]
    assert isinstance(servo, dict)
    assert isinstance(counts, dict)
    assert (servo["faults"], servo["refused"]) == ([], [])
    assert counts["commands"] > 20
    assert counts["rubbish"] > 20
    assert counts["limited"] > 20  # more was asked of it than it can
    ticks = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()[1:]]
    told = [tick["time"] for tick in ticks if tick["wanted"][0] > 0.0]
    assert {tick["wanted"][0] for tick in ticks} == {0.0, MOST}
    last = told[-1]
    assert TOLD - 0.5 < last - told[0] < TOLD + TIMEOUT + 0.3
    x = {tick["time"]: tick["qpos"][0] for tick in ticks if tick["qpos"][0] is not None}
    stood = {time: place for time, place in x.items() if time > last + 1.0}
    assert x[last] - x[min(x)] > 0.3
    assert max(stood.values()) - min(stood.values()) < DRIFT * (max(stood) - min(stood))
    assert (out / "commands.csv").is_file()
    exported(out, len(ticks))


def exported(out: Path, ticks: int) -> None:
    """See that others find poses and joints of every tick."""
    pytest.importorskip("mcap_protobuf", reason="the extra export is not installed")
    from mcap.reader import make_reader
    from mcap_protobuf.decoder import DecoderFactory

    assert main(["export", str(out), "--mcap"]) == 0
    with (out / "log.mcap").open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        topics = ["/pose", "/joint_states"]
        found = [(topic.topic, message) for _, topic, _, message in reader.iter_decoded_messages(topics)]
    joints = [message.joints for topic, message in found if topic == "/joint_states"]
    assert len(joints) == len(found) - len(joints) == ticks
    assert {len(each) for each in joints} == {12}
    assert max(each[2].position for each in joints) - min(each[2].position for each in joints) > 0.2  # a knee bends
