"""The emulated robot without its network: commands in, states out, cycle by cycle.

It obeys only what the protocol allows, and gives up quickly: damping when commands stop, nothing at all while one of
its own controllers runs. How long real firmware waits is not published, so that time is a setting.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hardware.emulators.go2.body import PERIOD, Body
from hardware.emulators.go2.faults import (
    BatteryLow,
    Deaf,
    Fault,
    Lifted,
    ModeBack,
    ModeRefused,
    MotorFault,
    MotorsOff,
    Overheat,
    Pressed,
    Reboot,
    RemoteStop,
    Sticks,
    acting,
)
from hardware.emulators.go2.lies import Lies
from hardware.emulators.go2.link import Link
from hardware.emulators.go2.monitor import EventLog, Monitor
from hardware.emulators.go2.sport import Api, Sport
from hardware.emulators.go2.wire import Command, Refusal, read_command, write_message
from hardware.unitree.layout import BUTTONS, LEGS, LOW_STATE, MOTORS
from sim.perturbations.codec import Timed

_STAND_DOWN = 1005
MODES = ("normal", "advanced", "ai", "ai-w", "mcf")
"""The robot's own controllers."""
_OK, _UNKNOWN_CALL, _BAD_PARAMETER, _DENIED = 0, 3203, 3204, 3205
_ALL = np.ones(len(MOTORS))
_STANDING = Command(_ALL > 0.0, np.tile((0.0, 0.67, -1.3), len(LEGS)), 0.0 * _ALL, 0.0 * _ALL, 60.0 * _ALL, 5.0 * _ALL)
"""What its own controllers ask of the motors."""
_RECOVERY = 0.8
"""How far its own recovery swings the calves [rad], once a second."""
_LY = slice(20, 24)
"""Where the remote's left stick says how far it is pushed."""
_STOP_BITS = sum(1 << BUTTONS.index(name) for name in ("L2", "B"))


class Firmware:
    """One robot: `cycle` once per period, `switcher` and `sport` whenever somebody calls its services."""

    def __init__(
        self,
        body: Body,
        faults: Sequence[Fault],
        rng: np.random.Generator,
        mode: str = MODES[0],
        timeout: float = 0.05,
        sport: Sport | None = None,
    ) -> None:
        """Power on: a `mode` runs; `faults` follow the script that starts with the first command.

        Without a good command for a `timeout` [s] the motors are damped. A controller of its own that can do more than
        lie is a `sport`.
        """
        self._own = sport
        self.served: Counter[str] = Counter()
        """Calls that its own controller carried out, by name."""
        self._body, self._faults, self._timeout = body, tuple(faults), timeout
        self._commands, self._states = Link(faults, rng, states=False), Link(faults, rng, states=True)
        self._now = self._booted_at = self._obeyed_at = 0.0
        self._rebooted: set[Reboot] = set()
        self._command: Command | None = None
        self._lies = Lies(faults)
        self._driven = False
        self.mode = self._usual = mode
        self.monitor, self.event_log = Monitor(), EventLog()
        self.refusals: Counter[str] = Counter()
        self.obeyed = self.timeouts = self.sent = 0

    @property
    def script(self) -> float:
        """Time since the first command that was obeyed [s]."""
        return self._body.time

    def cycle(self, commands: Sequence[bytes], periods: int = 1) -> list[bytes]:
        """Let some periods pass under the commands that came; return the states that arrive. Raises SimulationError."""
        self._now += periods * PERIOD
        self._restart_if_due()
        back = acting(self._faults, ModeBack, self.script)
        if back:
            self._enter(MODES[-1])
        arrived = self._commands.carry(commands, self.script, self._now)
        if self._now >= self._booted_at:
            for wire in arrived:
                self._receive(wire)
        self._give_up_if_due()
        if self._driven:
            failed = [fault.motor for fault in acting(self._faults, MotorFault, self.script)]
            limp = bool(acting(self._faults, MotorsOff, self.script))
            pressed = sum(fault.newtons for fault in acting(self._faults, Pressed, self.script))
            lifted = bool(acting(self._faults, Lifted, self.script))
            command = _own(back[0].does, self.script) if back else self._command
            if self._own is not None and self.mode and not back:
                command = self._own.command(self._now, periods)
            self._body.step(command, failed, periods, limp=limp, pressed=pressed, lifted=lifted)
        self.event_log.follow(
            self.script, self._body, [fault.name for fault in acting(self._faults, Timed, self.script)]
        )
        states = [self._state()] if self._now >= self._booted_at else []
        arriving = self._states.carry(states, self.script, self._now)
        self.sent += len(arriving)
        return arriving

    def switcher(self, api: int, parameter: str) -> tuple[int, str] | None:
        """Serve the motion switcher: status code and data, or None for silence."""
        stubborn = {fault.answer for fault in acting(self._faults, ModeRefused, self.script)}
        if self._now < self._booted_at or "silent" in stubborn:
            return None
        match api:
            case 1001:  # check
                answer = json.dumps({"form": "0", "name": self.mode})
                return _OK, answer[:-4] if "garbled" in stubborn else answer
            case 1002:  # select
                return self._select(parameter)
            case 1003 if "denied" in stubborn:
                return _DENIED, ""
            case 1003:  # release
                self._enter(self.mode if "kept" in stubborn else "")
                return _OK, ""
            case _:
                return _UNKNOWN_CALL, ""

    def sport(self, api: int, parameter: str) -> tuple[int, str] | None:
        """Serve what a robot's own controller is asked; without a sport lying down is all, and it lies already."""
        if self._now < self._booted_at:
            return None
        if self._own is not None and self.mode:
            answer = self._own.serve(api, parameter, self._now)
            if answer is not None and answer[0] == 0 and api in set(Api):
                self.served[Api(api).name.lower()] += 1
                if not self._driven:
                    self.event_log.note(self.script, "first call")
                    self._driven = True
            return answer
        return (_OK if api == _STAND_DOWN and self.mode else _UNKNOWN_CALL), ""

    def own_states(self) -> list[bytes]:
        """Return what its own controller says of itself after a cycle."""
        on = self._own is not None and self._now >= self._booted_at
        return self._own.states(self._now, self.mode) if on and self._own is not None else []

    def summary(self) -> dict[str, object]:
        """Return what happened, for a report."""
        return {
            "seconds": round(self._now, 3),
            "driven_seconds": round(self.script, 3),
            "states_sent": self.sent,
            "commands_obeyed": self.obeyed,
            "refused": dict(self.refusals),
            "served": dict(self.served),
            "outside_limits": sum(self.monitor.outside.values()),
            "outside": dict(self.monitor.outside),
            "outside_examples": list(self.monitor.examples),
            "timeouts": self.timeouts,
            "mode": self.mode,
            "damped": self._command is None,
            **self.event_log.summary(),
        }

    def _select(self, parameter: str) -> tuple[int, str]:
        try:
            name = json.loads(parameter)["name"]
        except (ValueError, KeyError, TypeError):
            name = None
        if name not in MODES:
            return _BAD_PARAMETER, ""
        self._enter(name)
        return _OK, ""

    def _enter(self, mode: str) -> None:
        if mode != self.mode:
            self.event_log.note(self.script, f"mode {mode or 'released'}")
        self.mode, self._command = mode, None

    def _receive(self, wire: bytes) -> None:
        command = read_command(wire)
        if isinstance(command, Command) and self.mode:
            command = Refusal.NOT_RELEASED
        if isinstance(command, Refusal):
            self.refusals[command.value] += 1
            return
        if not self._driven:
            self.event_log.note(self.script, "first command")
        self.monitor.judge(command)
        if self._command is None or not acting(self._faults, Deaf, self.script):
            self._command = command
        self._driven, self._obeyed_at = True, self._now
        self.obeyed += 1

    def _give_up_if_due(self) -> None:
        if self._command is not None and self._now - self._obeyed_at > self._timeout:
            self._command = None
            self.timeouts += 1
            self.event_log.note(self.script, "commands stopped, damping")

    def _restart_if_due(self) -> None:
        for fault in acting(self._faults, Reboot, self.script):
            if fault not in self._rebooted:
                self._rebooted.add(fault)
                self._booted_at = self._now + fault.seconds
                self._enter(self._usual)

    def _state(self) -> bytes:
        record = self._body.measure()
        motors = record["motor_state"][: len(MOTORS)]
        for hot in acting(self._faults, Overheat, self.script):
            motors["temperature"][MOTORS.index(hot.motor)] = round(hot.celsius)
        for low in acting(self._faults, BatteryLow, self.script):
            record["bms_state"]["soc"] = round(low.soc)
        if acting(self._faults, RemoteStop, self.script):
            record["wireless_remote"][2:4] = list(_STOP_BITS.to_bytes(2, "little"))
        for stick in acting(self._faults, Sticks, self.script):
            record["wireless_remote"][_LY] = np.frombuffer(np.float32(stick.forward).tobytes(), np.uint8)
        record["tick"] = round(1000.0 * (self._now - self._booted_at))
        self._lies.tell(record, self.script)
        self.monitor.publish(motors["q"].astype(np.float64), motors["dq"].astype(np.float64))
        return write_message(LOW_STATE, record)


def _own(does: str, script: float) -> Command | None:
    """Return what one of its own controllers asks of the motors at a time [s]; None damps them."""
    if does == "damp":
        return None
    swing = _RECOVERY * math.sin(math.tau * script) if does == "recover" else 0.0
    return replace(_STANDING, q=_STANDING.q + np.tile((0.0, 0.0, swing), len(LEGS)))
