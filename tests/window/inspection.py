"""Reads and drives a running window over egui's inspection protocol.

The window answers on a loopback port when it is built with the feature `inspection` and started with
`EGUI_INSPECTION=HOST:PORT`. A connection begins with 4 magic bytes and the version (4 bytes, big endian); then each
request and each answer is a MessagePack value after its length (4 bytes, big endian), one answer a request. The
shapes are those of `egui_inspection::{Request, Response}`, `egui::Event` and `accesskit::TreeUpdate` as serde writes
them: a struct is an array of its fields, an enum variant its name or a map from its name to its fields.
"""

import socket
import struct
import time

import messagepack

MAGIC = b"eins\x00\x00\x00\x01"
# How long the window may take to answer one request; it gives up by itself after 20 s.
ANSWER_SECONDS = 30
DISABLED = 1 << 9  # accesskit's flag
BUTTONS = {"Primary", "Secondary", "Middle"}


class NotFound(Exception):
    """Something that should be on the screen is not there, or the other way round."""


class Node:
    """One node of the accessibility tree: what a screen reader is told."""

    def __init__(self, data, properties_of, depth):
        self.role, _, _, flags, properties = data
        self.depth = depth
        self.disabled = bool(flags & DISABLED)
        self.selected = properties.get("selected") is True
        self.expanded = properties.get("expanded")
        self.toggled = str(properties.get("toggled")).lower() == "true"
        self.value = properties.get("value") or ""
        # [left, top, right, bottom] in points from the window's corner
        self.bounds = properties.get("bounds")
        self.label = properties.get("label") or ""
        if not self.label:
            named_by = (properties_of(node) for node in properties.get("labelledBy") or [])
            self.label = " ".join(by.get("label") or by.get("value") or "" for by in named_by)

    @property
    def texts(self):
        return [text for text in (self.label, self.value) if text]

    @property
    def middle(self):
        left, top, right, bottom = self.bounds
        return (left + right) / 2, (top + bottom) / 2

    def line(self):
        marks = [
            name
            for name, on in (
                ("disabled", self.disabled),
                ("selected", self.selected),
                (f"expanded={self.expanded}", self.expanded is not None),
                ("toggled", self.toggled),
            )
            if on
        ]
        bounds = self.bounds and "[{:.0f},{:.0f} {:.0f},{:.0f}]".format(*self.bounds)
        words = [self.role, ascii(self.label) if self.label else "", self.value and f"= {ascii(self.value)}", bounds]
        return "  " * self.depth + " ".join(word for word in [*words, *marks] if word)


class Tree:
    """All nodes at one moment, in the order in which a screen reader meets them."""

    def __init__(self, update, frame):
        self.frame = frame
        data, root = dict(update[0]), update[1][0]
        self.nodes = []
        stack = [(root, 0)]
        while stack:
            here, depth = stack.pop()
            if here not in data or data[here][0] == "textRun":
                continue  # a text run repeats the letters of the node above it
            self.nodes.append(Node(data[here], lambda node: data[node][4] if node in data else {}, depth))
            stack.extend((child, depth + 1) for child in reversed(data[here][4].get("children") or []))

    def find(self, text, role=None, exact=False):
        """The nodes whose label or value holds the text, or is the text."""
        return [
            node
            for node in self.nodes
            if (role is None or node.role == role)
            and any(found == text if exact else text in found for found in node.texts)
        ]

    def dump(self):
        return "\n".join(node.line() for node in self.nodes) + "\n"


class Window:
    """A connection to a running window."""

    def __init__(self, port, seconds):
        """Connects as soon as the window listens; ConnectionError after so many seconds."""
        end = time.monotonic() + seconds
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
                break
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        if self._read(len(MAGIC)) != MAGIC:
            raise ConnectionError(f"what listens on port {port} does not speak version 1 of the inspection protocol")

    def _read(self, size):
        data = bytearray()
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise ConnectionError("the window is gone")
            data += part
        return bytes(data)

    def ask(self, request):
        body = messagepack.pack(request)
        self.socket.sendall(struct.pack(">I", len(body)) + body)
        (size,) = struct.unpack(">I", self._read(4))
        answer = messagepack.unpack(self._read(size))
        if isinstance(answer, dict) and "Error" in answer:
            raise ConnectionError(answer["Error"][0])
        return answer

    def tree(self):
        frame, _, update = self.ask("GetTree")["Tree"]
        if update is None:
            raise NotFound("the window gave no accessibility tree")
        return Tree(update, frame)

    def wait(self, condition, what, seconds=10):
        """Asks for the tree until `condition(tree)` is true of it, and answers that; NotFound says `what` is missing."""
        end = time.monotonic() + seconds
        while True:
            tree = self.tree()
            found = condition(tree)
            if found:
                return found
            if time.monotonic() > end:
                raise NotFound(f"after {seconds} s: {what}")
            time.sleep(0.05)

    def wait_for(self, text, role=None, seconds=10):
        return self.wait(lambda tree: tree.find(text, role), f"nothing says {text!r}", seconds)[0]

    def wait_gone(self, text, seconds=10):
        self.wait(lambda tree: not tree.find(text), f"something still says {text!r}", seconds)

    def settle(self, frames=600):
        """Waits until the window wants no more frames; NotFound when it never stops."""
        settled, _ = self.ask({"Settle": [frames]})["Settled"]
        if not settled:
            raise NotFound(f"the window still repaints after {frames} frames")

    def events(self, *events):
        self.ask({"ApplyEvents": [list(events)]})

    def click(self, text, role=None, exact=True, button="Primary"):
        """Clicks what has that name, as soon as it is there, enabled, and where it was a frame before."""
        assert button in BUTTONS
        before = None

        def target(tree):
            nonlocal before
            nodes = (node for node in tree.find(text, role, exact) if node.bounds and not node.disabled)
            bounds = next((node.bounds for node in nodes), None)
            still, before = bounds is not None and bounds == before, bounds
            return still

        self.wait(target, f"nothing to click is called {text!r}")
        left, top, right, bottom = before
        self.click_at((left + right) / 2, (top + bottom) / 2, button)

    def click_at(self, x, y, button="Primary"):
        """Pressed and let go in one frame: on a busy machine two may lie further apart than a click may last (0.8 s)."""
        self.move(x, y)
        self.events(*({"PointerButton": [[x, y], button, pressed, modifiers()]} for pressed in (True, False)))

    def drag(self, begin, end, steps=8):
        """Takes what is at one place to another, and lets it go there."""
        button = lambda at, pressed: {"PointerButton": [list(at), "Primary", pressed, modifiers()]}
        self.move(*begin)
        self.events(button(begin, True))
        for step in range(1, steps + 1):
            part = step / steps
            self.move(*(a + (b - a) * part for a, b in zip(begin, end)))
        self.events(button(end, False))

    def move(self, x, y):
        self.events({"PointerMoved": [float(x), float(y)]})

    def type(self, text):
        self.events({"Text": text})

    def key(self, chord):
        """Presses and lets go of a key: `Enter`, `Ctrl+Shift+P`."""
        *held, name = chord.split("+")
        with_held = modifiers(*held)
        for pressed in (True, False):
            self.events({"Key": [name, None, pressed, False, with_held]})

    def scroll(self, x, y, points):
        """Turns the wheel over a place; positive shows what is above."""
        self.events(
            {"PointerMoved": [float(x), float(y)]},
            {"MouseWheel": ["Point", [0.0, float(points)], "Move", "Unknown", modifiers()]},
        )

    def resize(self, width, height):
        self.ask({"Resize": [width, height]})

    def screenshot(self):
        """The window as PNG, and its width and height in pixels."""
        (width, height), png = self.ask({"GetScreenshot": [None]})["Screenshot"]
        return png, width, height

    def close(self):
        self.socket.close()


def modifiers(*held):
    names = {name.lower() for name in held}
    unknown = names - {"alt", "ctrl", "shift"}
    if unknown:
        raise ValueError(f"no such modifier: {unknown}")
    control = "ctrl" in names
    # alt, ctrl, shift, mac_cmd, command
    return ["alt" in names, control, "shift" in names, False, control]
