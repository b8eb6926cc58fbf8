from __future__ import annotations

import numpy as np

from controller.loop.steered import SteeredPlanning
from controller.steering.helm import Helm
from controller.steering.script import Script
from controller.steering.source import Command
from controller.tick import Observation
from hardware.steering import STILL, Velocity
from tests.controller.loops import Counter
from tests.controller.steering.test_helm import LIMITS

AHEAD = Velocity(0.2, 0.0, 0.0)


def seen(time: float) -> Observation:
    return Observation(time, np.zeros(1), None)


def test_a_controller_is_told_before_each_tick_and_time_begins_at_the_first() -> None:
    inner = Counter()
    steered = SteeredPlanning(inner, Helm(Script((Command(0.1, AHEAD),)), LIMITS))
    for time in (70.0, 70.05, 70.1):
        steered.tick(seen(time))
    steered.rehearse(seen(70.1))
    assert [each.wanted for each in inner.seen] == [STILL, STILL, AHEAD]
    assert inner.rehearsals == 1
    steered.reset()
    steered.tick(seen(90.0))
    assert [each.wanted for each in inner.seen] == [STILL]
