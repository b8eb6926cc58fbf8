"""A robot's file is believed only as a whole: every mistake is one line that names the file and the key."""

from __future__ import annotations

import copy
import functools
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.cli import main
from controller.settings import assets, layers, robot_files, robots, yaml_text
from controller.settings.layers import ConfigError, Layer

Key = str | int

NUMBERS = itertools.count()
"""Of the files that were read: none is read twice."""
GONE = object()
"""In place of a value: the key is taken out."""
TEXTS = {name: assets.robot(name).read_text(encoding="utf-8") for name in robots.names()}
WIRE = {"driver": "unitree_go2", "place": [0, 1], "sign": [1.0, 1.0], "offset": [0.0, 0.0]}


def plain(robot: str) -> Any:
    values: Any = yaml_text.load(TEXTS[robot])
    if "contract" in values["drive"]:
        values["drive"]["contract"] = str(assets.robot(robot).parent / values["drive"]["contract"])
    return values


def changed(values: Any, key: str, value: object) -> Any:
    """Values of a file with another one at `a.b.0.c`."""
    values = copy.deepcopy(values)
    *above, last = (int(part) if part.isdecimal() else part for part in key.split("."))
    part = values
    for step in above:
        part = part[step]
    if value is GONE:
        del part[last]
    else:
        part[last] = value
    return values


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], object]:
    """Reads values as those of a file that nobody read before."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(layers, "_adapter", functools.cache(layers._adapter))

    def layer(path: Path) -> Layer:
        mine = path.parent == Path("/none")
        return Layer(str(path), given["values"], is_file=True) if mine else layers.read_yaml(path)

    monkeypatch.setattr(robot_files, "read_yaml", layer)

    def read(values: Any) -> object:
        given["values"] = values
        return robots.spec(f"/none/{next(NUMBERS)}.yaml")

    return read


BROKEN: list[tuple[str, str, object, str]] = [
    # (robot, key, what it is changed to, what the error begins with after the file)
    ("roach", "name", "", "name: expected"),
    ("roach", "name", "My Robot", "name: expected lower-case letters"),
    ("roach", "name", "../up", "name: expected lower-case letters"),
    ("roach", "name", 7, "name: expected a valid string, got 7"),
    ("roach", "name", GONE, "name: missing"),
    ("roach", "description", "", "description: expected one line"),
    ("roach", "description", "two\nlines", "description: expected one line"),
    ("roach", "motors", [], "anatomy: motors: expected one or more"),
    ("roach", "motors", ["left", "left"], "anatomy: motors: expected one or more different names, got left, left"),
    ("roach", "motors", ["left", "ri ght"], "anatomy: motors: expected names of letters, digits and _, got 'ri ght'"),
    ("roach", "motors", ["left", "right", "tail"], "limits.velocity_low: expected 3 numbers"),
    ("roach", "servo.kind", "speed", "servo.kind: unknown kind 'speed'; expected one of position, torque, velocity"),
    ("roach", "servo", {}, "servo.kind: missing"),
    ("roach", "servo.stand", [0.0, 0.0], "servo.stand: unknown key"),
    ("roach", "control_hz", 0.0, "control_hz: expected a positive number"),
    ("roach", "control_hz", -20.0, "control_hz: expected a positive number"),
    ("roach", "control_hz", 30.0, "servo_hz: expected a multiple of control_hz, 30, got 100"),
    ("roach", "servo_hz", 10.0, "servo_hz: expected a multiple of control_hz"),
    ("roach", "servo_hz", True, "servo_hz: expected a valid number, got True"),
    ("roach", "servo_hz", 1e15, "servo_hz: expected a number in [0, 10000], got 1e+15"),
    ("roach", "course.scale", 0.0, "course: scale: expected a positive number"),
    ("roach", "course.scale", 1e300, "course: scale: expected a number in [0.01, 100], got 1e+300"),
    ("roach", "course.scale", 1e-15, "course: scale: expected a number in [0.01, 100], got 1e-15"),
    ("roach", "course.ahead", 1e300, "course: ahead: expected a number in [0, 100], got 1e+300"),
    ("roach", "course.tick", 101.0, "course: tick: expected a number in [0, 100], got 101"),
    ("roach", "course.ahead", -0.6, "course: ahead: expected a positive number"),
    ("roach", "course.sideways", 1.0, "course.sideways: unknown key; expected one of ahead, behind, scale, tick"),
    ("roach", "channels.0.name", "xx", "channels[0].name: expected one of x, y, .*got 'xx'"),
    ("roach", "channels.12.name", "phase_lefd", "channels[12].name: .*did you mean 'phase_left'"),
    ("roach", "channels.1.name", "x", "channels: expected one or more different names"),
    ("roach", "channels.0.kind", "vector", "channels[0]: expected unit m and kind pose_x"),
    ("roach", "channels.4.kind", "vector", "channels[4]: expected unit rad and kind circular or angle"),
    ("roach", "channels.12.kind", "circular", "channels[12]: expected unit rad and kind angle"),
    ("roach", "channels.0.kind", "place", "channels[0].kind: expected 'pose_x', 'pose_y'"),
    ("roach", "channels.6.unit", "km/h", "channels[6]: expected unit m/s"),
    ("roach", "actions.1.name", "speed_left", "actions: expected one or more different names"),
    ("roach", "actions.0.low", 60.0, "actions[0]: high: expected more than low"),
    ("roach", "actions.0.high", 60.0, "actions[0].high: expected a number in [0, 56.549]"),
    ("roach", "actions.0.rest", -1.0, "actions[0].rest: expected a number in [0, 56.549]"),
    (
        "roach",
        "actions",
        [{"name": "speed", "unit": "rad/s", "low": 1.0, "high": 2.0, "rest": 0.0}],
        "actions: expected 2",
    ),
    (
        "roach",
        "drive.kind",
        "gate",
        "drive.kind: unknown kind 'gate'; expected one of direct, gait, walker; did you mean 'gait'",
    ),
    (
        "roach",
        "drive",
        {"kind": "gait", "pattern": "trot", "mass": 1.0, "longest_step": 0.1},
        "actions: expected those of a gait",
    ),
    (
        "roach",
        "limits.velocity_low",
        [0.0],
        "limits: velocity_high: expected 1 numbers, as many as velocity_low, got 2",
    ),
    ("roach", "limits.velocity_low.0", 1.0, "limits: velocity_low[0]: expected 0, which lets it stand still, or less"),
    ("roach", "limits.velocity_high.1", -1.0, "limits: velocity_high[1]: expected 0"),
    ("roach", "limits.velocity_high.1", 0.0, "limits: velocity_high[1]: expected more than velocity_low"),
    ("roach", "limits.kp", -1.0, "limits: kp: expected zero or a positive number"),
    ("roach", "checks.tild", {"severity": "hard", "limit": 1.0}, "checks.tild: unknown key; .*did you mean 'tilt'"),
    ("roach", "checks.slew", GONE, "checks: slew.limit: expected a number, because it is looked at, got none"),
    ("roach", "checks.slew.limit", 0.0, "checks: slew.limit: expected a positive number"),
    ("roach", "checks.slew.severity", "off", "checks: slew.severity: expected one that is not off"),
    ("roach", "checks.tilt.limit", -1.0, "checks: tilt.limit: expected a positive number"),
    (
        "roach",
        "checks.tilt.severity",
        "loud",
        "checks.tilt.severity: expected 'off', 'warn', 'soft' or 'hard', got 'loud'",
    ),
    ("roach", "checks.joint_position", {"severity": "warn", "limit": 0.1}, "checks.joint_position: expected off"),
    (
        "roach",
        "wire",
        WIRE,
        "checks.bad_packets, frozen, second_writer, overruns, gap: expected a check that is on",
    ),
    ("roach", "feets", ["a"], "feets: unknown key; .*did you mean 'feet'"),
    ("roach", "judged", ["x"], "judged: unknown key"),
    ("go2", "servo.rise_seconds", 0.1, "servo: rise_seconds: expected at least 0.2 s, got 0.1"),
    ("go2", "servo.stand.2", -0.8, "servo.stand[2]: expected a number in [-2.6727, -0.88776], got -0.8"),
    ("go2", "servo.sit.0", 1.04, "servo.sit[0]: expected a number in"),
    ("go2", "servo.stand", [0.0] * 11, "servo.stand: expected 12 numbers, one a motor, got 11"),
    ("go2", "servo.sit", [0.0, 0.8, -1.6] * 4, "servo: sit: expected a pose other than that to stand in"),
    ("go2", "servo.hold.kp.3", -1.0, "servo.hold: kp[3]: expected zero or a positive number"),
    ("go2", "servo.run.kp.3", 101.0, "servo.run.kp: expected at most limits.kp, 100, got 101"),
    ("go2", "servo.run.kd", [2.0] * 13, "servo.run.kd: expected 12 numbers"),
    ("go2", "servo.damping.11", 0.0, "servo: damping[11]: expected a positive number"),
    ("go2", "servo.damping.0", 11.0, "servo.damping: expected at most limits.kd, 10"),
    ("go2", "servo", {"kind": "velocity"}, "servo.kind: expected position, because a gait moves joints"),
    ("go2", "limits.position_high.0", -2.0, "limits: position_high[0]: expected more than position_low, -1.0472"),
    ("go2", "limits.position_low", GONE, "limits: position_high: expected 0 numbers"),
    ("go2", "limits.torque.5", 0.0, "limits: torque[5]: expected a positive number"),
    ("go2", "limits.torque", [1.0], "limits.torque: expected 12 numbers, one a motor, got 1"),
    ("go2", "limits.kd", 0.0, "limits.kd: expected a positive number"),
    ("go2", "wire.place.0", 4, "wire: place: expected every number from 0 up once"),
    ("go2", "wire.place.0", -9, "wire: place: expected every number from 0 up once"),
    ("go2", "wire.place.0", 12, "wire: place: expected every number from 0 up once"),
    ("go2", "wire.place", [*range(12)], "robot go2: expected 'wire.place' to place"),
    ("go2", "wire.sign.4", 0.5, "wire: sign: expected 1 or -1 for each motor"),
    ("go2", "wire.offset", [0.0] * 3, "wire.offset: expected 12 numbers"),
    ("go2", "wire.driver", "unitree_g2", "wire.driver: expected one of unitree_go2, unitree_go2_sport, got"),
    ("go2", "checks.temperature.warn", 90.0, "checks: temperature.warn: expected less than the limit, 80, got 90"),
    ("go2", "checks.charge.warn", 0.1, "checks: charge.warn: expected more than the limit, 0.15, got 0.1"),
    ("go2", "checks.frozen", GONE, "checks.frozen: expected a check that is on, because it has a wire"),
    ("go2", "checks.gap", GONE, "checks.gap: expected a check that is on, because it has a wire"),
    ("go2", "checks.torque.severity", "off", "checks.torque: expected a check that is on"),
    ("go2", "checks.roll.severity", "off", "checks.tilt: expected a check that is on"),
    ("go2", "checks.range.limit", 1.0, "servo.stand[2]: expected a number in"),
    ("go2", "arming.pose.limit", 0.0, "arming: pose.limit: expected a positive number, got 0.0"),
    (
        "go2",
        "arming.gravity.limit",
        GONE,
        "arming: gravity.limit: expected a number, because it is looked at, got none",
    ),
    ("go2", "arming.rest.warn", 0.4, "arming: rest.warn: expected less than the limit, 0.3, got 0.4"),
    ("go2", "arming.poses", {"severity": "warn", "limit": 1.0}, "arming.poses: unknown key; .*did you mean 'pose'"),
    ("go2", "legs.2.thigh", 0.0, "legs[2]: thigh: expected a positive number"),
    ("go2", "legs.0.kind", "pitch", "legs[0].kind: unknown kind 'pitch'; expected one of roll, yaw"),
    ("go2", "legs.0.kind", "yaw", "legs[0]: reach: expected a positive number, got 0.0"),
    ("go2", "legs.1.signs", [1.0, 0.5, 1.0], "legs[1]: signs: expected 1 or -1 for each joint"),
    ("go2", "drive.peg.height", 0.0, "drive.peg: height: expected a positive number"),
    ("go2", "legs.3", GONE, "legs: expected a leg for three of 12 motors each, got 3"),
    ("go2", "foot", GONE, "foot: expected one where there are legs, got none"),
    ("go2", "foot.radius", -0.02, "foot: radius: expected zero or a positive number"),
    ("go2", "feet", ["front_left"], "feet: expected one a leg, 4, got 1"),
    ("go2", "feet.1", "front_left", "feet: expected one or more different names"),
    (
        "go2",
        "drive.pattern",
        "trott",
        "drive: pattern: expected one of trot, walk, crawl, tripod, ripple, wave, got 'trott'; did you mean 'trot'",
    ),
    ("go2", "drive.mass", -15.0, "drive: mass: expected a positive number"),
    ("go2", "actions.8", GONE, "actions: expected those of a gait"),
    ("go2", "actions.5.rest", 0.2, "actions[5].rest: expected a number in [0.25, 0.32]"),
    ("roach", "anatomy.body", "rocha", "anatomy: body: expected one of roach, go2, .*did you mean 'roach'"),
    ("roach", "anatomy.body", "./none.xml", "anatomy: body: /none/none.xml: .*none.xml"),
    ("roach", "anatomy.legs.0", "right_rear", "anatomy: legs: expected different names"),
    ("roach", "anatomy.push", -0.1, "anatomy: push: expected a positive number"),
    ("roach", "anatomy.load.drawn.0", 0.06, "anatomy.load: drawn[0]: expected a number in [0, 0.05]"),
    ("roach", "anatomy.ranges.payload.mass.train.0", [0.006, 0.003], "anatomy.ranges.payload.mass: train"),
    ("roach", "anatomy.ranges.payload.mass.heldout.0", [0.005, 0.007], "anatomy.ranges.payload.mass: "),
    ("roach", "anatomy.ranges.paylod", {}, "anatomy.ranges.paylod: .*did you mean 'payload'"),
    ("roach", "anatomy.ranges.payload", {}, "anatomy.ranges.payload.mass: missing"),
    ("roach", "anatomy.leg_sets.train.0", ["left_mid"], "anatomy: leg_sets.train: .*did you mean 'left_middle'"),
    ("go2", "anatomy.limbs.0", "front_left_calv", "anatomy: limbs: .*did you mean 'front_left_calf'"),
    ("go2", "anatomy.stand", [0.0] * 12, "anatomy.stand: "),
    ("go2", "anatomy", GONE, "anatomy: missing"),
    ("go2", "anatomy.stand", [0.0] * 12, "anatomy.stand: expected none, because servo.stand says it, got one"),
    ("go2", "anatomy.ranges.slop", {}, "anatomy.ranges.slop: expected one of slope, leg_loss"),
    ("go2", "anatomy.ranges.slope", {}, "anatomy.ranges.slope.angle: missing; expected intervals"),
    ("roach", "anatomy.battery", GONE, "anatomy: cranks: expected none without a battery"),
    ("roach", "anatomy.cranks.loop_gain", 0.0, "anatomy.cranks: loop_gain: expected a positive number, got 0.0"),
    ("go2", "anatomy.motors", ["a"], "anatomy.motors: unknown key; expected 'motors' at the top"),
]


@pytest.mark.parametrize(
    "robot, key, value, message", BROKEN, ids=[f"{r}-{k}-{n}" for n, (r, k, *_) in enumerate(BROKEN)]
)
def test_a_broken_file_is_refused_with_the_key(
    read: Callable[[Any], object], robot: str, key: str, value: object, message: str
) -> None:
    pattern = re.sub(r"([][()+])", r"\\\1", message)
    with pytest.raises(ConfigError, match=rf"^/none/\d+\.yaml: {pattern}") as error:
        read(changed(plain(robot), key, value))
    assert "\n" not in str(error.value)


def numbers(part: Any, key: str = "") -> Iterator[str]:
    """The keys of all numbers in a file; of a list of numbers those at its ends, of a list of sections its last one."""
    if isinstance(part, dict):
        for name, inner in part.items():
            yield from numbers(inner, f"{key}.{name}" if key else name)
    elif isinstance(part, list) and part:
        ends = {len(part) - 1} if isinstance(part[0], dict) else {0, len(part) - 1}
        for index in sorted(ends):
            yield from numbers(part[index], f"{key}.{index}")
    elif isinstance(part, int | float) and not isinstance(part, bool):
        yield key


def lists(part: Any, key: str = "") -> Iterator[str]:
    """The keys of all lists of numbers."""
    if isinstance(part, dict):
        for name, inner in part.items():
            yield from lists(inner, f"{key}.{name}" if key else name)
    elif isinstance(part, list):
        if part and all(isinstance(item, int | float) for item in part):
            yield key
        for index, inner in enumerate(part[:1]):
            yield from lists(inner, f"{key}.{index}")


@pytest.mark.parametrize("robot", TEXTS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "1.0", True, None, [1.0], {}], ids=repr)
def test_no_number_can_be_anything_else(read: Callable[[Any], object], robot: str, value: object) -> None:
    """None is allowed where the dataclass says so: a check may have no milder threshold."""
    values = plain(robot)
    for key in numbers(values):
        if value is None and key.endswith(".warn"):
            continue
        with pytest.raises(ConfigError, match=rf"^/none/\d+\.yaml: {re.escape(key.split('.')[0])}"):
            read(changed(values, key, value))


@pytest.mark.parametrize("robot", TEXTS)
@pytest.mark.parametrize(
    "wrong", [lambda items: items[:-1], lambda items: [*items, items[-1]], lambda items: []], ids="<>0"
)
def test_no_list_of_numbers_can_have_another_length(
    read: Callable[[Any], object], robot: str, wrong: Callable[[list[float]], list[float]]
) -> None:
    values = plain(robot)
    for key in lists(values):
        part = values
        for step in key.split("."):
            part = part[int(step) if step.isdecimal() else step]
        with pytest.raises(ConfigError, match=rf"^/none/\d+\.yaml: {re.escape(key.split('.')[0])}"):
            read(changed(values, key, wrong(part)))


@pytest.mark.parametrize("robot", TEXTS)
def test_whatever_is_believed_is_finite_and_of_the_right_sign(read: Callable[[Any], object], robot: str) -> None:
    """Masses, gains, lengths, rates and forces cannot be negative; what may be is listed here."""
    signed = {"actions", "velocity_low", "position_low", "position_high", "stand", "sit", "offset", "sign", "x", "y"}
    signed |= {"steering", "pose", "heel", "heading", "zeros", "back", "train", "heldout"}
    values = plain(robot)
    for key in numbers(values):
        names = [part for part in key.split(".") if not part.isdecimal()]
        if not signed & set(names) and "warn" not in names:
            with pytest.raises(ConfigError):
                read(changed(values, key, -3))


def test_the_command_line_answers_in_one_line_before_anything_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.yaml").write_text(TEXTS["roach"].replace("servo_hz: 100.0", "servo_hz: 90.0"), encoding="utf-8")
    assert main(["run", "--fast", "--robot", "./my.yaml"]) == 2
    expected = f"limber: {tmp_path}/my.yaml: servo_hz: expected a multiple of control_hz, 20, got 90"
    assert capsys.readouterr().err.splitlines() == [expected]
    assert [path.name for path in tmp_path.iterdir()] == ["my.yaml"]


def test_a_spec_in_code_is_checked_as_a_file_is() -> None:
    spec = robots.spec("go2")
    with pytest.raises(ValueError, match="servo_hz: expected a positive number"):
        replace(spec, servo_hz=float("nan"))
    with pytest.raises(ValueError, match="motors"):
        replace(spec, motors=spec.motors[:-1])
