"""A robot steered by a real ROS 2 node, which hears where it is: rates, commands, and a publisher that gets lost.

    python3.11 -m venv ros && ros/bin/pip install -r benchmarks/requirements-ros2.txt
    python -m benchmarks.ros2_node --ros ros/bin/python

Starts `limber run --steer ros2` in real time and a node with rclpy in another process and environment. The node waits
for odometry, publishes a Twist 20 times a second, stops, and goes on listening: the robot has to have run as told, to
stand at the end, and to have been heard at the rate of its ticks on every topic.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from benchmarks.two_terminals import free_domain
from controller.settings import robots

PROFILE = """<dds xmlns="http://www.eprosima.com"><profiles>
<participant profile_name="plain" is_default_profile="true"><rtps><propertiesPolicy><properties><property>
<name>fastdds.type_propagation</name><value>disabled</value>
</property></properties></propertiesPolicy></rtps></participant></profiles></dds>
"""
"""Fast DDS 3 hears the larger messages only with this; Fast DDS 2 does not mind."""
TOPICS = ("odom", "joint_states", "imu", "diagnostics")
TOLERANCE = 0.1
"""Of a rate."""
NODE = """
import json, sys, time
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Imu, JointState

waits, told, listens = (float(text) for text in sys.argv[1:4])
rclpy.init()
node = rclpy.create_node("operator")
publisher = node.create_publisher(Twist, "/cmd_vel", 10)
heard = {"odom": [], "joint_states": [], "imu": [], "diagnostics": []}
kinds = {"odom": Odometry, "joint_states": JointState, "imu": Imu, "diagnostics": DiagnosticArray}
for name, kind in kinds.items():
    note = lambda message, times=heard[name]: times.append((time.monotonic(), message))
    node.create_subscription(kind, "/" + name, note, 10)
command = Twist()
command.linear.x, command.angular.z = 0.2, 0.5
begun = time.monotonic()
while not heard["odom"] and time.monotonic() - begun < waits:
    rclpy.spin_once(node, timeout_sec=0.1)
begun, sent = time.monotonic(), 0
while time.monotonic() - begun < told:
    if time.monotonic() - begun >= sent * 0.05:
        publisher.publish(command)
        sent += 1
    rclpy.spin_once(node, timeout_sec=0.01)
lost = time.monotonic()
while time.monotonic() - lost < listens:
    rclpy.spin_once(node, timeout_sec=0.01)
speeds = [(at - lost, m.twist.twist.linear.x, m.twist.twist.angular.z) for at, m in heard["odom"]]
print(json.dumps({
    "rates": {n: (len(h) - 1) / (h[-1][0] - h[0][0]) if len(h) > 1 else 0.0 for n, h in heard.items()},
    "counts": {n: len(h) for n, h in heard.items()},
    "told": sent,
    "speeds": speeds,
    "joints": list(heard["joint_states"][-1][1].name) if heard["joint_states"] else [],
    "said": [status.message for status in heard["diagnostics"][-1][1].status] if heard["diagnostics"] else [],
}))
"""


@dataclass(frozen=True)
class Arguments:
    """Where ROS is, and how long it takes."""

    ros: Path
    """A Python that has rclpy."""
    robot: str = robots.DEFAULT
    told: float = 6.0
    """How long the robot is told something [s]."""
    listens: float = 4.0
    """How long the node listens after that [s]."""


def main(arguments: Arguments) -> int:
    """Run both and print what each saw as JSON; 0 when all was as it should be."""
    domain = free_domain()
    seconds = arguments.told + arguments.listens + 20.0
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "plain.xml"
        profile.write_text(PROFILE, encoding="utf-8")
        words = ["run", "--robot", arguments.robot, "--course", "velocity", "--steer", f"ros2:{domain}", "--no-video"]
        words += ["--seconds", str(seconds), "--out", str(Path(folder) / "run"), "--json"]
        begin = "import sys; from controller.entry import main; sys.exit(main())"
        run = subprocess.Popen([sys.executable, "-c", begin, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        about = {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
        node = subprocess.run(
            [arguments.ros, "-c", NODE, "60", str(arguments.told), str(arguments.listens)],
            env=os.environ | about | {"FASTDDS_DEFAULT_PROFILES_FILE": str(profile)},
            stdout=subprocess.PIPE,
            timeout=seconds + 90.0,
            check=True,
        )
        summary = json.loads(run.communicate(timeout=seconds + 90.0)[0].splitlines()[-1])
    seen = json.loads(node.stdout.splitlines()[-1])
    rate = summary["ticks"] / summary["seconds"]  # of the ticks that there were: a busy machine leaves some out
    promises = judged(seen, summary, rate)
    told = {"robot": arguments.robot, "ticks_hz": rate, "steering": summary["steering"], "misses": summary["misses"]}
    told |= {"statuses": summary["statuses"], "velocity_error": summary["velocity_error"], "promises": promises}
    seen.pop("speeds")
    sys.stdout.write(json.dumps(told | {"node": seen}, indent=1) + "\n")
    return 0 if all(promises.values()) else 1


def judged(seen: dict[str, Any], summary: dict[str, Any], rate: float) -> dict[str, bool]:
    """Return what was promised, and whether it was so."""
    running = [(speed, turn) for at, speed, turn in seen["speeds"] if -2.0 < at < 0.0]
    after = [(speed, turn) for at, speed, turn in seen["speeds"] if at > 2.0]
    mean = [sum(values) / max(1, len(running)) for values in zip(*running, strict=True)] or [0.0, 0.0]
    return {
        "heard at its rate": all(abs(seen["rates"][topic] / rate - 1.0) < TOLERANCE for topic in TOPICS),
        "ran as told": abs(mean[0] - 0.2) < 0.05 and abs(mean[1] - 0.5) < 0.25,
        "stood when its publisher was lost": bool(after) and all(abs(speed) < 0.05 for speed, _ in after),
        "took every command": summary["steering"].get("commands", 0) >= 0.9 * seen["told"],
    }


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Arguments, description=__doc__)))
