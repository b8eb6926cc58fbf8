"""What legs are called: by where their feet stand around the trunk."""

from __future__ import annotations

import numpy as np

from sim.terrain import FloatArray

_ENDS = {2: ("front", "rear"), 3: ("front", "middle", "rear")}
_MIDDLE = 0.1
"""A foot so near to the middle plane, as a share of the widest stance, is on no side."""


def leg_names(tips: FloatArray) -> list[tuple[str, tuple[int, int]]]:
    """Return the name of each leg and its place in the order of legs, given its foot (n, 3) [m], x forward, y left.

    Four legs are front_left and so on, in that order; six left_front, left_middle and so on; others are numbered from
    front to rear, those of the left side first.
    """
    wide = float(np.abs(tips[:, 1]).max())
    sides = [0 if abs(y) <= _MIDDLE * wide else 1 if y > 0.0 else 2 for y in tips[:, 1]]
    rows = {
        side: sorted((at for at, own in enumerate(sides) if own == side), key=lambda at: -tips[at, 0])
        for side in (0, 1, 2)
    }
    names: dict[int, tuple[str, tuple[int, int]]] = {}
    for side, row in rows.items():
        for rank, at in enumerate(row):
            names[at] = _name(side, rank, rows, len(tips)), (rank, side) if len(tips) == 4 else (side, rank)
    return [names[at] for at in range(len(tips))]


def _name(side: int, rank: int, rows: dict[int, list[int]], count: int) -> str:
    row, alone = rows[side], count == len(rows[side])
    where = _ENDS.get(len(row), tuple(str(number + 1) for number in range(len(row))))[rank]
    if side == 0:
        single = "leg" if alone else "centre"
        return single if len(row) == 1 else where if alone and len(row) in _ENDS else f"{single}_{where}"
    hand = ("left", "right")[side - 1]
    if len(row) == 1:
        return hand
    return f"{where}_{hand}" if count == 4 and len(row) in _ENDS else f"{hand}_{where}"
