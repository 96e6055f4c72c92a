"""A desktop for one program: a virtual X display, folders of its own, and what the kernel says of the process."""

import os
import re
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

from inspection import Window

SCREEN = (1440, 900)
# The most that a start may take before the window answers, in seconds: a debug build on a busy machine is slow.
START_SECONDS = 60


class Display:
    """Xvfb on a free display."""

    def __init__(self, log):
        read, write = os.pipe()
        command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{SCREEN[0]}x{SCREEN[1]}x24", "-nolisten", "tcp"]
        self.process = subprocess.Popen(
            command, pass_fds=[write], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        os.close(write)
        if not select.select([read], [], [], 20)[0]:
            self.stop()
            raise RuntimeError("Xvfb does not start")
        with os.fdopen(read) as answer:
            self.name = ":" + answer.readline().strip()
        if self.name == ":":
            raise RuntimeError("Xvfb ended at once")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Program:
    """A running Porthole, with its window answering."""

    def __init__(self, binary, arguments, environment, log):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.log = Path(log)
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [binary, *arguments],
                env={**environment, "EGUI_INSPECTION": f"127.0.0.1:{port}"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            self.window = Window(port, START_SECONDS)
        except OSError as error:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"the window does not answer ({error}); the program said: {self.said()}") from error

    def said(self):
        return self.log.read_text(errors="replace").strip()

    def is_running(self):
        return self.process.poll() is None

    def first_frame_ms(self):
        """Milliseconds from the start to the first frame, as the program itself says."""
        said = re.search(r"^first frame after (\d+) ms", self.said(), re.MULTILINE)
        if said is None:
            raise RuntimeError("the program did not say `first frame after N ms`")
        return int(said.group(1))

    def resident_mib(self):
        """Memory in use now and at its highest, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return [int(re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE).group(1)) / 1024 for name in ("VmRSS", "VmHWM")]

    def processor_seconds(self):
        """Seconds of processor time used so far, by all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        """Ends the program, however it is."""
        if hasattr(self, "window"):
            self.window.close()
        if self.is_running():
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def ended(self, seconds):
        """Waits for the program to end by itself; its exit code, negative for a signal, or None if it goes on."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


def environment(home, display):
    """An environment in which the program finds nothing of the user's own."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "RUST_BACKTRACE", "RUST_LOG") if name in os.environ}
    folders = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / "config",
        "XDG_CACHE_HOME": home / "cache",
        "XDG_DATA_HOME": home / "data",
        "XDG_STATE_HOME": home / "state",
        "XDG_RUNTIME_DIR": home / "run",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    folders["XDG_RUNTIME_DIR"].chmod(0o700)
    return {
        "LANG": "C.UTF-8",
        **kept,
        **{name: str(folder) for name, folder in folders.items()},
        "DISPLAY": display,
        "LIBGL_ALWAYS_SOFTWARE": "1",
        # No session bus: nothing asks the user's desktop for its theme, dialogs or screen reader.
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        "PORTHOLE_STARTUP_TRACE": "1",
    }


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def interrupt_as_exit():
    """Makes an asked-for end run the `finally` blocks, so that no display or program stays behind."""

    def leave(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
