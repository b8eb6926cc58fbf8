"""The robot's own controllers: how they are made to let go of the motors, and how one is started that walks.

While one of them ("normal", "mcf", ...) runs, it commands the motors as well, and two commanders shake a robot apart.
Released is only what says so: an answer that is missing, late or unreadable counts as not released. Calls as in
unitree_sdk2_python (comm/motion_switcher, go2/sport).
"""

from __future__ import annotations

import contextlib
import json

from hardware.clock import Clock
from hardware.robot import RobotFault
from hardware.unitree.bus import Bus
from hardware.unitree.rpc import OK, CallFailed, Client

SERVICE, CHECK_MODE, SELECT_MODE, RELEASE_MODE = "motion_switcher", 1001, 1002, 1003
SPORT, STAND_DOWN = "sport", 1005
WALKS = ("normal", "mcf")
"""Those with a sport service, older firmware first."""
_ATTEMPTS = 5
_SETTLE = 1.0
"""Time that the robot gets to lie down, and to leave a mode, before it is asked again [s]."""


class NotReleased(RobotFault):
    """It is not proven that the robot's own controller has let go."""


class MotionSwitcher:
    """Client of the service that starts and stops the robot's own controllers."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._switcher, self._sport = Client(bus, SERVICE, clock), Client(bus, SPORT, clock)
        self._clock = clock

    def mode(self) -> str:
        """Return the name of the controller that runs, "" when none does.

        Raises:
            NotReleased: there is no answer that says so clearly.
        """
        return running(self._ask(self._switcher, CHECK_MODE))

    def release(self) -> None:
        """Lie down and stop the robot's own controller. Raises NotReleased unless it is proven that none runs."""
        for _ in range(_ATTEMPTS):
            if (name := self.mode()) == "":
                return
            self._ask(self._sport, STAND_DOWN)
            self._clock.sleep_until(self._clock.now() + _SETTLE)
            self._ask(self._switcher, RELEASE_MODE)
            if self.mode() == "":
                return
            self._clock.sleep_until(self._clock.now() + _SETTLE)
        raise NotReleased(f"motion switcher: expected no controller, {name!r} still runs after {_ATTEMPTS} releases")

    def start(self) -> str:
        """Start a controller that walks unless one runs, and return its name. Raises NotReleased where none starts."""
        for name in WALKS:
            if mode := self.mode():
                return mode
            with contextlib.suppress(NotReleased):  # this firmware has another one
                self._ask(self._switcher, SELECT_MODE, json.dumps({"name": name}))
                self._clock.sleep_until(self._clock.now() + _SETTLE)
        if mode := self.mode():
            return mode
        raise NotReleased(f"motion switcher: expected one of {', '.join(WALKS)} to start, none runs")

    def _ask(self, client: Client, api: int, parameter: str = "{}") -> str:
        try:
            reply = client.call(api, parameter)
        except CallFailed as error:
            raise NotReleased(f"motion switcher: {error}") from error
        if reply.code != OK:
            raise NotReleased(f"motion switcher: call {api} refused with code {reply.code}")
        return reply.data


def running(answer: str) -> str:
    """Return the name in an answer to CheckMode, "" where none of its controllers runs. Raises NotReleased."""
    try:
        content = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise NotReleased(f"motion switcher: expected JSON, got {answer!r}") from error
    name = content.get("name") if isinstance(content, dict) else None
    if not isinstance(name, str):
        raise NotReleased(f"motion switcher: expected a text 'name', got {answer!r}")
    return name
