"""What every perturbation keeps: it bites, it changes only what it names, and its end undoes it exactly."""

from __future__ import annotations

from dataclasses import fields

import mujoco
import numpy as np
import pytest

from sim.bodies.crawler import CrawlerPhysics
from sim.bodies.sensors import Reading
from sim.perturbations import PERTURBATIONS, Condition, compose, parse
from sim.robots.roach import TIMESTEP
from sim.terrain import FloatArray
from tests.sim.perturbed import CASES, ON_JOINTS, Case
from tests.sim.walking import physics, walk

ONSET, END = 1.0, 2.0


def measured(text: str) -> tuple[Reading, Reading]:
    """Return the intact and the perturbed reading of one true state, with the same noise."""
    walker = physics()
    walk(walker, 0.2)
    true, condition = walker.reading(), compose(Condition(), (parse(text),))
    intact, perturbed = (walker.sensors.measure(true, c, np.random.default_rng(0)) for c in (Condition(), condition))
    return intact, perturbed


each_case = pytest.mark.parametrize("case", CASES, ids=[case.text.partition(":")[0] for case in CASES])


def timed(case: Case) -> CrawlerPhysics:
    return physics((parse(f"{case.text}@{ONSET}-{END}"),))


def same_layout(case: Case) -> CrawlerPhysics:
    """Return a crawler that is never perturbed while it walks, with the model layout of the perturbed one."""
    return physics((parse(f"{case.text}@1000"),))


def snapshot(model: mujoco.MjModel) -> dict[str, FloatArray]:
    """Return every number of a model by field name."""
    values = {}
    for prefix, owner in (("", model), ("opt.", model.opt), ("stat.", model.stat)):
        for name in dir(owner):
            value = None if name.startswith("_") else getattr(owner, name)
            if isinstance(value, np.ndarray | int | float):
                values[prefix + name] = np.array(value, dtype=np.float64)
    return values


def differing(before: dict[str, FloatArray], after: dict[str, FloatArray]) -> set[str]:
    return {name for name in before if not np.array_equal(before[name], after[name], equal_nan=True)}


def test_every_perturbation_has_a_case() -> None:
    assert sorted(type(parse(case.text)).name for case in CASES) == sorted(set(PERTURBATIONS) - ON_JOINTS)


@each_case
def test_it_leaves_the_motion_alone_until_it_begins(case: Case) -> None:
    intact, perturbed = walk(same_layout(case), ONSET), walk(timed(case), ONSET)
    assert np.array_equal(intact.position, perturbed.position)
    assert np.array_equal(intact.speed, perturbed.speed)


@each_case
def test_it_bites(case: Case) -> None:
    intact, perturbed = walk(same_layout(case), END), walk(timed(case), END)
    assert case.bites(intact.since(ONSET + 0.05), perturbed.since(ONSET + 0.05))


@each_case
def test_it_changes_only_what_it_names(case: Case) -> None:
    walker = timed(case)
    walk(walker, ONSET - 0.02)
    condition, model = walker.condition, snapshot(walker.model)
    model.pop("actuator_forcerange")  # follows the battery
    walker.step(30)
    changed = {f.name for f in fields(Condition) if getattr(condition, f.name) != getattr(walker.condition, f.name)}
    assert changed == case.condition
    assert differing(model, snapshot(walker.model)) <= case.model


@each_case
def test_its_end_undoes_it_exactly(case: Case) -> None:
    perturbed, intact = timed(case), same_layout(case)
    before = snapshot(perturbed.model)
    walk(perturbed, END + 2 * TIMESTEP)
    walk(intact, END + 2 * TIMESTEP)
    before.pop("actuator_forcerange")
    assert perturbed.condition == intact.condition
    assert not differing(before, snapshot(perturbed.model))
    state = np.empty(mujoco.mj_stateSize(perturbed.model, mujoco.mjtState.mjSTATE_INTEGRATION))
    mujoco.mj_getState(perturbed.model, perturbed.data, state, mujoco.mjtState.mjSTATE_INTEGRATION)
    mujoco.mj_setState(intact.model, intact.data, state, mujoco.mjtState.mjSTATE_INTEGRATION)
    intact.battery = perturbed.battery
    intact.model.actuator_forcerange[:] = perturbed.model.actuator_forcerange
    mujoco.mj_forward(intact.model, intact.data)
    mujoco.mj_forward(perturbed.model, perturbed.data)
    assert np.array_equal(walk(intact, 0.5).position, walk(perturbed, 0.5).position)


def test_delay_makes_the_motors_answer_later() -> None:
    prompt, late = physics(), physics((parse("delay:ms=60"),))
    first = [int(np.argmax(walk(walker, 0.3).speed[:, 0] > 10.0)) for walker in (prompt, late)]
    assert first[1] - first[0] == 3  # 60 ms in steps of 20 ms


def test_noise_scales_every_reading_error() -> None:
    walker = physics()
    walk(walker, 0.2)
    true = walker.reading()
    quiet, base, loud = (
        walker.sensors.measure(true, compose(Condition(), (parse(f"noise:scale={scale}"),)), np.random.default_rng(0))
        for scale in (0, 1, 3)
    )
    assert np.array_equal(quiet.position, true.position)
    assert np.allclose(quiet.quaternion, true.quaternion)
    assert np.allclose(loud.gyro - true.gyro, 3.0 * (base.gyro - true.gyro))


def test_pose_bias_turns_and_shifts_the_measured_pose_only() -> None:
    intact, biased = measured("pose_bias:heading_deg=8,x=0.02")
    assert np.linalg.norm(biased.position - intact.position) == pytest.approx(0.02, abs=1e-6)
    turn = 2.0 * np.arccos(min(1.0, abs(float(intact.quaternion @ biased.quaternion))))
    assert turn == pytest.approx(np.radians(8.0), abs=0.01)
    for name in ("velocity", "gyro", "motor_position", "motor_velocity", "back_emf", "battery"):
        assert np.array_equal(getattr(intact, name), getattr(biased, name))
