from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from controller.cli import main
from controller.settings import robots
from controller.telemetry.run_log import Log, RunLog
from hardware.steering import Velocity
from tests.controller.logs import make_log

pytest.importorskip("mcap_protobuf", reason="the extra export is not installed")
pytest.importorskip("foxglove_schemas_protobuf", reason="the extra export is not installed")

from mcap.reader import make_reader
from mcap_protobuf.decoder import DecoderFactory

from controller.runs.foxglove import TOPICS, numbers_of, write


@pytest.fixture
def log() -> Log:
    made = make_log()
    planned = [replace(r, plan=((0.1, 0.2), (0.3, 0.4)), wanted=Velocity(0.2, 0.0, 1.0)) for r in made.records]
    return Log(made.header, tuple(planned))


def test_the_official_reader_finds_every_tick_in_foxgloves_schemas(log: Log, tmp_path: Path) -> None:
    counts = write(log, tmp_path / "run.mcap")
    with (tmp_path / "run.mcap").open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        assert reader.get_summary() is not None
        messages = list(reader.iter_decoded_messages([*TOPICS]))
        seen = [(schema.name if schema else "", channel.topic, decoded) for schema, channel, _, decoded in messages]
        plain = [json.loads(message.data) for _, _, message in reader.iter_messages(["/tick"])]
    assert {topic: kind.DESCRIPTOR.full_name for topic, kind in TOPICS.items()}.items() >= {
        (topic, name) for name, topic, _ in seen
    }
    found = {topic: [decoded for _, other, decoded in seen if other == topic] for topic in TOPICS}
    assert {topic: len(messages) for topic, messages in found.items()} | {"/tick": len(plain)} == counts
    assert len(found["/pose"]) == len(found["/tf"]) == len(plain) == len(log.records)
    x, y, yaw = (log.channel(name) for name in ("x", "y", "yaw"))
    for index in (0, len(x) - 1):
        pose = found["/pose"][index].pose
        assert (pose.position.x, pose.position.y) == pytest.approx((x[index], y[index]))
        turned = 2 * math.atan2(pose.orientation.z, pose.orientation.w)
        assert math.remainder(turned - yaw[index], math.tau) == pytest.approx(0.0, abs=0.2)
        assert found["/tf"][index].parent_frame_id == "world"
        assert plain[index]["state.x"] == pytest.approx(x[index])
        assert plain[index]["wanted.turn"] == 1.0
    first = {entity.id: entity for entity in found["/scene"][0].entities}
    assert set(first) == {"plan", "course", "body"}
    assert [(point.x, point.y) for point in first["plan"].lines[0].points] == [(0.1, 0.2), (0.3, 0.4)]
    assert [(p.x, p.y) for p in first["course"].lines[0].points] == list(log.header.path)
    said = [event.message for event in found["/events"]]
    assert "begins: leg_loss:leg=left_middle@2" in said


def test_joints_of_a_real_robot_are_found_by_name(tmp_path: Path) -> None:
    made, spec = make_log(), robots.spec("go2")
    angles = tuple(0.1 * index for index in range(len(spec.motors)))
    deployed = replace(made.header, robot="go2", terrain="lo, domain 1", perturbations=())
    pose = (0.0, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0)
    records = tuple(replace(record, qpos=(*pose, *angles), perturbations=()) for record in made.records)
    write(Log(deployed, records), tmp_path / "run.mcap")
    with (tmp_path / "run.mcap").open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        found = [decoded for _, _, _, decoded in reader.iter_decoded_messages(["/joint_states"])]
    assert len(found) == len(records)
    assert {joint.name: joint.position for joint in found[-1].joints} == pytest.approx(
        dict(zip(spec.motors, angles, strict=True))
    )


def test_what_is_not_finite_is_null(log: Log) -> None:
    record = replace(log.records[0], distance=math.nan, error_prior=None)
    numbers = numbers_of(log.header.channels, record)
    assert numbers["distance"] is None
    assert numbers["error_prior"] is None
    json.dumps(numbers, allow_nan=False)


def test_the_command_writes_beside_the_log(log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with RunLog(tmp_path / "log.jsonl", log.header) as file:
        for record in log.records:
            file.write(record)
    assert main(["export", str(tmp_path), "--mcap", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["file"] == str(tmp_path / "log.mcap")
    assert answer["messages"]["/tick"] == len(log.records)


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["gone", "--mcap"], "export: RUN: expected the folder of a run, or its log, got gone"),
        (["."], "export: expected a format, --mcap, got none"),
        (["broken.jsonl", "--mcap"], "broken.jsonl:1"),
    ],
)
def test_what_cannot_be_exported_is_said(
    arguments: list[str],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.jsonl").write_text("{}\n")
    assert main(["export", *arguments]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
