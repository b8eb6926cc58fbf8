"""The servo process seen from the plan loop: start it, give orders, read what it did."""

from __future__ import annotations

import json
import logging
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Self

from hardware.clock import Clock, WallClock
from hardware.guard.state_machine import Mode
from hardware.processes import finish, sheltered
from hardware.robot import LinkLost, Robot, RobotFault
from hardware.schedule import ActionSchedule
from hardware.servo.exchange import Rings, create
from hardware.servo.loop import LONGEST_FAREWELL, ServoJob, run
from hardware.servo.records import Cycle, CycleLayout, Order, OrderLayout
from hardware.servo.rights import RealtimeSettings
from hardware.servo.ring import Follower
from hardware.spec import RobotSpec

_log = logging.getLogger(__name__)
_CONNECT = 20.0
"""Longest time for the process to start and its robot to answer [s]."""


class ServoProcess:
    """`with ServoProcess(...) as servo: servo.request(Mode.RUN); servo.publish(schedule); servo.newest()`.

    However the block ends, the robot sits down and is damped, and the process is gone. `ServoJob` says what the process
    is told at its start.
    """

    def __init__(
        self,
        spec: RobotSpec,
        make_robot: Callable[[Clock], Robot],
        realtime: RealtimeSettings | None = None,
        lease: float = ServoJob.lease,
        estimated: bool = False,
    ) -> None:
        self.spec = spec
        self._cycle_layout, self._order_layout = CycleLayout(spec), OrderLayout(spec)
        self._rings = create(spec)
        self.rings = Rings(*(ring.name for ring in self._rings))
        """For a log writer, which follows them too."""
        self.clock = WallClock()
        """Shared with the servo process."""
        job = ServoJob(make_robot, self.clock.origin, self.rings, realtime or RealtimeSettings(), lease, estimated)
        self._process = multiprocessing.get_context("spawn").Process(target=run, args=(job,), name="limber-servo")
        self._order = Order(0.0, Mode.PASSIVE)
        self._event_follower, self._cycle_follower = Follower(self._rings.events), Follower(self._rings.cycles)
        self._last_words: list[dict[str, object]] | None = None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.is_alive()

    @property
    def pid(self) -> int | None:
        """Of the process."""
        return self._process.pid

    def __enter__(self) -> Self:
        """Start the process; returns when the robot has answered, and says what the system refused. Motors stay off.

        Raises:
            LinkLost: the robot did not answer.
        """
        try:
            with sheltered():
                self._process.start()
            deadline = time.monotonic() + _CONNECT
            while self._rings.cycles.count == 0:
                if not self.alive or time.monotonic() > deadline:
                    said = "; ".join(str(e["what"]) for e in self.events() if e["kind"] in {"fault", "crash"})
                    raise LinkLost(said or f"robot {self.spec.name}: expected a first cycle, got nothing")
                time.sleep(0.005)
        except BaseException:
            self.close()
            raise
        for event in map(json.loads, iter(Follower(self._rings.events, from_start=True).take, None)):
            if event["kind"] == "right" and not (right := event["what"])["obtained"]:
                _log.warning("%s not obtained: %s; %s", right["name"], right["detail"], right["cure"])
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def request(self, target: Mode) -> None:
        """Head for PASSIVE, DAMP, STAND, RUN or SIT_DOWN, or make an emergency stop."""
        stops = self._order.stops + (target is Mode.ESTOP)
        self._send(replace(self._order, request=target, requests=self._order.requests + 1, stops=stops, schedule=None))

    def reset(self) -> None:
        """Ask for the fault to be forgotten, which needs a robot that is well and still; getting up needs a request."""
        self._send(replace(self._order, resets=self._order.resets + 1, schedule=None))

    def publish(self, schedule: ActionSchedule) -> None:
        """Make `schedule` the one that is played from the next cycle on.

        Raises:
            ValueError: it does not fit the robot.
            RobotFault: the servo process is gone.
        """
        if not self.alive:
            raise RobotFault(f"robot {self.spec.name}: the servo process is gone")
        self._send(replace(self._order, schedule=schedule))

    def newest(self) -> Cycle | None:
        """Return the newest cycle; None before the first."""
        found = self._rings.cycles.newest()
        return None if found is None else self._cycle_layout.unpack(found[1])

    @property
    def mode(self) -> Mode:
        """What the robot is doing, as the newest cycle tells."""
        newest = self.newest()
        return Mode.PASSIVE if newest is None else newest.report.mode

    def cycles(self) -> list[Cycle]:
        """Return the cycles since the last call, as far as they are still there."""
        return [self._cycle_layout.unpack(record) for record in iter(self._cycle_follower.take, None)]

    def events(self) -> list[dict[str, object]]:
        """Return the events since the last call, also after the end: when, which kind, what."""
        if self._last_words is not None:
            words, self._last_words = self._last_words, []
            return words
        return [json.loads(record) for record in iter(self._event_follower.take, None)]

    def stop(self) -> None:
        """Let the robot sit down and be damped, and the process end; kills one that does not."""
        finish(self._process, LONGEST_FAREWELL + 2.0)

    def close(self) -> None:
        """Stop, and remove the shared memory. Closing twice is allowed."""
        self.stop()
        if self._last_words is None:
            self._last_words = self.events()
        for ring in self._rings:
            ring.close()

    def _send(self, order: Order) -> None:
        self._order = replace(order, published=self.clock.now())
        self._rings.orders.append(self._order_layout.pack(self._order))
