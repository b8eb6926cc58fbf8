"""A run's log for others: one MCAP file with Foxglove's schemas, beside the JSON Lines it is made of.

/tf, /pose           foxglove.FrameTransform, foxglove.PoseInFrame
/joint_states        foxglove.JointStates, where the log holds joints
/scene               foxglove.SceneUpdate: the course, the trail, the plan, the body
/events              foxglove.Log: perturbations, statuses
/tick                JSON: every number of a tick by name, for plots
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from foxglove_schemas_protobuf import (
    FrameTransform_pb2,
    JointStates_pb2,
    LinePrimitive_pb2,
    Log_pb2,
    Pose_pb2,
    PoseInFrame_pb2,
    SceneUpdate_pb2,
)
from mcap.writer import Writer
from mcap_protobuf.schema import build_file_descriptor_set

from controller.settings import robots
from controller.telemetry.run_log import Log, TickRecord
from dynamics.files import whole
from hardware.rotation import of_roll_pitch_yaw
from hardware.spec import RobotSpec

WORLD, BODY = "world", "base_link"
TOPICS: dict[str, Any] = {
    "/tf": FrameTransform_pb2.FrameTransform,
    "/pose": PoseInFrame_pb2.PoseInFrame,
    "/joint_states": JointStates_pb2.JointStates,
    "/scene": SceneUpdate_pb2.SceneUpdate,
    "/events": Log_pb2.Log,
}
_TICK = "/tick"
_NUMBERS = {"type": "object", "title": "tick", "additionalProperties": {"type": ["number", "null"]}}
_PLACE = ("x", "y", "z", "roll", "pitch", "yaw")
_FLOATING = 7
"""Generalised positions of a body that floats, before those of its joints."""
_COLOURS = {
    "course": (0.55, 0.6, 0.65),
    "trail": (0.0, 0.45, 0.7),
    "plan": (0.84, 0.37, 0.0),
    "body": (0.0, 0.62, 0.45),
}
_BOX = (0.1, 0.06, 0.04)
"""What stands for a crawler's body [m]; larger robots scale."""
_EVERY = 5
"""Ticks between two pictures of the trail, which grows."""


def write(log: Log, path: Path) -> dict[str, int]:
    """Write a log as MCAP and return how many messages each topic has; the file appears whole or not at all."""
    spec = robots.spec(log.header.source or log.header.robot)
    with whole(path) as partial, partial.open("wb") as file:
        recorder = _Recorder(Writer(file), log, spec)
        for index, record in enumerate(log.records):
            recorder.add(record, log.records[index - 1] if index else None)
        recorder.finish()
    return recorder.counts


class _Recorder:
    """Turns ticks into messages; stateful in the trail, and in what was written."""

    def __init__(self, writer: Writer, log: Log, spec: RobotSpec) -> None:
        self._writer, self._log, self._spec = writer, log, spec
        self._trail: list[tuple[float, float]] = []
        self.counts = dict.fromkeys((*TOPICS, _TICK), 0)
        header = log.header
        writer.start(profile="", library="limber")
        about = {"robot": header.robot, "course": header.course, "adapter": header.adapter, "mode": header.mode}
        writer.add_metadata("limber", about | {"perturbations": " ".join(header.perturbations)})
        self._channels = {
            topic: writer.register_channel(topic, "protobuf", self._schema(kind)) for topic, kind in TOPICS.items()
        }
        numbers = writer.register_schema("limber.tick", "jsonschema", json.dumps(_NUMBERS).encode())
        self._channels[_TICK] = writer.register_channel(_TICK, "json", numbers)

    def _schema(self, kind: Any) -> int:
        files = build_file_descriptor_set(kind).SerializeToString()
        schema: int = self._writer.register_schema(kind.DESCRIPTOR.full_name, "protobuf", files)
        return schema

    def add(self, record: TickRecord, before: TickRecord | None) -> None:
        """Write the messages of a tick."""
        place = _pose(self._log.header.channels, record)
        self._trail.append((place.position.x, place.position.y))
        self._message("/tf", record, _transform(place, record))
        self._message("/pose", record, _stamped(PoseInFrame_pb2.PoseInFrame(frame_id=WORLD, pose=place), record))
        if joints := joint_states(self._spec, self._log.header.channels, record):
            self._message("/joint_states", record, _stamped(joints, record))
        self._message("/scene", record, self._scene(record))
        for level, text in _happened(record, before):
            self._message("/events", record, _stamped(Log_pb2.Log(level=level, message=text, name="limber"), record))
        data = json.dumps(numbers_of(self._log.header.channels, record)).encode()
        self._write(_TICK, record, data)

    def _scene(self, record: TickRecord) -> Any:
        lines, first = {"plan": record.plan}, len(self._trail) == 1
        if len(self._trail) % _EVERY == 0:
            lines["trail"] = tuple(self._trail)
        if first:
            lines["course"] = self._log.header.path
        update = SceneUpdate_pb2.SceneUpdate()
        for name, points in lines.items():
            if points:
                entity = _stamped(update.entities.add(frame_id=WORLD, id=name), record)
                line = entity.lines.add(type=LinePrimitive_pb2.LinePrimitive.LINE_STRIP, thickness=3.0)
                line.scale_invariant = True
                line.pose.orientation.w = 1.0
                _coloured(line.color, name)
                for x, y in points:
                    line.points.add(x=x, y=y, z=0.0)
        if first:
            body = _stamped(update.entities.add(frame_id=BODY, id="body", frame_locked=True), record)
            cube = body.cubes.add()
            cube.pose.orientation.w = 1.0
            cube.size.x, cube.size.y, cube.size.z = (self._spec.course.scale * side for side in _BOX)
            _coloured(cube.color, "body")
        return update

    def _message(self, topic: str, record: TickRecord, message: Any) -> None:
        self._write(topic, record, message.SerializeToString())

    def _write(self, topic: str, record: TickRecord, data: bytes) -> None:
        stamp = _nanoseconds(record)
        self._writer.add_message(self._channels[topic], log_time=stamp, publish_time=stamp, data=data)
        self.counts[topic] += 1

    def finish(self) -> None:
        """Write what stands at the end of a file."""
        self._writer.finish()  # type: ignore[no-untyped-call]


def joint_states(spec: RobotSpec, channels: Sequence[str], record: TickRecord) -> Any:
    """Return the joints of a tick: from the state vector, else the simulation; None where neither holds them."""
    state = dict(zip(channels, record.state, strict=True))
    message = JointStates_pb2.JointStates()
    if all(f"phase_{motor}" in state for motor in spec.motors):
        for motor in spec.motors:
            message.joints.add(name=motor, position=state[f"phase_{motor}"], velocity=state[f"speed_{motor}"])
    elif record.qpos is not None and len(record.qpos) == _FLOATING + len(spec.motors):
        for motor, angle in zip(spec.motors, record.qpos[_FLOATING:], strict=True):
            message.joints.add(name=motor, position=angle)
    return message if message.joints else None


def numbers_of(channels: Sequence[str], record: TickRecord) -> dict[str, float | None]:
    """Return every number of a tick by name; null for what is not known."""
    values: dict[str, object] = {name: getattr(record, name) for name in _scalars()}
    values |= {f"state.{name}": value for name, value in zip(channels, record.state, strict=True)}
    values |= {f"action.{index}": value for index, value in enumerate(record.action)}
    values |= {f"applied.{index}": value for index, value in enumerate(record.applied or ())}
    for name, velocity in (("wanted", record.wanted), ("command", record.command)):
        values |= {} if velocity is None else {f"{name}.{axis}": part for axis, part in velocity._asdict().items()}
    values |= {f"belief.{name}": value for name, value in record.belief.items()}
    return {name: _finite(value) for name, value in values.items()}


def _scalars() -> Iterable[str]:
    return (
        *("progress", "distance", "heading_error", "speed", "cost", "error_prior", "error_adapted"),
        *("tick_ms", "adapt_ms", "plan_ms", "search_size", "rejected", "missed"),
    )


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _happened(record: TickRecord, before: TickRecord | None) -> Sequence[tuple[Any, str]]:
    """Return what is new at a tick, with how grave it is."""
    was = set() if before is None else set(before.perturbations)
    found = [(Log_pb2.Log.WARNING, f"begins: {text}") for text in record.perturbations if text not in was]
    found += [(Log_pb2.Log.INFO, f"ends: {text}") for text in sorted(was.difference(record.perturbations))]
    if before is None or record.status != before.status:
        found.append((Log_pb2.Log.INFO, f"planner: {record.status}"))
    return found


def _pose(channels: Sequence[str], record: TickRecord) -> Any:
    state = dict(zip(channels, record.state, strict=True))
    known = {name: _finite(state.get(name)) or 0.0 for name in _PLACE}
    pose = Pose_pb2.Pose()
    pose.position.x, pose.position.y, pose.position.z = known["x"], known["y"], known["z"]
    w, x, y, z = of_roll_pitch_yaw(known["roll"], known["pitch"], known["yaw"]).tolist()
    pose.orientation.w, pose.orientation.x, pose.orientation.y, pose.orientation.z = w, x, y, z
    return pose


def _transform(place: Any, record: TickRecord) -> Any:
    message = FrameTransform_pb2.FrameTransform(parent_frame_id=WORLD, child_frame_id=BODY, rotation=place.orientation)
    position = place.position
    message.translation.x, message.translation.y, message.translation.z = position.x, position.y, position.z
    return _stamped(message, record)


def _stamped(message: Any, record: TickRecord) -> Any:
    message.timestamp.FromNanoseconds(_nanoseconds(record))
    return message


def _nanoseconds(record: TickRecord) -> int:
    return max(0, round(1e9 * record.time))


def _coloured(colour: Any, name: str) -> None:
    colour.r, colour.g, colour.b = _COLOURS[name]
    colour.a = 1.0
