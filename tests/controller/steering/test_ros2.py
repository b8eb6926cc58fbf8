from __future__ import annotations

from contextlib import closing

import pytest

from benchmarks.two_terminals import free_domain
from controller.settings.robots import spec
from controller.steering import choice
from controller.steering.helm import TIMEOUT
from controller.steering.ros2 import Node, Ros2
from controller.steering.source import Command, Listener
from hardware.steering import Velocity

pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")

from hardware.ros2 import messages
from tests.hardware.ros2.test_topics import AHEAD, twist


def test_where_ros_is() -> None:
    assert Node.parsed("") == Node(0, "lo")
    assert Node.parsed("7,interface=eth0") == Node(7, "eth0")
    assert choice.checked("ros2") == "ros2"


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("ros2:233", "ros2: domain: expected a number from 0 to 232, got '233'"),
        ("ros2:-1", "ros2: domain: expected a number"),
        ("ros2:1,device=lo", r"ros2: expected \[DOMAIN\]\[,interface=NAME\], got 'device'"),
    ],
)
def test_where_ros_cannot_be_is_said(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        choice.checked(text)


@pytest.mark.alone
def test_a_device_that_is_not_there_is_said() -> None:
    with pytest.raises(ValueError, match="ros2: DDS interface: expected one of .*, got 'eth99'"):
        choice.opened("ros2:1,interface=eth99", spec("roach"))


@pytest.mark.alone
def test_a_twist_steers_rubbish_and_a_second_writer_are_refused_and_counted() -> None:
    with closing(choice.opened(f"ros2:{free_domain()}", spec("roach"))) as source:
        assert isinstance(source, Ros2)
        assert isinstance(source, Listener)
        assert source.poll(0.0) is None
        first, second = (source._bus.writer("rt/cmd_vel", messages.TWIST) for _ in range(2))
        first.write(twist(Velocity(float("inf"), 0.0, 0.0)))
        first.write(twist())
        assert source.poll(0.1) == Command(0.1, AHEAD)
        second.write(twist(Velocity(0.1, 0.0, 0.0)))
        assert source.poll(0.2) is None
        second.write(twist(Velocity(0.1, 0.0, 0.0)))
        assert source.poll(0.2 + TIMEOUT) == Command(0.2 + TIMEOUT, Velocity(0.1, 0.0, 0.0))
        assert source.counts() == {"rubbish": 1, "commands": 2, "second writer": 1}
