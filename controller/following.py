"""Feedback between plans: what goes along with a schedule so that the servo follows a plan's gains, and what to expect.

The actions under way were decided by the plan before, so they follow its gains. The first of them is corrected at this
very tick, by the state that the controller sees too: it plans from what that leads to.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from controller.tick import Actions
from dynamics.transitions import FloatArray
from hardware.feedback import Feedback, corrected, deviation
from hardware.schedule import ActionSchedule
from planners.plan import Plan

FOLLOWED = 2
"""Knots of a plan that are followed: the one that is played until the next plan comes, and one more if it is late."""


def expected(
    under_way: FloatArray,
    schedule: ActionSchedule | None,
    now: float,
    state: FloatArray,
    turning: NDArray[np.intp],
    actions: Actions,
) -> FloatArray:
    """Return what becomes of the actions under way (D, A) of a schedule when the servo sees a state (S,) now [s].

    `turning` are the channels of the state in which full turns mean nothing.
    """
    guide = None if schedule is None or not len(under_way) else schedule.guide(now)
    if guide is None:
        return under_way
    off = deviation(state, guide.predicted, turning)
    first = corrected(under_way[0], guide.gain, off, actions.low, actions.high)
    return np.concatenate([first[None], under_way[1:]])


def feedback(before: ActionSchedule | None, start: float, delay: int, plan: Plan, share: float) -> Feedback | None:
    """Return what the actions under way and the first ones of a new plan follow, None where that is not known.

    Args:
        before: the schedule that the actions under way are part of.
        start: of the new schedule [s].
        delay: number of actions under way D, behind which the plan plays.
        plan: the new one.
        share: of its gains.
    """
    parts = [] if before is None or before.feedback is None else [_under_way(before, before.feedback, start, delay)]
    if plan.gains is not None:
        gains = share * plan.gains[:FOLLOWED]
        count = len(gains)
        parts.append(Feedback(np.stack([plan.states[:count], plan.states[1 : count + 1]], axis=1), gains, first=delay))
    parts = [part for part in parts if len(part.gains)]
    if not parts:
        return None
    states, gains = (np.concatenate([getattr(part, name) for part in parts]) for name in ("states", "gains"))
    return Feedback(states, gains, parts[0].first)


def _under_way(before: ActionSchedule, old: Feedback, start: float, delay: int) -> Feedback:
    """Return what is left to follow of a schedule while the actions under way last; nothing if it ends before them."""
    begin = round((start - before.start) / before.step) - old.first
    end = begin + delay
    kept = slice(max(0, begin), max(0, end if end <= len(old.gains) else 0))
    return Feedback(old.states[kept], old.gains[kept], first=max(0, -begin))
