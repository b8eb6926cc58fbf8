"""Many robots that walk as they are told, or try to: what a policy sees, and what it earns."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.walker import conditions, observation
from benchmarks.walker.observation import Mirror, signs, swapped
from benchmarks.walker.rewards import Motion, terms
from benchmarks.walker.settings import WalkerSettings
from controller.settings import robots
from hardware.motors import PositionServo
from sim.bodies.many import Gains, ManyBodies, heading_axes, in_body
from sim.terrain import TERRAINS

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

TOUCHING = 1.0
"""Force on a foot on the ground, at least [N]."""
UPRIGHT, LOWEST, FASTEST = 0.5, 0.12, 60.0
"""A robot has fallen whose trunk leans by more than its cosine, is lower [m], or has a joint that is faster [rad/s]."""
CALM = (4.0, 12.0)
"""How long a condition lasts [s]."""
AGAIN = 0.5
"""Share of falls after which a robot stands up under the same condition, lest what makes it fall at once be rare."""
KNOCKS = 0.2
"""Pushes a second."""
USED = 0.9
"""Share of a joint's range that a walker should use."""
WIDEST = 5.0
"""Largest action."""


@dataclass(frozen=True)
class Step:
    """What a step came to, a row for each robot."""

    seen: FloatArray
    """By the policy (n, history x frame)."""
    told: FloatArray
    """To the critic as well."""
    reward: FloatArray
    done: BoolArray
    late: BoolArray
    """Done because the time was up."""


@dataclass
class Tally:
    """Sums over robots and steps since they were last read."""

    steps: int = 0
    falls: int = 0
    intact_falls: int = 0
    sums: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, values: FloatArray) -> None:
        """Add numbers, one a robot."""
        self.sums[name] = self.sums.get(name, 0.0) + float(values.sum())


class WalkerEnvironment:
    """`settings.count` robots on flat ground, each under its own condition and command."""

    def __init__(self, settings: WalkerSettings, rng: np.random.Generator, level: float) -> None:
        """Let them stand at random moments of their episodes.

        Args:
            settings: of the training.
            rng: source of everything that is random.
            level: hardness of conditions [0..1]; may be changed at any time.
        """
        spec = robots.spec(settings.robot)
        self.settings, self.level, self._rng, self._spec = settings, level, rng, spec
        n, legs = settings.count, len(spec.anatomy.legs)
        gains = Gains(settings.kp, settings.kd)
        self.bodies = ManyBodies(spec.anatomy, TERRAINS["flat"], n, gains, settings.timestep, settings.threads)
        assert isinstance(spec.servo, PositionServo)
        self.pose, self.scale = np.array(spec.servo.stand), np.tile(settings.scale, legs)
        low, high = np.array(spec.limits.position_low), np.array(spec.limits.position_high)
        self._low, self._high = low, high
        middle, reach = 0.5 * (low + high), 0.5 * USED * (high - low)
        self._used = (middle - reach, middle + reach)
        self.dt, self.longest = 1.0 / settings.rate_hz, round(settings.seconds * settings.rate_hz)
        self._noise = observation.noise(len(self.pose))
        self._weights = settings.rewards
        self.tally = Tally()
        self._told = np.zeros((n, len(conditions.told(self._draw(), spec.anatomy))))
        self._intact = np.ones(n, dtype=bool)
        self._wish, self.command = np.zeros((n, 3)), np.zeros((n, 3))
        self._calm = np.zeros(n)
        self._push = np.zeros((n, 3))
        self.age = np.zeros(n, dtype=np.intp)
        self._action, self._speeds = np.zeros((n, len(self.pose))), np.zeros((n, len(self.pose)))
        self._air, self._feet = np.zeros((n, legs)), np.zeros((n, legs, 3))
        self._contact = np.ones((n, legs), dtype=bool)
        self._frames = np.zeros((n, settings.history, len(self._noise)))
        self._begin(np.arange(n), np.ones(n, dtype=bool))
        self._observe()
        self.age[:] = rng.integers(self.longest, size=n)

    def mirrors(self) -> tuple[Mirror, Mirror, Mirror]:
        """Return the mirrors of what the policy sees, of what the critic is told, and of actions."""
        legs = self._spec.anatomy.legs
        one, joints = observation.frame_mirror(legs), swapped(legs, 1.0, 1.0, 1.0)
        told = [one, signs(1.0, -1.0, 1.0), signs(1.0), signs(1.0, -1.0, 1.0), swapped(legs, 1.0), swapped(legs, 1.0)]
        told += [signs(1.0, 1.0, 1.0, 1.0, -1.0), joints, joints, joints, swapped(legs, 1.0), signs(1.0, -1.0)]
        return Mirror.joined([one] * self.settings.history), Mirror.joined(told), swapped(legs, -1.0, 1.0, 1.0)

    def look(self) -> tuple[FloatArray, FloatArray]:
        """Return what the policy sees now, and what the critic is told."""
        return self._frames.reshape(len(self._frames), -1), self._critic

    def step(self, action: FloatArray) -> Step:
        """Take a control step with actions (n, n_motors)."""
        action = np.clip(action, -WIDEST, WIDEST)
        self._change_commands()
        push = self._draw_pushes()
        targets = np.clip(self.pose + self.scale * action, self._low, self._high)
        self.bodies.step(targets, self.settings.substeps, push)
        motion = self._motion(action)
        reward, fallen = self._judge(motion)
        self._action, self._speeds = action, self.bodies.speeds.copy()
        self.age += 1
        late = (self.age >= self.longest) & ~fallen
        done = fallen | late
        self._calm -= self.dt
        self._tally(motion, reward, fallen)
        if done.any():
            self._begin(np.flatnonzero(done), late | (self._rng.random(len(done)) > AGAIN))
        for index in np.flatnonzero(self._calm <= 0.0):
            self._perturb(int(index))
        self._observe()
        return Step(*self.look(), reward, done, late)

    def _motion(self, action: FloatArray) -> Motion:
        bodies = self.bodies
        qvel, feet, contact = bodies.qvel, bodies.feet, bodies.foot_force > TOUCHING
        angle, speed = bodies.angles, bodies.speeds
        swing = self._air + self.dt
        landed = contact & ~self._contact
        foot_speed = np.hypot(*((feet - self._feet)[..., :2] / self.dt).transpose(2, 0, 1))
        self._air, self._feet, self._contact = np.where(contact, 0.0, swing), feet, contact
        excess = np.maximum(self._used[0] - angle, 0.0) + np.maximum(angle - self._used[1], 0.0)
        return Motion(
            command=self.command.copy(),
            velocity=self._heading_velocity(),
            gyro=qvel[:, 3:6],
            lean=in_body(bodies.qpos, np.tile((0.0, 0.0, 1.0), (len(qvel), 1))),
            height=bodies.qpos[:, 2],
            angle=angle - self.pose,
            excess=excess,
            torque=bodies.torque,
            acceleration=(speed - self._speeds) / self.dt,
            action_change=action - self._action,
            contact=contact,
            landed=landed,
            swing=swing,
            foot_height=feet[..., 2],
            foot_speed=foot_speed,
        )

    def _judge(self, motion: Motion) -> tuple[FloatArray, BoolArray]:
        """Return rewards (n,) and who has fallen."""
        found = terms(motion)
        reward = np.zeros(len(motion.height))
        for name, values in found.items():
            reward += getattr(self._weights, name) * values
            self.tally.add(name, getattr(self._weights, name) * values)
        upright = in_body(self.bodies.qpos, self.bodies.up)[:, 2]
        low = (np.minimum(upright, motion.lean[:, 2]) < UPRIGHT) | (motion.height < LOWEST)
        fallen = low | (np.abs(self.bodies.speeds).max(axis=1) > FASTEST)
        return self.dt * np.maximum(reward, 0.0) + self._weights.fall * fallen, fallen

    def _tally(self, motion: Motion, reward: FloatArray, fallen: BoolArray) -> None:
        tally, off = self.tally, motion.command - motion.velocity
        tally.steps += len(reward)
        tally.falls += int(fallen.sum())
        tally.intact_falls += int((fallen & self._intact).sum())
        tally.add("reward", reward)
        tally.add("speed_error", np.hypot(off[:, 0], off[:, 1]))
        tally.add("turn_error", np.abs(motion.command[:, 2] - motion.gyro[:, 2]))

    def _heading_velocity(self) -> FloatArray:
        cosine, sine = heading_axes(self.bodies.qpos).T
        x, y, z = self.bodies.qvel[:, :3].T
        return np.stack((cosine * x + sine * y, cosine * y - sine * x, z), axis=1)

    def _observe(self) -> None:
        """Add the newest frame to those that the policy sees."""
        clean = self._frame()
        noisy = clean + self._noise * self._rng.uniform(-1.0, 1.0, clean.shape)
        self._frames = np.concatenate((self._frames[:, 1:], noisy[:, None]), axis=1)
        fresh = self.age == 0
        self._frames[fresh] = noisy[fresh, None]
        bodies = self.bodies
        lean = in_body(bodies.qpos, np.tile((0.0, 0.0, 1.0), (len(clean), 1)))
        place = (bodies.qpos[:, 2:3] - 0.3) * 10.0
        cosine, sine = heading_axes(bodies.qpos).T
        x, y = self._push[:, 0] / 500.0, self._push[:, 1] / 500.0
        push = np.stack((cosine * x + sine * y, cosine * y - sine * x), axis=1)
        feet = bodies.feet[..., 2] * 10.0
        parts = (clean, self._heading_velocity(), place, lean, self._contact.astype(float), feet, self._told, push)
        self._critic = np.clip(np.concatenate(parts, axis=1), -observation.BOUND, observation.BOUND)

    def _frame(self) -> FloatArray:
        bodies = self.bodies
        gravity = in_body(bodies.qpos, -bodies.up)
        angle = bodies.angles - self.pose
        return observation.frame(bodies.qvel[:, 3:6], gravity, self.command, angle, bodies.speeds, self._action)

    def _begin(self, which: NDArray[np.intp], fresh: BoolArray) -> None:
        """Let some robots stand at the origin again, those that are `fresh` (n,) under something new."""
        count = len(which)
        for index in which[fresh[which]]:
            self._perturb(int(index))
        start = np.tile(self.bodies.start, (count, 1))
        start[:, -len(self.pose) :] += self._rng.uniform(-0.1, 0.1, (count, len(self.pose)))
        start[:, 2] += 0.02
        self.bodies.place(which, start)
        for array in (self.age, self._action, self._speeds, self._air, self.command):
            array[which] = 0
        self._contact[which] = True
        self._feet[which] = self.bodies.feet[which]
        self._wish[which] = self._draw_commands(count)

    def _perturb(self, index: int) -> None:
        found = self._draw()
        self.bodies.perturb(index, found.condition)
        self._told[index] = conditions.told(found, self._spec.anatomy)
        self._intact[index] = not found.hard
        self._calm[index] = self._rng.uniform(*CALM)

    def _draw(self) -> conditions.Draw:
        return conditions.draw(self._rng, self.level, self._spec.anatomy, TERRAINS["flat"])

    def _draw_pushes(self) -> FloatArray:
        """Return forces that knock some trunks for one control step (n, 3) [N]."""
        count = len(self._push)
        strength = conditions.KNOCK * max(0.2, self.level) * self._rng.random(count) / self.dt
        strength *= self._rng.random(count) < KNOCKS * self.dt
        way = self._rng.uniform(-np.pi, np.pi, count)
        self._push = np.stack((strength * np.cos(way), strength * np.sin(way), np.zeros(count)), axis=1)
        return self._push

    def _change_commands(self) -> None:
        """Draw new commands for some robots, and let all of them follow theirs no faster than they may."""
        settings, count = self.settings.commands, len(self.command)
        changing = np.flatnonzero(self._rng.random(count) < self.dt / settings.seconds)
        self._wish[changing] = self._draw_commands(len(changing))
        slew = np.array(settings.slew)
        self.command += np.clip(self._wish - self.command, -slew, slew)

    def _draw_commands(self, count: int) -> FloatArray:
        settings, rng = self.settings.commands, self._rng
        low, high = np.array(settings.low), np.array(settings.high)
        wish = rng.uniform(low, high, (count, 3))
        kind = rng.random(count)
        ahead, still = kind < settings.ahead, kind > 1.0 - settings.still
        wish[ahead, 0] = rng.uniform(0.3, high[0], ahead.sum())
        wish[ahead, 1:] *= 0.25
        wish[still] = 0.0
        return wish
