"""The fast loop's body: read the robot, play the newest schedule through the guard, write.

It never waits for the planner. However it ends, the robot is left damped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hardware import embodiment
from hardware.estimation.legged import StateEstimation
from hardware.feedback import Follower
from hardware.guard.arming import prove
from hardware.guard.checks import Trip
from hardware.guard.guard import Guard
from hardware.guard.state_machine import Mode
from hardware.robot import DRIVEN, FloatArray, Listening, Robot, RobotCommand, RobotError, RobotFault, RobotState
from hardware.schedule import ActionSchedule, Rung


@dataclass(frozen=True)
class ServoReport:
    """What one servo cycle did."""

    action: FloatArray | None
    """The action (A,) that the robot was really given, after the guard and the wire; None when damped."""
    rung: Rung
    plan_age: float
    """Time since the start of the schedule that was played [s]; infinite when there was none."""
    reasons: tuple[str, ...]
    """Why the guard changed the command; empty when it did not."""
    fault: Trip | None
    """The latched fault, if there is one."""
    mode: Mode = Mode.RUN
    """What the robot is doing."""
    trips: tuple[Trip, ...] = ()
    """Every check that tripped, those that only warn too."""
    sent: RobotCommand | None = None
    """What the guard let through."""


class Servo:
    """Owns a robot and its guard: `with servo: servo.arm(); (observe, act)*`.

    `publish` may be called from another thread: the newest schedule is swapped in whole.

    Raises:
        ValueError: the embodiment or the guard cannot serve this robot.
    """

    def __init__(self, robot: Robot, guard: Guard | None = None, estimation: StateEstimation | None = None) -> None:
        """Put robot and guard together; `estimation` fills in what the robot does not measure, for the plan only."""
        self.robot, self.spec = robot, robot.spec
        self._estimation = estimation
        self._embodiment = embodiment.embody(robot.spec)
        self.guard = guard if guard is not None else Guard(robot.spec)
        self._rest = embodiment.rest_action(robot.spec)
        self._follower = Follower(robot.spec)
        self._schedule: ActionSchedule | None = None
        self._state: RobotState | None = None
        self._measured: RobotState | None = None

    def __enter__(self) -> Servo:
        """Open the wire; the motors stay off. Raises LinkLost when the robot does not answer."""
        try:
            self.robot.connect()
        except BaseException:
            self.shutdown()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the robot damped, off and released, whatever happened."""
        self.shutdown()

    def arm(self) -> None:
        """Let the motors follow schedules; what was published before is forgotten.

        Raises:
            RobotFault: the robot is not ready or does not prove it, or the guard holds a fault that was not reset.
        """
        if self.guard.fault is not None:
            raise RobotFault(f"robot {self.spec.name} is not armed while the guard holds a fault: {self.guard.fault}")
        self._schedule = None
        self._embodiment.reset()
        self._follower.reset()
        if self._estimation is not None:
            self._estimation.reset()
        if isinstance(self.robot, Listening):
            prove(self.spec, self.robot.listen())
        self.robot.activate()
        self.guard.request(Mode.RUN)

    @property
    def mode(self) -> Mode:
        """What the robot is doing."""
        return self.guard.mode

    def request(self, target: Mode) -> None:
        """Head for PASSIVE, DAMP, STAND, RUN or SIT_DOWN, or make an emergency stop; not where a fault forbids it."""
        self.guard.request(target)

    def shutdown(self) -> None:
        """Damp, switch off and release the robot; allowed at any time, any number of times."""
        self._schedule = None
        self.guard.off()
        try:
            self.robot.damp()
            self.robot.deactivate()
        except RobotError:
            self.robot.damp()
        finally:
            self.robot.close()

    def publish(self, schedule: ActionSchedule) -> None:
        """Make `schedule` the one that is played from now on; raises ValueError where it does not fit the robot."""
        if schedule.actions.shape[1] != len(self._rest):
            raise ValueError(
                f"schedule for robot {self.spec.name}: expected {len(self._rest)} numbers per action, "
                f"got {schedule.actions.shape[1]}"
            )
        self._schedule = schedule

    def observe(self) -> RobotState:
        """Read the newest state and keep it for the guard. Raises LinkLost when none arrived in time."""
        self._measured = self.robot.read()
        known = self._measured if self._estimation is None else self._estimation.fill(self._measured)
        self._state = self._embodiment.annotate(known)
        if self._state.faults != self._measured.faults:  # what moves the robot has failed
            self._measured = replace(self._measured, faults=self._state.faults)
        return self._state

    def act(self, now: float, late: float = 0.0) -> ServoReport:
        """Play the newest schedule at `now` [s], as far as the guard allows; `late` is how late the cycle began [s].

        Raises:
            RobotError: there was no state yet, or the robot refused the command.
        """
        if self._state is None or self._measured is None:
            raise RobotError(f"servo of robot {self.spec.name}: act before the first observe")
        schedule = self._schedule
        verdict = self.guard.check(self._command(self._state, now), self._measured, now, late)
        age = now - schedule.start if schedule is not None else float("inf")
        played, rung = None, Rung.DAMP
        if verdict.command.mode in DRIVEN:
            sent = self.robot.write(verdict.command)
            played = self._embodiment.played(sent) if verdict.follows else None
            if sent.mode in DRIVEN:
                standing = Rung.HOLD if verdict.mode is Mode.RUN else Rung.POSE
                rung = schedule.rung(now) if verdict.follows and schedule else standing
        elif verdict.mode is not Mode.PASSIVE:
            self.robot.damp()
        return ServoReport(
            played, rung, age, verdict.reasons, verdict.fault, verdict.mode, verdict.trips, verdict.command
        )

    def _command(self, state: RobotState, now: float) -> RobotCommand | None:
        """Return what the schedule asks for; None when it is over."""
        if self.guard.mode is not Mode.RUN:
            self._embodiment.reset()  # the next walk begins when it runs, not while it stands up
        schedule = self._schedule
        action = None if schedule is None else schedule.action(now, self._rest)
        if schedule is None or action is None:
            return None
        guide = schedule.guide(now)
        if guide is not None:
            seen = embodiment.observe(self.spec, state)
            action = self._follower.follow(action, guide, seen, now, schedule.step)
        return self._embodiment.command(action, state, now, schedule.expires)
