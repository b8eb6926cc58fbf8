"""The robot's sport service: calls that a fast loop can make, because it never waits for their answers.

Numbers and parameters of the calls as in unitree_sdk2_python (go2/sport, BSD-3). An answer that is missing, late, or an
error stays a failure until a later call is answered well.
"""

from __future__ import annotations

import enum
import json

from hardware.clock import Clock
from hardware.robot import FloatArray
from hardware.unitree.bus import Bus
from hardware.unitree.motion_switcher import CHECK_MODE, SERVICE, SPORT, NotReleased, running
from hardware.unitree.rpc import OK, Client


class Call(enum.Enum):
    """What its own controller is asked for."""

    DAMP = 1001
    BALANCE_STAND = 1002
    STOP_MOVE = 1003
    STAND_UP = 1004
    STAND_DOWN = 1005
    RECOVERY_STAND = 1006
    MOVE = 1008


_PATIENCE = 1.0
"""Longest time for an answer [s]."""
_SLOW = {Call.STAND_UP: 5.0, Call.STAND_DOWN: 5.0, Call.RECOVERY_STAND: 5.0}
"""The same of calls that may be answered only when the robot is there [s]."""
_EVERY = 1.0
"""Time between two looks at which controller runs [s]."""
CODES = {
    3102: "not sent",
    3104: "over time",
    3203: "no such call",
    3204: "bad parameter",
    3205: "somebody else has the lease",
    4101: "bad path",
    4201: "the service is over time",
    4202: "the service is not ready",
}
"""Errors in the maker's numbers, in words."""


class SportService:
    """Client; `look` takes what was answered and has to be called again and again.

    Attributes:
        failure: what is wrong with the service, "" where nothing is.
        sent: the newest request as it was on the wire.
    """

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._sport, self._switcher, self._clock = Client(bus, SPORT, clock), Client(bus, SERVICE, clock), clock
        self.sent = b""
        self.expect("")

    def expect(self, mode: str) -> None:
        """Begin anew: nothing was asked, and a controller of that name is to run on; none is looked after for ""."""
        self._mode, self.failure = mode, ""
        self._asked: tuple[int, Call, float] | None = None
        self._checked: tuple[int, float] | None = None
        self._next = self._clock.now()

    @property
    def answered(self) -> bool:
        """Whether no call waits for its answer."""
        return self._asked is None

    def ask(self, call: Call) -> None:
        """Make a call without a parameter; the one before it is not waited for any more. Raises BusError."""
        now = self._clock.now()
        self._asked = self._sport.post(call.value, "{}"), call, now + _SLOW.get(call, _PATIENCE)
        self.sent = self._sport.posted

    def move(self, velocity: FloatArray) -> None:
        """Ask for a velocity: forward, to the left [m/s], turn [rad/s] (3,); nobody answers that. Raises BusError."""
        told = dict(zip("xyz", (round(part, 4) for part in velocity.tolist()), strict=True))
        self._sport.post(Call.MOVE.value, json.dumps(told), silent=True)
        self.sent = self._sport.posted

    def look(self) -> None:
        """Take answers, and ask from time to time which controller runs. Raises BusError."""
        now = self._clock.now()
        for reply in self._sport.replies():
            if self._asked is not None and reply.identity == self._asked[0]:
                why = CODES.get(reply.code, "an error that is not known")
                refused = f"{_named(self._asked[1])} was refused with code {reply.code} ({why})"
                self.failure, self._asked = "" if reply.code == OK else refused, None
        if self._asked is not None and now > self._asked[2]:
            self.failure, self._asked = f"{_named(self._asked[1])} was not answered", None
        if self._mode:
            self._look_after(now)

    def _look_after(self, now: float) -> None:
        """Notice when another controller runs, or none, or nobody says so any more."""
        for reply in self._switcher.replies():
            if self._checked is not None and reply.identity == self._checked[0]:
                self._checked = None
                try:
                    mode = running(reply.data)
                except NotReleased as error:
                    self.failure = str(error)
                    continue
                if mode != self._mode:
                    self.failure = f"its controller {self._mode!r} no longer runs, {mode or 'none'!r} does"
        if self._checked is not None and now > self._checked[1]:
            self.failure, self._checked = "its motion switcher was asked which controller runs and did not answer", None
        if self._checked is None and now >= self._next:
            self._checked, self._next = (self._switcher.post(CHECK_MODE, "{}"), now + _PATIENCE), now + _EVERY


def _named(call: Call) -> str:
    return f"sport service: {call.name.title().replace('_', '')}"
