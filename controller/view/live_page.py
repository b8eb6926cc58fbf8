"""The page itself: a scene, curves and words for all who look, controls for the one that drives."""

from __future__ import annotations

import logging
import socket
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import viser
from viser import _messages

from controller.settings import robots
from controller.telemetry.run_log import FloatArray
from controller.view import words
from controller.view.about import LISTENING, About, Address
from controller.view.audience import Audience
from controller.view.controls import Controls, Send
from controller.view.frame import FRAMES, Frame
from controller.view.gate import Gate
from controller.view.orders import ORDERS, Begin, End, Order, Pages
from controller.view.plots import Curves
from controller.view.stage import Stage
from controller.view.wheel import PATH, Wheel, page_of
from hardware.processes import orphaned
from hardware.servo.ring import Follower, RecordRing

_log = logging.getLogger(__name__)

_PICTURES, _WORDS = 20.0, 4.0
"""Pictures, and words and curves, a second."""
_LOOK = 0.01
_APART = 0.12
"""Half the distance between two runs side by side [m], for a robot of a crawler's size."""
_WATCHING = "Another page drives this run; this one watches. It drives when the other leaves or hands over."
_SHARE = (_messages.ShareUrlRequest, _messages.ShareUrlDisconnect)
_UPLOADS = (_messages.FileTransferStartUpload, _messages.FileTransferPart)


def show(about: About, address: Address, ticks: RecordRing, orders: Connection, commands: Connection) -> None:
    """Show what comes until the process that sends it is gone. Raises OSError where the page cannot listen."""
    gate, wheel = Gate(address, index(steered=about.steering is not None)), None
    if about.steering is not None:
        wheel = Wheel(about.steering, commands, gate.refuse)
        gate.sockets[PATH] = wheel.listen
    server = listen(address, gate)
    page = Page(server, about, gate, lambda order: orders.send_bytes(ORDERS.dump_json(order)), wheel)
    found = Address(address.host, server.get_port(), address.token)
    orders.send_bytes(f"{LISTENING}{found.url}".encode())
    follower, drawn, said = Follower(ticks, from_start=True), 0.0, 0.0
    while not orphaned():
        for line in iter(follower.take, None):
            page.note(FRAMES.validate_json(line))
        now = time.monotonic()
        if now - drawn >= 1.0 / _PICTURES and page.draw():
            drawn = now
        if now - said >= 1.0 / _WORDS:
            page.say()
            said = now
        time.sleep(_LOOK)


def index(*, steered: bool) -> bytes:
    """Return viser's page with what has to run before it."""
    page = (Path(viser.__file__).parent / "client" / "build" / "index.html").read_text(encoding="utf-8")
    script = Path(__file__).with_name("page.js").read_text(encoding="utf-8").replace("STEERED", str(steered).lower())
    return page.replace("<head>", f"<head><script>{script}</script>", 1).encode()


def listen(address: Address, gate: Gate) -> viser.ViserServer:
    """Return a server that checks who comes. Raises OSError where it cannot listen there."""
    if address != Address():
        with socket.create_server((address.host, address.port), family=_family(address)):
            pass  # viser would try other ports, and for ever
    with gate.closed():
        server = viser.ViserServer(host=address.host, port=address.port, label="Limber", verbose=False)
    for kind in (*_SHARE, *_UPLOADS):  # nothing is put on the internet, and nothing is taken in
        server._websock_server.unregister_handler(kind)
    return server


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address.host else socket.AF_INET


class Page:
    """What is shown, and to whom."""

    def __init__(
        self, server: viser.ViserServer, about: About, gate: Gate, send: Send, wheel: Wheel | None = None
    ) -> None:
        self._server, self._about, self._gate, self._pass_on, self._wheel = server, about, gate, send, wheel
        self._audience, self._lock = Audience(), threading.RLock()
        self._controls: tuple[int, Controls] | None = None
        self._newest: list[Frame | None] = [None for _ in about.headers]
        self._fresh = False
        header = about.headers[0]
        self._anatomy = robots.spec(header.source or header.robot).anatomy
        server.gui.configure_theme(show_logo=False, show_share_button=False, control_width="medium")
        server.scene.configure_default_lights(enabled=True, cast_shadow=False)
        self._stages = [
            Stage(
                server,
                each,
                (self._leg, self._push),
                f"run{index}",
                2.0 * index * _APART - (len(about.headers) - 1) * _APART,
            )
            for index, each in enumerate(about.headers)
        ]
        for stage, each in zip(self._stages, about.headers, strict=True):
            if len(self._stages) > 1:
                stage.label(each.brain)
        self._panel()
        self._camera()
        server.on_client_connect(self._came)
        server.on_client_disconnect(self._left)

    def note(self, frame: Frame) -> None:
        """Take in a tick."""
        stage, before = self._stages[frame.run], self._newest[frame.run]
        if before is not None and frame.record.time < before.record.time:
            stage.clear()
            stage.course(self._about.headers[frame.run].path)
        if before is None or frame.record.time != before.record.time:
            stage.note(frame)
            self._curves.add(frame.record, frame.run)
        self._newest[frame.run], self._fresh = frame, True

    def draw(self) -> bool:
        """Draw the newest ticks; return whether there were any."""
        if not self._fresh:
            return False
        self._fresh = False
        with self._server.atomic():
            for stage, frame in zip(self._stages, self._newest, strict=True):
                if frame is not None:
                    stage.draw(frame)
        return True

    def say(self) -> None:
        """Bring words, curves and controls up to date."""
        frames = [frame for frame in self._newest if frame is not None]
        if not frames:
            return
        about = self._about
        told = [words.state(f, about.headers[f.run], about.seconds) for f in frames]
        self._words.content = "\n\n".join(told)
        self._curves.draw()
        with self._lock:
            if self._controls is not None:
                self._controls[1].show(frames[0])

    def _panel(self) -> None:
        server, header = self._server, self._about.headers[0]
        panel = server.gui.add_panel()
        with panel.add_tab(header.robot):
            self._words = server.gui.add_markdown("It is about to begin.")
            server.gui.add_html(self._stages[0].legend)
            self._curves = Curves(server, self._about.headers)
        panel.dock_left()
        panel.set_width(400)
        server.gui.main_panel.dock_right()
        server.gui.main_panel.set_width(310)

    def _camera(self) -> None:
        scale, camera = self._stages[0].scale, self._server.initial_camera
        camera.position = (-0.26 * scale, -0.24 * scale, 0.22 * scale)
        camera.look_at = (0.02 * scale, 0.0, 0.01 * scale)
        camera.near = 0.03 * scale  # the nearer, the fewer depths are told apart

    def _came(self, client: viser.ClientHandle) -> None:
        for kind in _UPLOADS:
            client.gui._websock_interface.unregister_handler(kind)
        with self._lock:
            self._audience.come(client.client_id)
            self._seat()

    def _left(self, client: viser.ClientHandle) -> None:
        with self._lock:
            self._audience.leave(client.client_id)
            self._seat()

    def _seat(self) -> None:
        """Give the page that drives its controls, and tell the others that they watch."""
        driver = self._audience.driver
        if self._wheel is not None:
            here = self._server._websock_server._live_connections
            connection = None if driver is None else here.get(driver)
            self._wheel.driver = "" if connection is None else page_of(connection)
        self._send(Pages(len(self._audience)))
        if self._controls is not None and self._controls[0] == driver:
            newcomers = [client for client in self._server.get_clients().values() if client.client_id != driver]
        else:
            newcomers = list(self._server.get_clients().values())
            self._controls = None
        for client in newcomers:
            client.gui.reset()
            if client.client_id == driver:
                self._controls = driver, self._seated(client)
            else:
                client.gui.add_markdown(_WATCHING, order=10.0)

    def _seated(self, client: viser.ClientHandle) -> Controls:
        controls = Controls(client.gui, self._about, self._anatomy, self._about.headers[0].seed, self._send)
        button = client.gui.add_button("Hand over to the next page", order=14.0)

        def handed(_: object) -> None:
            with self._lock:
                self._audience.hand_over(client.client_id)
                if self._audience.driver != client.client_id:
                    self._seat()

        button.on_click(handed)
        return controls

    def _leg(self, leg: str, page: int) -> None:
        """Break a leg that was clicked, or heal it."""
        frame = self._newest[0]
        if frame is None or not self._may(page):
            return
        lost = [each for each in frame.perturbations if each.startswith("leg_loss:") and leg in each]
        self._send(End(lost[0]) if lost else Begin(f"leg_loss:leg={leg}"))

    def _push(self, drag: FloatArray, page: int) -> None:
        """Push the robot as far as its trunk was dragged: as hard as it can be at the size of its kind."""
        if not self._may(page):
            return
        most, stage = self._anatomy.push, self._stages[0]
        x, y, z = np.clip(most * stage.on_ground(drag) / stage.body.scale, -most, most)
        self._send(Begin(f"push:x={x:.3g},y={y:.3g},z={z:.3g}"))

    def _may(self, page: int) -> bool:
        """Whether a page may do something to the robot; where not, it is told why."""
        if self._about.mode != "simulated":
            return False
        if page == self._audience.driver:
            return True
        self._gate.refuse("a page that watches clicked on something", f"page {page}")
        if (client := self._server.get_clients().get(page)) is not None:
            client.add_notification("Not this page", _WATCHING, auto_close_seconds=5.0)
        return False

    def _send(self, order: Order) -> None:
        with self._lock:
            self._pass_on(order)
