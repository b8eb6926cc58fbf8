"""A Go2 with a sport service and without a body: it stands at once, turns as it is told, and fails on request."""

from __future__ import annotations

import json
import math

import numpy as np

from hardware.emulators.go2.body import PERIOD, TO_WIRE
from hardware.emulators.go2.wire import write_message, write_plain
from hardware.unitree.layout import HEAD, LOW_LEVEL, LOW_STATE, MOTORS, SPORT_STATE
from sim.robots import go2

LIES, STANDS, BALANCES, WALKS, DAMPED = 5, 6, 1, 3, 7


class Puppet:
    """Stands in for `hardware.emulators.go2.firmware.Firmware` on a LockstepBus; tests change what it does."""

    def __init__(self) -> None:
        self.mode, self.doing, self.error = "normal", LIES, 1001
        self.refuses: dict[int, int] = {}
        """Code of the error that answers a call."""
        self.silent = self.gone = self.frozen = self.ignores = False
        self.starts: tuple[str, ...] = ("normal",)
        """Controllers that can be selected."""
        self.calls: list[tuple[float, int]] = []
        self.moves: list[tuple[float, dict[str, float]]] = []
        self.sticks = 0.0
        self.speed: tuple[float, float, float] = (0.0, 0.0, 0.0)
        self.yaw = self.now = 0.0
        self._stamp = 0.0

    def cycle(self, commands: list[bytes]) -> list[bytes]:
        assert not commands, "a motor was told something"
        self.now += PERIOD
        self.yaw += self.speed[2] * PERIOD
        record = np.zeros((), LOW_STATE.struct.dtype)
        record["head"], record["level_flag"], record["tick"] = HEAD, LOW_LEVEL, round(1000.0 * self.now)
        imu, motors = record["imu_state"], record["motor_state"][: len(MOTORS)]
        imu["quaternion"] = math.cos(self.yaw / 2), 0.0, 0.0, math.sin(self.yaw / 2)
        imu["gyroscope"] = 1e-4 * math.sin(1e3 * self.now), 0.0, self.speed[2]
        imu["accelerometer"] = 1e-4 * math.sin(2e3 * self.now), 0.0, 9.81
        motors["q"] = np.array(go2.SIT if self.doing in {LIES, DAMPED} else go2.STAND)[TO_WIRE]
        motors["mode"], motors["temperature"] = 1, 30
        record["foot_force"], record["power_v"], record["bms_state"]["soc"] = 37, 29.0, 90
        record["wireless_remote"][20:24] = np.frombuffer(np.float32(self.sticks).tobytes(), np.uint8)
        return [write_message(LOW_STATE, record)]

    def own_states(self) -> list[bytes]:
        if self.gone:
            return []
        self._stamp = self._stamp if self.frozen else self.now
        record = np.zeros((), SPORT_STATE.struct.dtype)
        record["stamp"] = int(self._stamp), round(1e9 * (self._stamp % 1.0))
        record["mode"], record["error_code"], record["velocity"] = self.doing, self.error, (*self.speed[:2], 0.0)
        return [write_plain(SPORT_STATE, record)]

    def switcher(self, api: int, parameter: str) -> tuple[int, str] | None:
        if self.silent:
            return None
        if api == 1002 and (name := json.loads(parameter)["name"]) in self.starts:
            self.mode = name
        return 0 if api == 1001 or self.mode else 3204, json.dumps({"form": "0", "name": self.mode})

    def sport(self, api: int, parameter: str) -> tuple[int, str] | None:
        if self.silent:
            return None
        if api in self.refuses:
            return self.refuses[api], ""
        if api == 1008:
            self.moves.append((self.now, json.loads(parameter)))
            if self.doing in {BALANCES, WALKS} and not self.ignores:
                self.doing, told = WALKS, self.moves[-1][1]
                self.speed = told["x"], told["y"], told["z"]
            return 0, ""
        self.calls.append((self.now, api))
        self.speed = 0.0, 0.0, 0.0
        balances = BALANCES if self.doing in {STANDS, BALANCES, WALKS} else self.doing
        self.doing = {1001: DAMPED, 1002: balances, 1003: balances, 1004: STANDS, 1005: LIES}[api]
        return 0, ""
