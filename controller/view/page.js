// Runs before the page itself: gives this tab a name, so that only the one that drives is heard, and where the robot is
// steered sends what keys, the stick and a gamepad say, 20 times a second while they say anything.
(() => {
  const here = new URL(location.href), token = here.searchParams.get("token") ?? "";
  const name = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const socketAt = (path) => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    return `${scheme}://${location.host}/${path}?${new URLSearchParams({ token, page: name })}`;
  };
  here.searchParams.set("websocket", socketAt(""));
  history.replaceState(null, "", here);
  if (!STEERED) return;

  const KEYS = {
    w: [1, 0, 0], arrowup: [1, 0, 0], s: [-1, 0, 0], arrowdown: [-1, 0, 0], q: [0, 1, 0], e: [0, -1, 0],
    a: [0, 0, 1], arrowleft: [0, 0, 1], d: [0, 0, -1], arrowright: [0, 0, -1],
  };
  const held = new Set();
  let stick = [0, 0, 0], quiet = 0, socket = null;
  const typing = () => ["INPUT", "TEXTAREA"].includes(document.activeElement?.tagName);
  const key = (event, down) => {
    const pressed = event.key.toLowerCase();
    if (!(pressed in KEYS) || event.ctrlKey || event.metaKey || event.altKey || (down && typing())) return;
    if (down) held.add(pressed); else held.delete(pressed);
    event.stopImmediatePropagation();  // the page would move its camera
    event.preventDefault();
  };
  addEventListener("keydown", (event) => key(event, true), true);
  addEventListener("keyup", (event) => key(event, false), true);
  addEventListener("blur", () => { held.clear(); stick = [0, 0, 0]; });

  const pad = () => {
    const found = navigator.getGamepads?.().find((each) => each?.connected);
    const axis = (index) => { const value = found?.axes[index] ?? 0; return Math.abs(value) < 0.12 ? 0 : -value; };
    return [axis(1), axis(0), axis(2)];
  };
  const wanted = () => {
    const parts = [stick, pad(), ...Array.from(held, (pressed) => KEYS[pressed])];
    return [0, 1, 2].map((axis) => Math.max(-1, Math.min(1, parts.reduce((sum, part) => sum + part[axis], 0))));
  };
  const connect = () => {
    socket = new WebSocket(socketAt("steer"));
    socket.onclose = () => setTimeout(connect, 1000);
  };
  connect();
  setInterval(() => {
    const told = wanted();
    quiet = told.some((value) => value !== 0) ? 0 : quiet + 1;
    if (quiet < 6 && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(told));
  }, 50);

  addEventListener("DOMContentLoaded", () => {
    const base = document.createElement("div"), knob = document.createElement("div");
    base.id = "limber-stick";
    base.title = "Drag to steer; or W A S D, arrows, Q E, a gamepad";
    base.style.cssText = "position:fixed;left:50%;bottom:24px;width:132px;height:132px;margin-left:-66px;z-index:50;" +
      "border-radius:50%;background:rgba(28,32,38,.12);border:2px solid rgba(28,32,38,.35);touch-action:none;cursor:grab";
    knob.style.cssText = "position:absolute;left:44px;top:44px;width:40px;height:40px;border-radius:50%;background:#228be6;" +
      "pointer-events:none";
    base.append(knob);
    document.body.append(base);
    const move = (right, down) => { knob.style.transform = `translate(${44 * right}px,${44 * down}px)`; };
    const drag = (event) => {
      const box = base.getBoundingClientRect();
      let right = (event.clientX - box.left - 66) / 44, down = (event.clientY - box.top - 66) / 44;
      const far = Math.max(1, Math.hypot(right, down));
      right /= far; down /= far;
      stick = [-down, 0, -right];
      move(right, down);
    };
    const end = () => { stick = [0, 0, 0]; move(0, 0); base.onpointermove = null; };
    base.onpointerdown = (event) => { base.setPointerCapture(event.pointerId); drag(event); base.onpointermove = drag; };
    base.onpointerup = base.onpointercancel = end;
  });
})();
