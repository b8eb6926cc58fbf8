"""What the page that drives can do: every control belongs to it alone, so no other page can move one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import viser

from controller.changes import What
from controller.view.about import About
from controller.view.frame import Frame
from controller.view.knobs import Knob, Number, offered, text
from controller.view.orders import Begin, End, Order, Pace, Remark, Reset, Seek, Step, Switch
from sim.robots.anatomy import Anatomy

Send = Callable[[Order], None]
_SPEEDS: dict[str, float | None] = {"1/8": 0.125, "1/4": 0.25, "1/2": 0.5, "real time": 1.0}
_PLAYED = {"1/4": 0.25, "1/2": 0.5, "real time": 1.0, "4 ×": 4.0}
_TENTH = 0.1
"""Of the slider [s]."""
_FASTEST = "as fast as it goes"
_NOBODY = "nothing"


class Controls:
    """The controls of one page."""

    def __init__(self, gui: viser.GuiApi, about: About, anatomy: Anatomy, seed: int, send: Send) -> None:
        self._gui, self._about, self._send = gui, about, send
        self._selected: dict[What, viser.GuiDropdownHandle[Any]] = {}
        self._acting: tuple[str, ...] | None = None
        self._paused: bool | None = None
        if about.mode == "simulated":
            with gui.add_folder("What happens to it", order=10.0):
                self._perturbations(anatomy)
            with gui.add_folder("What drives it", order=11.0):
                self._select("adapter", about.adapters)
                self._select("course", about.courses)
            with gui.add_folder("Time", order=12.0):
                self._time(seed)
        if about.mode == "replayed":
            with gui.add_folder("Time", order=10.0):
                self._player()
            return
        with gui.add_folder("Remark for the log", order=13.0, expand_by_default=about.mode == "deployed"):
            self._remark()

    def show(self, frame: Frame) -> None:
        """Let the controls say what is."""
        if self._about.mode == "replayed":
            self._played(frame)
        if self._about.mode != "simulated":
            return
        for what, name in (("adapter", frame.adapter), ("course", frame.course)):
            handle = self._selected.get(what)  # type: ignore[call-overload]
            if handle is not None and handle.value != name:
                handle.value = name
        if frame.perturbations != self._acting:
            self._acting = frame.perturbations
            names = self._acting or (_NOBODY,)
            self._over.options = names
        if (paused := frame.speed == 0.0) != self._paused:
            self._paused = paused
            self._pause.label = "Go on" if paused else "Pause"

    def _perturbations(self, anatomy: Anatomy) -> None:
        kinds = dict(offered(anatomy))
        choice = self._gui.add_dropdown("what", tuple(kinds), hint="Legs break and heal by a click on them, too.")
        groups = {name: self._group(name, knobs, visible=name == choice.value) for name, knobs in kinds.items()}

        def chosen(_: object) -> None:
            for name, folder in groups.items():
                folder.visible = name == choice.value

        choice.on_update(chosen)
        self._over = self._gui.add_dropdown("acting", (_NOBODY,))
        buttons = self._gui.add_button_group("", ("End it", "End all"))

        def ended(_: object) -> None:
            if self._over.value != _NOBODY:
                self._send(End(None if buttons.value == "End all" else self._over.value))

        buttons.on_click(ended)

    def _group(self, name: str, knobs: list[Knob], *, visible: bool) -> viser.GuiFolderHandle:
        """Return a folder of controls of one perturbation, with the button that lets it happen."""
        folder = self._gui.add_folder(None, visible=visible)
        with folder:
            handles = {knob.key: self._knob(knob) for knob in knobs}
            button = self._gui.add_button("Let it happen", icon=viser.Icon.BOLT)

        def happen(_: object) -> None:
            values = {key: handle.value for key, handle in handles.items()}
            self._send(Begin(text(name, values, knobs)))

        button.on_click(happen)
        return folder

    def _knob(self, knob: Knob) -> Any:
        if isinstance(knob, Number):
            step = min(knob.step, knob.high - knob.low)
            return self._gui.add_slider(knob.key, knob.low, knob.high, step, knob.start)
        return self._gui.add_dropdown(knob.key, knob.names)

    def _select(self, what: What, names: tuple[str, ...] | Any) -> None:
        if not names:
            return
        handle = self._selected[what] = self._gui.add_dropdown(what, tuple(names))

        def chosen(event: viser.GuiEvent[Any]) -> None:
            if event.client_id is not None:  # else it was set by `show`
                self._send(Switch(what, handle.value))

        handle.on_update(chosen)

    def _time(self, seed: int) -> None:
        self._pause = self._gui.add_button("Pause", icon=viser.Icon.PLAYER_PAUSE)
        step = self._gui.add_button("One tick", icon=viser.Icon.PLAYER_SKIP_FORWARD)
        speeds = _SPEEDS | ({_FASTEST: None} if self._about.fast else {})
        speed = self._gui.add_dropdown("speed", tuple(speeds), initial_value="real time")
        number = self._gui.add_number("seed", seed, min=0, step=1)
        again = self._gui.add_button(
            "Begin again", icon=viser.Icon.REFRESH, hint="As the command line said, with this seed."
        )
        self._pause.on_click(lambda _: self._send(Pace(speeds[speed.value] if self._paused else 0.0)))
        step.on_click(lambda _: self._send(Step()))
        speed.on_update(lambda _: None if self._paused else self._send(Pace(speeds[speed.value])))
        again.on_click(lambda _: self._send(Reset(max(0, int(number.value)))))

    def _player(self) -> None:
        end = max(self._about.seconds, _TENTH)
        self._at: Any = self._gui.add_slider("time [s]", 0.0, end, _TENTH, 0.0)
        self._pause = self._gui.add_button("Pause", icon=viser.Icon.PLAYER_PAUSE)
        speed = self._gui.add_dropdown("speed", tuple(_PLAYED), initial_value="real time")
        self._at.on_update(lambda event: None if event.client_id is None else self._send(Seek(self._at.value)))
        self._pause.on_click(lambda _: self._send(Pace(_PLAYED[speed.value] if self._paused else 0.0)))
        speed.on_update(lambda _: self._send(Pace(_PLAYED[speed.value])))

    def _played(self, frame: Frame) -> None:
        """Move the slider on, where nobody pauses to move it."""
        self._paused = frame.speed == 0.0
        self._pause.label = "Go on" if self._paused else "Pause"
        if not self._paused:
            self._at.value = min(round(frame.record.time, 1), max(self._about.seconds, _TENTH))

    def _remark(self) -> None:
        said: Any = self._gui.add_text("", "", hint="What you see, with its time.")
        button = self._gui.add_button("Write it down")

        def remarked(_: object) -> None:
            if said.value.strip():
                self._send(Remark(said.value.strip()[:400]))
                said.value = ""

        button.on_click(remarked)
