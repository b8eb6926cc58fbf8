"""How a walker is trained: its contract with robots, what it is rewarded for, and how long it learns."""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.config import RobotName
from controller.settings import robots
from sim.strict import at_least, positive, require

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class CommandSettings:
    """Velocity commands (forward [m/s], left [m/s], turn [rad/s]) that a walker is trained for."""

    low: Triple = (-0.5, -0.5, -1.2)
    high: Triple = (1.0, 0.5, 1.2)
    slew: Triple = (0.05, 0.04, 0.1)
    """By how much a command changes from one control step to the next, at most."""
    seconds: float = 5.0
    """How long one is kept on average [s]."""
    still: float = 0.1
    """Share of commands to stand still [0..1]."""
    ahead: float = 0.5
    """Share of commands that go straight ahead but for small corrections [0..1]."""

    def __post_init__(self) -> None:
        positive(self, "slew", "seconds")
        require(self.still + self.ahead <= 1.0, "still", "shares that are at most 1 together", self.still + self.ahead)


@dataclass(frozen=True)
class RewardSettings:
    """Weights of the terms of the reward, per second; what is bad has a minus in front."""

    velocity_far: float = 1.0
    velocity: float = 1.0
    velocity_near: float = 1.0
    turn: float = 0.5
    turn_near: float = 0.5
    vertical: float = -1.0
    rolling: float = -0.05
    tilt: float = -1.5
    height: float = -15.0
    torque: float = -2e-4
    acceleration: float = -1.5e-7
    action_rate: float = -0.01
    limits: float = -5.0
    spread: float = -0.15
    slip: float = -0.1
    clearance: float = -0.5
    air_time: float = 0.25
    still: float = -0.3
    fall: float = -0.2
    """Once, at a fall."""


@dataclass(frozen=True)
class LearningSettings:
    """Proximal policy optimisation."""

    steps: int = 32
    """Control steps of every robot between two updates."""
    epochs: int = 3
    batches: int = 4
    hidden: tuple[int, ...] = (256, 128)
    rate: float = 1e-4
    divergence: float = 0.015
    """Between policies before and after an update, which the learning rate is adapted to."""
    entropy: float = 0.002
    discount: float = 0.99
    smoothing: float = 0.95
    spread: float = 0.5
    """Standard deviation of actions at the start; after an imitation, at the start of stage `loose`."""
    loose: int = 9
    mirror: float = 0.3
    """Price of not doing the mirror image in the mirror: of robots that are the same on both sides."""

    def __post_init__(self) -> None:
        at_least(self, 1, "steps", "epochs", "batches")
        positive(self, "rate", "divergence", "spread")


@dataclass(frozen=True)
class ImitationSettings:
    """What is learned from the gait before anything else."""

    steps: int = 400
    """Control steps of every robot."""
    noise: float = 0.3
    """Largest standard deviation of what jostles them, in actions."""
    level: float = 0.3
    """Hardness of what happens to them meanwhile [0..1]."""
    rounds: int = 12
    """Passes over what they did."""
    batch: int = 1024
    rate: float = 1e-3
    spread: float = 0.3
    """Standard deviation of actions that learning goes on with."""
    settling: int = 6
    """Updates of the critic alone, after that."""


@dataclass(frozen=True)
class WalkerSettings:
    """One training of a walker on flat ground that may lie askew, with whatever may happen to its robot."""

    robot: RobotName = robots.DEFAULT
    seed: int = 0
    count: int = 256
    """Robots at a time."""
    threads: int = 2
    rate_hz: float = 50.0
    timestep: float = 0.005
    """Of the physics [s]."""
    seconds: float = 20.0
    """Longest episode [s]."""
    kp: float = 35.0
    kd: float = 1.0
    scale: Triple = (0.2, 0.3, 0.3)
    """Change of a leg's joint angles for an action of one [rad]."""
    history: int = 5
    """Observations that the policy sees: the newest and those just before."""
    stage: int = 50
    """Updates from one checkpoint to the next; the robots start anew at each."""
    commands: CommandSettings = field(default_factory=CommandSettings)
    rewards: RewardSettings = field(default_factory=RewardSettings)
    imitation: ImitationSettings = field(default_factory=ImitationSettings)
    learning: LearningSettings = field(default_factory=LearningSettings)

    def __post_init__(self) -> None:
        at_least(self, 1, "count", "threads", "history", "stage")
        positive(self, "rate_hz", "timestep", "seconds", "kp", "kd", "scale")
        steps = 1.0 / (self.rate_hz * self.timestep)
        require(abs(steps - round(steps)) < 1e-6, "timestep", "a whole number of steps a control step", steps)

    @property
    def substeps(self) -> int:
        """Physics steps of a control step."""
        return round(1.0 / (self.rate_hz * self.timestep))
