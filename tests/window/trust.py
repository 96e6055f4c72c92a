"""The steps about who is asked, and about policies of others."""

import http.server
import json
import threading
from pathlib import Path

import images
import registry
from stage import SIZES, check
from steps import TRUST, shoot_everywhere, shoot_over_dialog, step


class Lookaside:
    """A web server that has no signatures, and counts who asks for them."""

    def __init__(self):
        self.asked = 0
        lookaside = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                lookaside.asked += 1
                self.send_error(404)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def remote_ports(process):
    """The ports on the far side of every connection that the process has."""
    inodes = set()
    for link in Path(f"/proc/{process}/fd").iterdir():
        try:
            name = str(link.readlink())
        except OSError:
            continue
        if name.startswith("socket:["):
            inodes.add(name[8:-1])
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes:
                ports.add(int(fields[2].rpartition(":")[2], 16))
    return ports


@step
def offline(stage):
    """Work offline: switched in the menu, seen in the status bar and the view, taken back there, and kept."""
    home = "offline"
    settings = stage.folder / home / "config"
    (settings / "porthole").mkdir(parents=True)
    (settings / "porthole/trust.toml").write_text(TRUST)
    with registry.Registry(images.BUSYBOX, ["team/app"], []) as there, Lookaside() as aside:
        folder = settings / "containers/registries.d"
        folder.mkdir(parents=True)
        lookaside = f"docker:\n  {there.host}:\n    lookaside: http://127.0.0.1:{aside.port}/signatures\n"
        (folder / "own.yaml").write_text(lookaside)
        window = stage.start(home=home)
        window.click("Edit")
        window.click("Work offline", "menuItem")
        window.wait_for("Offline", "button")
        stage.open(f"docker://{there.host}/team/app:amd64")
        window.wait_for("Trust: cannot say", "button")
        stage.show_view("Signatures")
        stage.wait_to_read("nobody else is asked offline")
        stage.wait_to_read("Go online")
        shoot_everywhere(stage, "offline")
        check(aside.asked == 0, f"the lookaside was asked {aside.asked} times")
        check(aside.port not in remote_ports(stage.program.process.pid), "a connection to the lookaside is open")
        window.click("Go online", "link")
        stage.wait_to_read(f"lookaside http://127.0.0.1:{aside.port}/signatures: none")
        check(aside.asked > 0, "the lookaside was not asked")
        window.click("Edit")
        window.click("Work offline", "menuItem")
        stage.wait_to_read("nobody else is asked offline")
        # kept when the program is ended in good order
        window.key("Ctrl+Q")
        check(stage.program.ended(20) == 0, "the program does not end")
        asked = aside.asked
        window = stage.start(home=home)
        window.wait_for("Offline", "button")
        stage.show_view("Signatures")
        stage.wait_to_read("nobody else is asked offline")
        check(aside.asked == asked, "the lookaside was asked after a new start")
        stage.check_alive()


@step
def import_policy(stage):
    """A policy of containers is taken over: shown with what cannot be said, written, judged by."""
    home = "import-policy"
    signing = images.FIXTURES / "signing"
    image = signing / "simple-signing-dir"
    by = {
        "type": "signedBy",
        "keyType": "GPGKeys",
        "keyPath": str(signing / "keys/gpg-pub.asc"),
        "signedIdentity": {"type": "exactRepository", "dockerRepository": "registry.example.org/fix/busybox"},
    }
    foreign = {
        "default": [{"type": "reject"}],
        "transports": {
            "dir": {str(image): [by]},
            "docker": {"registry.example.com": [{"type": "insecureAcceptAnything"}]},
            "docker-daemon": {"": [{"type": "insecureAcceptAnything"}]},
        },
    }
    window = stage.start(f"dir:{image}", home=home)
    window.wait_for("Trust: not judged", "button")
    file = stage.folder / home / "policy.json"
    file.write_text(json.dumps(foreign))
    stage.show_view("Signatures")
    window.click("Trust policy…")
    window.wait_for("Import…", "button")
    window.click("Import…", "button")
    window.click("File", "textInput")
    window.type(str(file))
    window.click("Show what would be written", "button")
    stage.wait_to_read("accepted unsigned there")
    policy = stage.folder / home / "config/porthole/trust.toml"
    check(not policy.exists(), "the policy was written before anybody said so")
    shoot_over_dialog(stage, "import-policy")
    stage.check_controls(*SIZES[0])
    window.click("Write to the policy", "button")
    stage.wait_to_read("every image is rejected")
    check("reject = true" in policy.read_text(), policy.read_text())
    shoot_over_dialog(stage, "import-policy-written")
    window.click("Close", "button")
    window.wait_for("Trust: accepted", "button")
    stage.check_alive()
