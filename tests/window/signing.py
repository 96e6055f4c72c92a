"""The steps that sign, attach and take back: from a key that is made to a verdict, by clicks and keys alone."""

import base64
import json
import os
import shutil
import subprocess

import images
import peer
from stage import SIZES, THEMES, check
from steps import BUSYBOX, shoot_everywhere, step, wait_for_busybox

PASSPHRASE = "correct horse battery"
WRONG = "wrong horse battery"
# A policy that accepts what this key signed.
TRUST = """version = 1
[[rule]]
scope = "*"
signers = ["release"]
level = "both"
[[signer]]
name = "release"
key = {key}
"""


def choose(stage, menu, command):
    stage.window.click(menu)
    stage.window.click(command, "menuItem")


def make_key(stage, name):
    """In the dialog of keys: a new one, with its passphrase twice."""
    window = stage.window
    window.click("New key…", "button")
    window.wait_for("Name", "textInput")
    window.type(name)
    for field in ["New passphrase", "Passphrase once more"]:
        window.click(field, "passwordInput")
        window.type(PASSPHRASE)
    window.wait_gone("The two are not the same.")


def fill(stage, field, text, role="textInput"):
    window = stage.window
    window.click(field, role)
    window.key("Ctrl+A")
    window.type(str(text))


def press(stage, word):
    """Presses the main button once it is ready."""
    stage.window.wait(
        lambda tree: [node for node in tree.find(word, "button", exact=True) if not node.disabled],
        f"{word!r} cannot be pressed",
        30,
    )
    # the lowest of that name: the dialog's own, not one of the bars behind it
    nodes = [node for node in stage.window.tree().find(word, "button", exact=True) if node.bounds]
    stage.window.click_at(*max(nodes, key=lambda node: node.bounds[1]).middle)


def sign(stage, passphrases):
    """In the dialog that signs: everything of the index; the last of `passphrases` is right."""
    window = stage.window
    window.wait_for("Index and 2 platforms", "radioButton")
    window.click("Index and 2 platforms", "radioButton")
    window.wait_for("linux/arm64", "row")
    for passphrase in passphrases:
        fill(stage, "Passphrase", passphrase, "passwordInput")
        press(stage, "Sign")
        if passphrase != passphrases[-1]:
            window.wait_for("The passphrase or the file is wrong", seconds=30)
    window.wait_for("Show signatures", "button", 60)


@step
def keys_to_signed(stage):
    """A key is made, an index and its platforms signed with it in a registry and in a folder, and found accepted."""
    folder = images.named(stage.folder / "signed-layout", "1.37.0")
    home = "signing"
    settings = stage.folder / home / "config/porthole"
    key = settings / "keys/release.pub"
    window = stage.start(home=home)
    stage.choose_theme("Light")
    choose(stage, "Tools", "Keys…")
    window.wait_for("There are no keys yet")
    window.settle()
    stage.shoot("keys-none")
    make_key(stage, "release")
    window.settle()
    stage.shoot("keys-new")
    window.click("Make the key", "button")
    window.wait_for("release, ECDSA P-256", "row", 30)
    window.click("Close", "button")
    for theme in THEMES:
        stage.choose_theme(theme)
        choose(stage, "Tools", "Keys…")
        window.wait_for("release, ECDSA P-256", "row")
        shoot_everywhere(stage, f"keys-{theme.lower()}")
        window.click("Close", "button")
    (settings / "trust.toml").write_text(TRUST.format(key=json.dumps(key.read_text())))
    with peer.DockerRegistry(stage.folder / "signed-registry") as there:
        name = "team/a-repository-with-a-rather-long-name/busybox"
        places = [f"docker://{there.host}/{name}:1.37.0", f"oci:{folder}:1.37.0"]
        subprocess.run([stage.binary, "copy", BUSYBOX, places[0]], check=True, capture_output=True)
        for theme, place in zip(THEMES, places):
            window = stage.start(place, home=home)
            wait_for_busybox(window)
            stage.choose_theme(theme)
            choose(stage, "Image", "Sign…")
            window.wait_for("Passphrase", "passwordInput")
            window.wait_for("Into a referrer of")
            shoot_everywhere(stage, f"sign-{theme.lower()}")
            sign(stage, [WRONG, PASSPHRASE] if place == places[0] else [PASSPHRASE])
            window.settle()
            stage.shoot(f"signed-{theme.lower()}")
            window.click("Show signatures", "button")
            window.wait_for("Trust: accepted", seconds=30)
            window.settle()
            stage.shoot(f"signatures-signed-{theme.lower()}")
            stage.resize(*SIZES[0])
            said = stage.program.said()
            check(PASSPHRASE not in said and WRONG not in said, "the program says a passphrase")
            verify = [stage.binary, "verify", "--all-platforms", "--key", key, place]
            verified = subprocess.run(verify, capture_output=True, text=True)
            check(verified.returncode == 0, f"porthole verify: {verified.stdout} {verified.stderr}")
            stage.check_alive()
        cosign_accepts(key, places[0])
    secrets_are_nowhere(stage, stage.folder / home)


def cosign_accepts(key, place):
    """Somebody else's tool accepts what was signed by clicks. Only where nobody asks for peers may it be missing."""
    cosign = shutil.which("cosign") or shutil.which("cosign", path=str(peer.TOOLS))
    if cosign is None:
        check(os.environ.get("PORTHOLE_REQUIRE_PEERS") != "1", "cosign is not installed: tests/peers/install")
        print("     cosign is not installed, and was not asked", flush=True)
        return
    command = [cosign, "verify", "--key", key, "--insecure-ignore-tlog", "--allow-http-registry"]
    command += ["--new-bundle-format", place.removeprefix("docker://")]
    verified = subprocess.run(command, capture_output=True, text=True)
    check(verified.returncode == 0, f"cosign does not accept it: {verified.stderr}")


def secrets_are_nowhere(stage, home):
    """Neither the state of the program nor its log has a passphrase, in any form in which one may be written."""
    words = [word.encode() for word in (PASSPHRASE, WRONG)]
    forms = [form for word in words for form in (word, word.hex().encode(), base64.b64encode(word).rstrip(b"=")[:-1])]
    files = [path for path in [*home.rglob("*"), *stage.folder.glob("program-*.log")] if path.is_file()]
    check(len(files) > 5, f"only {files} were looked at")
    for path in files:
        data = path.read_bytes()
        check(not any(form in data for form in forms), f"{path} has a passphrase")


def artifacts(folder):
    """The digest and type of everything in a layout that refers to something."""
    found = set()
    for entry in json.loads((folder / "index.json").read_text())["manifests"]:
        manifest = json.loads((folder / "blobs" / entry["digest"].replace(":", "/")).read_text())
        if "subject" in manifest:
            found.add((entry["digest"], manifest.get("artifactType")))
    return found


def own_sboms(tree):
    """The rows of SBOMs that are no part of BuildKit's attestations."""
    return [node for node in tree.find("SPDX SBOM, ", "row") if "provenance" not in node.label]


@step
def attach_and_remove(stage):
    """An SBOM is attached by clicks, recognised by what is in it, seen at once, and taken back after a question."""
    folder = images.named(stage.folder / "attached-layout", "1.37.0")
    sbom = stage.folder / "busybox.spdx.json"
    package = {"SPDXID": "SPDXRef-1", "name": "busybox", "versionInfo": "1.37.0"}
    sbom.write_text(json.dumps({"spdxVersion": "SPDX-2.3", "name": "busybox", "packages": [package]}))
    window = stage.start(f"oci:{folder}:1.37.0")
    wait_for_busybox(window)
    before = artifacts(folder)
    stage.choose_theme("Light")
    choose(stage, "Image", "Attach…")
    fill(stage, "File", sbom)
    window.wait_for("artifact of the type application/spdx+json", "row")
    shoot_everywhere(stage, "attach-light")
    press(stage, "Attach")
    window.wait_for("Show referrers", "button", 30)
    window.click("Show referrers", "button")
    window.wait_for("SPDX SBOM, ", "row")
    added = artifacts(folder) - before
    check([kind for _, kind in added] == ["application/spdx+json"], f"this was written: {added}")
    window.click_at(*own_sboms(window.tree())[0].middle)
    window.click("Remove…", "button")
    window.wait_for("Keep it", "button")
    window.settle()
    stage.shoot("remove-referrer")
    press(stage, "Remove")
    window.wait_gone("Keep it")
    window.wait(
        lambda tree: tree.find("Referrers", "tab") and not own_sboms(tree), "what was removed is still listed", 30
    )
    check(artifacts(folder) == before, f"this was left or lost: {artifacts(folder) ^ before}")
    stage.resize(*SIZES[0])
    stage.check_alive()
