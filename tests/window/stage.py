"""What every step of the drive works with: the display, the program on it, and a person's ways with the window."""

import itertools

import desktop
import xwindow
from inspection import NotFound

TITLE = "Porthole"
ADDRESS_FIELD = "Reference"
VIEWS = ["Overview", "Platforms", "Layers", "Files", "Config", "Referrers", "Signatures", "Raw"]
THEMES = ["Light", "Dark"]
SIZES = [(1440, 900), (1024, 700)]
# What a person clicks, types or picks from a list; each must lie inside the window.
CONTROLS = {"button", "checkBox", "comboBox", "link", "menuItem", "radioButton", "tab", "textInput"}
EDGE = 1  # points by which a control may reach over the edge: it may be drawn half a line around


class Failed(AssertionError):
    """What a step found to be wrong."""


def check(condition, why):
    if not condition:
        raise Failed(why)


class Stage:
    def __init__(self, binary, folder, shots):
        self.binary, self.folder, self.shots = binary, folder, shots
        self.starts = itertools.count(1)
        self.display_log = open(folder / "display.log", "wb")
        self.display = desktop.Display(self.display_log)
        self.client = xwindow.Client(self.display.name)
        self.program = None

    def stop(self):
        self.stop_program()
        self.client.close()
        self.display.stop()
        self.display_log.close()

    # The program

    def start(self, *arguments, home=None):
        """Starts the program anew, as on the first day, or with what an earlier start left in that home."""
        self.stop_program()
        number = next(self.starts)
        environment = desktop.environment(self.folder / (home or f"home-{number}"), self.display.name)
        arguments = [str(argument) for argument in arguments]
        self.program = desktop.Program(self.binary, arguments, environment, self.folder / f"program-{number}.log")
        return self.window

    def stop_program(self):
        if self.program:
            self.program.stop()
        self.program = None

    @property
    def window(self):
        """The window of the running program, started if need be: a step does not depend on the one before it."""
        if self.program is None or not self.program.is_running():
            self.program = None
            self.start()
        return self.program.window

    def check_alive(self):
        check(self.program.is_running(), f"the program ended; it said: {self.program.said()}")
        check("panicked" not in self.program.said(), f"a thread panicked: {self.program.said()}")

    # The window

    def open(self, reference):
        """Types a reference into the address bar and presses Enter."""
        window = self.window
        window.click(ADDRESS_FIELD, "textInput")
        window.key("Ctrl+A")
        window.type(str(reference))
        window.key("Enter")

    def wait_to_read(self, text, seconds=10):
        """Waits until the window says something; what stands in a field was typed there, and is not said."""
        self.window.wait(
            lambda tree: [node for node in tree.find(text) if node.role != "textInput"],
            f"nothing says {text!r}",
            seconds,
        )

    def show_view(self, name):
        self.window.click(name, "tab")
        self.window.wait(
            lambda tree: any(node.selected or node.toggled for node in tree.find(name, "tab", exact=True)),
            f"the view {name} is not the chosen one",
        )

    def choose_theme(self, name):
        """Through the menu bar."""
        self.window.click("View")
        self.window.click(f"{name} theme", "menuItem")

    def resize(self, width, height):
        self.window.resize(width, height)
        self.window.wait(
            lambda _: self.window.screenshot()[1:] == (width, height), f"the window does not become {width} x {height}"
        )

    def check_controls(self, width, height):
        """Whatever there is to click, type in or choose has a name and does not reach out of the window, but for what
        is scrolled to: that lies below or above."""
        for node in self.window.tree().nodes:
            if node.role not in CONTROLS or node.bounds is None:
                continue
            left, _, right, _ = node.bounds
            inside = left >= -EDGE and right <= width + EDGE
            check(inside, f"partly outside of {width} x {height}: {node.line().strip()}")
            check(node.label or node.value, f"without a name: {node.line().strip()}")

    def shoot(self, name):
        """Takes a screenshot, keeps it where asked to, and answers its bytes."""
        png = self.window.screenshot()[0]
        if self.shots:
            (self.shots / f"{name}.png").write_bytes(png)
        return png

    def shoot_when_still(self):
        """A screenshot with the pointer away from everything and all animations over; its bytes."""
        self.window.move(-1, -1)
        self.window.settle()
        return self.window.screenshot()[0]

    def keep_evidence(self, step):
        """After a failure: how the window looked and what it told a screen reader, as far as that can still be had."""
        if self.program is None:
            return
        if not self.program.is_running():
            self.stop_program()
            return
        if self.shots is None:
            return
        try:
            self.shoot(f"failed-{step}")
            (self.shots / f"failed-{step}.txt").write_text(self.program.window.tree().dump())
        except (OSError, ValueError, NotFound) as error:
            print(f"     no evidence of it: {error}", flush=True)
            self.stop_program()
