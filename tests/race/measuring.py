"""What a command takes."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path


class Failed(SystemExit):
    """A command that failed; what it said was printed."""


def measure(command, environment):
    """Seconds, seconds of processor, and bytes of memory at the peak, of a command whose output goes nowhere."""
    command = [str(word) for word in command]
    peak = 0
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    ended = threading.Event()
    own = os.readlink("/proc/self/exe")
    said = []

    # what the system counts for a process begins with the size of the one that started it
    def look():
        nonlocal peak
        while not ended.wait(0.004):
            try:
                started = os.readlink(f"/proc/{process.pid}/exe") != own or command[0] == sys.executable
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                return
            found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
            if found and started:
                peak = max(peak, int(found[0]) << 10)

    watchers = [threading.Thread(target=look), threading.Thread(target=lambda: said.append(process.stderr.read()))]
    for watcher in watchers:
        watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    ended.set()
    for watcher in watchers:
        watcher.join()
    if status != 0:
        sys.stderr.buffer.write(said[0])
        raise Failed(f"race: {' '.join(command)} failed")
    return took, usage.ru_utime + usage.ru_stime, peak
