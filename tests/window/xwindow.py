"""What other programs on an X display do to a window: drop files on it, ask it to close. Needs python3-xlib."""

import select
import time
from urllib.parse import quote

from Xlib import X, Xatom, display
from Xlib.protocol import event

# A stall longer than this is a failure of the target, in seconds.
PATIENCE = 5


class Client:
    """A client of the display, beside the program that is looked at."""

    def __init__(self, name):
        self.display = display.Display(name)
        self.root = self.display.screen().root
        self.atom = self.display.intern_atom
        # The pointer begins in the middle of the display; there it would rest on what the window has there.
        size = self.root.get_geometry()
        self.root.warp_pointer(size.width - 1, size.height - 1)
        self.display.sync()

    def close(self):
        self.display.close()

    def find(self, title):
        """The window whose title holds the text."""
        windows = [self.root]
        while windows:
            window = windows.pop()
            name = window.get_full_text_property(self.atom("_NET_WM_NAME")) or window.get_wm_name() or ""
            if title in str(name):
                return window
            windows.extend(window.query_tree().children)
        raise LookupError(f"no window is called {title!r}")

    def tell(self, window, kind, *values):
        values = (*values, 0, 0, 0, 0, 0)[:5]
        window.send_event(event.ClientMessage(window=window, client_type=self.atom(kind), data=(32, values)))
        self.display.flush()

    def ask_to_close(self, title):
        """What the window manager sends when the user clicks the cross."""
        self.tell(self.find(title), "WM_PROTOCOLS", self.atom("WM_DELETE_WINDOW"), X.CurrentTime)

    def drag(self, title, paths):
        return Drag(self, self.find(title), paths)


class Drag:
    """Files held over a window, by the XDND protocol, version 5: `over` until it says that it would take them, then `drop`."""

    def __init__(self, client, target, paths):
        if target.get_full_property(client.atom("XdndAware"), Xatom.ATOM) is None:
            raise LookupError("the window takes no drops")
        self.client, self.target = client, target
        self.uris = "".join(f"file://{quote(str(path))}\r\n" for path in paths).encode()
        self.source = client.root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        self.source.set_selection_owner(client.atom("XdndSelection"), X.CurrentTime)
        client.tell(target, "XdndEnter", self.source.id, 5 << 24, client.atom("text/uri-list"))

    def over(self):
        """Moves over the middle of the window; says whether it would take the files."""
        size = self.target.get_geometry()
        corner = self.target.translate_coords(self.client.root, 0, 0)
        x, y = size.width // 2 - corner.x, size.height // 2 - corner.y
        copy = self.client.atom("XdndActionCopy")
        self.client.tell(self.target, "XdndPosition", self.source.id, 0, x << 16 | y, X.CurrentTime, copy)
        return bool(self._wait_for("XdndStatus").data[1][1] & 1)

    def drop(self):
        """Lets go of the files; TimeoutError unless the window fetches them and says that it is finished."""
        self.client.tell(self.target, "XdndDrop", self.source.id, 0, X.CurrentTime)
        self._wait_for("XdndFinished")
        self.source.destroy()
        self.client.display.flush()

    def leave(self):
        """Takes the files away again."""
        self.client.tell(self.target, "XdndLeave", self.source.id)
        self.source.destroy()
        self.client.display.flush()

    def _wait_for(self, kind):
        """The target's next message of that kind; on the way it is given the list of files when it asks."""
        wanted, end = self.client.atom(kind), time.monotonic() + PATIENCE
        connection = self.client.display
        while time.monotonic() < end:
            if not connection.pending_events():
                select.select([connection.fileno()], [], [], 0.05)
                continue
            received = connection.next_event()
            if received.type == X.SelectionRequest:
                self._hand_over(received)
            elif received.type == X.ClientMessage and received.client_type == wanted:
                return received
        raise TimeoutError(f"the window did not answer with {kind}")

    def _hand_over(self, request):
        request.requestor.change_property(request.property, request.target, 8, self.uris)
        request.requestor.send_event(
            event.SelectionNotify(
                time=request.time,
                requestor=request.requestor,
                selection=request.selection,
                target=request.target,
                property=request.property,
            )
        )
        self.client.display.flush()
