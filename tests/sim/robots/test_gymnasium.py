"""The literature's bodies move to the last bit like those of gymnasium, whose files they are."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from controller.settings.robots import simulated, spec
from sim.bodies.base import Setpoints
from sim.bodies.factory import simulate
from sim.perturbations import PerturbationError, parse
from sim.robots.mjcf import located
from sim.terrain import TERRAINS

BODIES = {
    "half-cheetah": ("HalfCheetah-v5", 5),
    "ant": ("Ant-v5", 5),
    "hopper": ("Hopper-v5", 4),
    "walker2d": ("Walker2d-v5", 4),
}
"""Names of gymnasium's, and steps of the physics in one of theirs."""


@pytest.mark.parametrize("robot", BODIES)
def test_the_same_torques_give_the_same_states_as_in_gymnasium(robot: str) -> None:
    gymnasium = pytest.importorskip("gymnasium")
    (name, steps), facts = BODIES[robot], spec(robot)
    environment = gymnasium.make(name).unwrapped
    environment.reset(seed=1)
    ours, theirs = simulate(facts.anatomy, TERRAINS["flat"]), environment.data
    ours.data.qpos[:], ours.data.qvel[:] = theirs.qpos, theirs.qvel
    ours.data.qacc_warmstart[:] = theirs.qacc_warmstart
    mujoco.mj_forward(ours.model, ours.data)
    rng, most, none = np.random.default_rng(2), np.array(facts.limits.torque), np.zeros(len(facts.motors))
    for _ in range(100):
        share = rng.uniform(-1.0, 1.0, len(facts.motors))
        environment.step(share)
        ours.command(Setpoints(none, none, most * share, none, none))
        ours.step(steps)
        assert np.array_equal(ours.data.qpos, theirs.qpos)
        assert np.array_equal(ours.data.qvel, theirs.qvel)
    assert ours.timestep() * steps == environment.dt
    assert 1.0 / facts.control_hz == pytest.approx(environment.dt)
    assert abs(theirs.qpos[0]) > 0.05


def test_a_body_in_a_package_that_is_not_installed_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ValueError, match="body: expected the Python package gymnasium to be installed, got none"):
        simulated("ant")
    with pytest.raises(ValueError, match="pip install nowhere"):
        located("package:nowhere/at/all.xml")


def test_it_stays_on_the_ground_of_its_file() -> None:
    for text in ("friction:mu=0.3", "terrain:kind=turf"):
        with pytest.raises(PerturbationError, match="none on robot ant, which keeps the ground of its file"):
            parse(text).check(spec("ant").anatomy)
    pytest.importorskip("gymnasium")
    with pytest.raises(ValueError, match="terrain: expected flat"):
        simulate(spec("ant").anatomy, TERRAINS["turf"])


def test_a_crippled_leg_of_the_ant_is_half_as_large_and_limp() -> None:
    pytest.importorskip("gymnasium")
    anatomy = spec("ant").anatomy
    ant = simulate(anatomy, TERRAINS["flat"], [parse("crippled_leg:leg=back_right@0.5")])
    none, model = np.zeros(8), ant.model
    length = model.geom("fourth_ankle_geom").size[1]
    ant.command(Setpoints(none, none, none + 100.0, none, none))
    ant.step(60)
    assert model.geom("fourth_ankle_geom").size[1] == 0.5 * length
    idle = [motor for motor, torque in zip(anatomy.motors, ant.reading().motor_torque, strict=True) if torque == 0.0]
    assert idle == ["hip_4", "ankle_4"]
    ant.step(300)
    assert min(ant.data.geom_xpos[1:, 2]) > 0.0  # and it still meets the ground
