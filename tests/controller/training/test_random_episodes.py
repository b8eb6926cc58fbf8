from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from controller.settings.robots import spec
from controller.training import random_episodes
from controller.training.random_episodes import CollectSettings, excitation, gather
from dynamics.training.dataset import Episodes
from sim.perturbations import channels, parse
from tests.hardware.six_legs import ROACH
from tests.sim.anatomies import ANATOMIES

CONDITION_CHANNELS = channels(ANATOMIES["roach"])

TILT = [index for index, channel in enumerate(ROACH.channels) if channel.name in ("roll", "pitch")]
SMALL = CollectSettings(episodes=8, heldout_episodes=7, seconds=1.0, onset_share=1.0)


def test_data_are_the_same_bits_whatever_the_number_of_processes() -> None:
    one, two = (
        gather(ROACH, CollectSettings(**(vars(SMALL) | {"workers": workers})), 20.0, 5, "train") for workers in (1, 2)
    )
    np.testing.assert_array_equal(one.states, two.states)
    np.testing.assert_array_equal(one.actions, two.actions)
    np.testing.assert_array_equal(one.conditions, two.conditions)
    assert one.families.tolist() == two.families.tolist()
    assert one.states.shape == (8, 21, len(ROACH.channels))
    assert one.conditions.shape == (8, 20, len(CONDITION_CHANNELS))
    assert np.isfinite(one.states).all()


def test_the_condition_is_told_step_by_step() -> None:
    data = gather(ROACH, SMALL, 20.0, 5, "train")
    leg_loss = data.conditions[data.families == "leg_loss"][0]
    present = leg_loss[:, [name.startswith("present") for name in CONDITION_CHANNELS]]
    assert present[0].all()
    assert not present[-1].all()


def test_a_fall_may_be_kept_and_the_robot_then_lies_where_it_fell(monkeypatch: pytest.MonkeyPatch) -> None:
    actions = excitation(ROACH, 20, np.random.default_rng(0))
    payload = (parse("payload:mass=0.01,y=0.02"),)

    def drive(*, falls: bool) -> Episodes | None:
        return random_episodes._drive(ROACH, payload, actions, 20.0, np.random.default_rng(1), "payload", falls=falls)

    upright = drive(falls=False)
    assert upright is not None
    tilt = np.abs(upright.states[0, :, TILT]).max(axis=0)
    limit = float(np.sort(tilt)[12])  # as if the robot fell about here
    monkeypatch.setattr(random_episodes, "_FALL", limit)
    assert drive(falls=False) is None
    kept = drive(falls=True)
    assert kept is not None
    when = int((tilt > limit).argmax())
    np.testing.assert_array_equal(kept.states[0, : when + 1], upright.states[0, : when + 1])
    assert (kept.states[0, when:] == kept.states[0, when]).all()
    assert kept.states.shape == upright.states.shape
    assert kept.conditions.shape == upright.conditions.shape


def test_held_out_episodes_are_perturbed_from_the_start_and_other_ones() -> None:
    data = gather(ROACH, SMALL, 20.0, 5, "heldout")
    assert len(data) == 7
    assert (data.conditions[:, 0] == data.conditions[:, -1]).all()


def test_excitation_stays_in_bounds_and_visits_the_range() -> None:
    rng = np.random.default_rng(0)
    actions = np.concatenate([excitation(ROACH, 160, rng) for _ in range(40)])
    low, high = ROACH.actions[0].low, ROACH.actions[0].high
    assert actions.min() >= low
    assert actions.max() <= high
    cells = np.histogram2d(actions[:, 0], actions[:, 1], bins=6, range=[[low, high]] * 2)[0]
    assert (cells > 0).all()


@pytest.mark.parametrize("name", ["episodes", "heldout_episodes", "workers", "seconds"])
def test_settings_out_of_range_name_the_field(name: str) -> None:
    none: dict[str, Any] = {name: 0}
    with pytest.raises(ValueError, match=f"{name}: expected"):
        CollectSettings(**none)


def test_a_walking_robot_is_collected_through_its_gait() -> None:
    go2 = spec("go2")
    settings = CollectSettings(episodes=2, heldout_episodes=2, seconds=0.4, noise=0.08, alike=0.0, workers=1)
    data = gather(go2, settings, 25.0, 0, "train")
    assert data.states.shape == (2, 11, len(go2.channels))
    assert data.actions.shape == (2, 10, len(go2.actions))
    assert data.families.tolist() == ["none", "leg_loss"]
    assert data.conditions.shape[-1] == len(channels(ANATOMIES["go2"]))
    phase = data.states[..., [channel.name for channel in go2.channels].index("gait_phase")]
    turned = (np.diff(phase, axis=1) + 2.0 * np.pi) % (2.0 * np.pi)
    frequency = data.actions[..., [action.name for action in go2.actions].index("frequency")]
    np.testing.assert_allclose(turned[:, 1:], 2.0 * np.pi * 0.04 * frequency[:, 1:], rtol=0.06)
