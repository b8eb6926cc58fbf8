"""What a page asks of the run that it shows: one frozen value a click, as a line of JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from controller.changes import What

_Text = Annotated[str, Field(max_length=400)]


@dataclass(frozen=True)
class Begin:
    """Let a perturbation act from the next tick on, `name:key=value,...`."""

    perturbation: _Text
    kind: Literal["begin"] = "begin"


@dataclass(frozen=True)
class End:
    """Let a perturbation, or all of them, be over at the next tick; as the settings say it, with its times."""

    perturbation: _Text | None = None
    kind: Literal["end"] = "end"


@dataclass(frozen=True)
class Switch:
    """Go on with another adapter, or on another course, from the next tick on."""

    what: What
    name: _Text
    kind: Literal["switch"] = "switch"


@dataclass(frozen=True)
class Pace:
    """Let time pass at a share of real time, that of a log also faster; 0 pauses, None leaves it to the machine."""

    speed: Annotated[float, Field(ge=0.0, le=8.0)] | None
    kind: Literal["pace"] = "pace"


@dataclass(frozen=True)
class Step:
    """Do one tick, then pause."""

    kind: Literal["step"] = "step"


@dataclass(frozen=True)
class Seek:
    """Show the time of a log [s]."""

    time: float
    kind: Literal["seek"] = "seek"


@dataclass(frozen=True)
class Reset:
    """Begin again, as the command line said, with a seed."""

    seed: Annotated[int, Field(ge=0, le=2**63 - 1)]
    kind: Literal["reset"] = "reset"


@dataclass(frozen=True)
class Remark:
    """Write a remark into the log."""

    text: _Text
    kind: Literal["remark"] = "remark"


@dataclass(frozen=True)
class Pages:
    """Say how many pages are open."""

    count: Annotated[int, Field(ge=0)]
    kind: Literal["pages"] = "pages"


Order = Begin | End | Switch | Pace | Step | Seek | Reset | Remark | Pages
ORDERS: TypeAdapter[Order] = TypeAdapter(
    Annotated[Order, Field(discriminator="kind")], config=ConfigDict(strict=True, allow_inf_nan=False)
)
