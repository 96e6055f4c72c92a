"""A real registry for the steps that write to one: Debian's docker-registry on a loopback port, in a folder of its own."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from stage import check

# Where tests/peers/install puts the tools of others.
TOOLS = Path(os.environ.get("PEERS") or Path.home() / ".cache/porthole-peers") / "bin"

ACCEPT = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in ("oci.image.index.v1", "oci.image.manifest.v1", "docker.distribution.manifest.v2")
)


class DockerRegistry:
    """Runs until it is closed. Deletion is on, nobody has to log in."""

    def __init__(self, folder):
        program = shutil.which("docker-registry")
        check(program, "docker-registry is not installed: tests/peers/install")
        folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.host = f"127.0.0.1:{port}"
        settings = {
            "version": 0.1,
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
            "http": {"addr": self.host},
        }
        (folder / "settings.yml").write_text(json.dumps(settings))
        log = open(folder / "log", "wb")
        self.process = subprocess.Popen([program, "serve", folder / "settings.yml"], stdout=log, stderr=log)
        log.close()

    def __enter__(self):
        end = time.monotonic() + 10
        while self.ask("/v2/")[0] != 200:
            check(time.monotonic() < end, "docker-registry does not answer")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def ask(self, path):
        """The status, and the digest of the content where there is one."""
        request = urllib.request.Request(f"http://{self.host}{path}", headers={"Accept": ACCEPT})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers.get("Docker-Content-Digest", "")
        except urllib.error.HTTPError as error:
            return error.code, ""
        except OSError:
            return 0, ""
