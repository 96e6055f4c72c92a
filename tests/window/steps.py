"""The steps of the drive, in order. Each is named after what it proves, and starts the program if it needs a fresh one.

`docs/capabilities.md` names these steps as `window: STEP`.
"""

import base64
import contextlib
import json
import socket
import subprocess
import tarfile
import time

import images
import peer
import registry
from stage import ADDRESS_FIELD, SIZES, THEMES, TITLE, VIEWS, check

# Limits for a release build on two cores without a graphics card; docs/performance.md says what was measured.
FIRST_FRAME_MS = 400
RESIDENT_MIB = 200
IDLE_SECONDS = 10
IDLE_PROCESSOR_PERCENT = 1.0
# Two for the question how many frames there were, one for a cursor that stops blinking.
IDLE_FRAMES = 3
LARGE_ENTRIES = 10_000
THOUSAND = 1_000
MANY_TAGS = 100_000
MANY_TAGS_MIB = 250
STARTS = 5
CANCEL_SECONDS = 1.0

BUSYBOX = f"oci:{images.BUSYBOX}:1.37.0"
# The beginning of the digest of busybox-small:1.37.0 and of its amd64 image.
INDEX_DIGEST = "baa09548"
AMD64_DIGEST = "5d4cf3e3"
PLATFORMS = ["linux/amd64", "linux/arm64"]
# What each view must say of busybox-small:1.37.0, linux/amd64.
IN_VIEW = {
    "Overview": [INDEX_DIGEST, *PLATFORMS],
    "Platforms": PLATFORMS,
    "Layers": ["ADD busybox-static", "68.3 KB"],
    "Files": ["bin", "etc"],
    "Config": ["amd64", "/bin/"],
    "Referrers": ["1 referrer", "SPDX SBOM, SLSA provenance"],
    "Signatures": ["Index: unsigned", "linux/amd64: unsigned"],
    "Raw": ["schemaVersion"],
}

STEPS = []


def step(act):
    """Registers a step under its function's name, with dashes."""
    STEPS.append((act.__name__.replace("_", "-"), act))
    return act


def is_held(connection):
    """Whether the other side of a connection has said what it wanted and not hung up."""
    connection.setblocking(False)
    try:
        while connection.recv(4096):
            pass
    except BlockingIOError:
        return True
    return False


def wait_for_busybox(window):
    for text in [INDEX_DIGEST, *PLATFORMS]:
        window.wait_for(text)


@step
def first_frame(stage):
    """The program draws its first frame soon after it was started."""
    times = []
    for _ in range(STARTS):
        stage.start()
        stage.window.settle()
        times.append(stage.program.first_frame_ms())
    # The quickest of several: what the program needs, not what else the machine was doing.
    check(min(times) <= FIRST_FRAME_MS, f"first frame after {times} ms, limit {FIRST_FRAME_MS}")
    return f"first frame after {min(times)} ms, at most {max(times)} ms, of {STARTS} starts"


@step
def empty_window(stage):
    """With nothing open the window says what to do, and takes the keyboard."""
    window = stage.start()
    window.wait_for(ADDRESS_FIELD, "textInput")
    window.wait_for("Open", "button")
    window.settle()
    for theme in THEMES:
        stage.choose_theme(theme)
        stage.shoot(f"empty-{theme.lower()}")
    stage.check_controls(*SIZES[0])
    stage.check_alive()


@step
def open_by_argument(stage):
    wait_for_busybox(stage.start(BUSYBOX))
    stage.check_alive()


@step
def open_by_address_bar(stage):
    window = stage.start()
    stage.open(BUSYBOX)
    wait_for_busybox(window)
    stage.check_alive()


@step
def open_by_drop(stage):
    """A folder dropped by another program, by the protocol that file managers speak."""
    folder = images.named(stage.folder / "dropped image", "1.37.0")
    window = stage.start()
    window.wait_for(ADDRESS_FIELD)
    drag = stage.client.drag(TITLE, [folder])
    check(drag.over(), "the window does not accept the folder")
    window.wait_for(folder.name)  # the overlay names what would be dropped
    stage.shoot("drop-overlay")
    drag.drop()
    wait_for_busybox(window)
    stage.check_alive()


@step
def drop_taken_away(stage):
    """A folder that is held over the window and taken away again leaves nothing behind."""
    folder = images.named(stage.folder / "held image", "1.37.0")
    window = stage.start()
    before = stage.shoot_when_still()
    drag = stage.client.drag(TITLE, [folder])
    check(drag.over(), "the window does not accept the folder")
    window.wait_for(folder.name)
    drag.leave()
    window.wait_gone(folder.name)
    check(stage.shoot_when_still() == before, "the window looks different after the drag")


def view_step(view):
    def act(stage):
        """The view in light and dark, in a large and in a small window."""
        window = stage.start(BUSYBOX)
        wait_for_busybox(window)
        stage.show_view(view)
        pictures = set()
        for width, height in SIZES:
            stage.resize(width, height)
            for theme in THEMES:
                stage.choose_theme(theme)
                for text in IN_VIEW[view]:
                    window.wait_for(text)
                window.settle()
                stage.check_controls(width, height)
                pictures.add(stage.shoot(f"{view.lower()}-{theme.lower()}-{width}x{height}"))
        check(len(pictures) == len(SIZES) * len(THEMES), "two themes or sizes look the same")
        stage.check_alive()

    act.__name__ = f"view_{view.lower()}"
    return act


for name in VIEWS:
    step(view_step(name))


def bad_input_step(make):
    def act(stage):
        """An error that names what and where, in a window that goes on to open something good."""
        reference, words = make(stage.folder / make.__name__)
        window = stage.start()
        stage.open(reference)
        for word in words:
            stage.wait_to_read(word)
        window.settle()
        stage.check_alive()
        stage.shoot(f"bad-{make.__name__.replace('_', '-')}")
        stage.open(BUSYBOX)
        wait_for_busybox(window)

    act.__name__ = f"bad_{make.__name__}"
    return act


for made in images.BAD:
    step(bad_input_step(made))


@step
def silent_host(stage):
    """A host that takes the connection and never answers holds up nothing else."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        window = stage.start()
        stage.open(f"docker://127.0.0.1:{listener.getsockname()[1]}/silent:latest")
        with listener.accept()[0] as connection:
            stage.open(BUSYBOX)
            wait_for_busybox(window)
            # the silent host is still waited for, so the other image did not wait for its end
            check(is_held(connection), "the silent host was given up before the other image was there")
            window.wait_for("Cancel", "link")
        stage.check_alive()


@step
def tricky_name(stage):
    """Characters that would act on the screen are shown, not obeyed."""
    window = stage.start(images.tricky_name(stage.folder / "tricky"))
    window.wait_for("\\u{202e}")
    for node in window.tree().nodes:
        for text in node.texts:
            hidden = [character for character in text if character in "\u202e\u0007"]
            check(not hidden, f"acts on the screen: {node.line().strip()}")
    stage.shoot("tricky-name")


@step
def large_index(stage):
    """Ten thousand platforms scroll from top to bottom, in little memory."""
    folder = images.large(stage.folder / "large", LARGE_ENTRIES)
    window = stage.start(f"oci:{folder}:large")
    # what is chosen in the menu of platforms says nothing of the image: its digest does
    stage.wait_to_read("Bytes: ", seconds=20)
    stage.show_view("Platforms")
    window.settle()
    first = stage.shoot("large-top")
    width, height = SIZES[0]
    started, frame = time.monotonic(), window.tree().frame
    for _ in range(200):
        window.scroll(width / 2, height / 2, -4_000)
    window.settle()
    took, frames = time.monotonic() - started, window.tree().frame - frame
    check(stage.shoot("large-bottom") != first, "nothing scrolled")
    # The last platform of the list that make-large-index writes.
    window.wait_for(f"6.{(LARGE_ENTRIES - 1) // 100}.{(LARGE_ENTRIES - 1) % 100}")
    now, highest = stage.program.resident_mib()
    check(highest <= RESIDENT_MIB, f"{highest:.0f} MiB at the highest, limit {RESIDENT_MIB}")
    stage.check_alive()
    return f"{frames} frames in {took:.1f} s, {now:.0f} MiB, at the highest {highest:.0f} MiB"


def shoot_in_both_themes(stage, name):
    for theme in THEMES:
        stage.choose_theme(theme)
        stage.window.settle()
        stage.shoot(f"{name}-{theme.lower()}")


@step
def referrers_none(stage):
    """An image that nothing refers to says so, and what was asked."""
    folder = stage.folder / "alone"
    images.Layout(folder).image(images.GOOD_CONFIG)
    stage.start(f"oci:{folder}")
    stage.wait_to_read("Bytes: ")
    stage.show_view("Referrers")
    stage.wait_to_read("Nothing refers to this image")
    stage.wait_to_read("no referrers")
    shoot_in_both_themes(stage, "referrers-none")
    stage.check_alive()


@step
def referrers_thousand(stage):
    """A thousand referrers scroll, are filtered, and each says what is in it."""
    folder = images.referred(stage.folder / "referred", THOUSAND)
    window = stage.start(f"oci:{folder}")
    stage.wait_to_read("Bytes: ")
    stage.show_view("Referrers")
    window.wait_for(f"{THOUSAND:,} referrers", seconds=30)
    window.settle()
    first = stage.shoot("referrers-thousand-top")
    started, frame = time.monotonic(), window.tree().frame
    for _ in range(100):
        window.scroll(SIZES[0][0] / 2, SIZES[0][1] / 2, -1_000)
    window.settle()
    took, frames = time.monotonic() - started, window.tree().frame - frame
    check(stage.shoot("referrers-thousand-bottom") != first, "nothing scrolled")
    window.click("Filter referrers", "textInput")
    window.type("part 777")
    window.click("SPDX SBOM", "row", exact=False)
    stage.wait_to_read("Packages (1)")
    window.click("Packages (1)")
    stage.wait_to_read("package-777")
    shoot_in_both_themes(stage, "referrers-thousand")
    stage.check_alive()
    return f"{frames} frames in {took:.1f} s"


@step
def referrers_tree(stage):
    """What oras, cosign and notation attached: the tree, an SBOM with its packages, an attestation, opened in a tab."""
    window = stage.start(f"oci:{images.FIXTURES}/signing/referrers-amd64:amd64")
    stage.wait_to_read("Bytes: ")
    stage.wait_to_read("Attached")
    stage.wait_to_read("8 referrers")
    shoot_in_both_themes(stage, "overview-attached")
    stage.show_view("Referrers")
    window.click("SPDX SBOM, busybox-amd64.spdx.json", "row", exact=False)
    stage.wait_to_read("Made by")
    shoot_in_both_themes(stage, "referrers-sbom")
    stage.resize(*SIZES[1])
    window.settle()
    stage.check_controls(*SIZES[1])
    shoot_in_both_themes(stage, "referrers-sbom-small")
    stage.resize(*SIZES[0])
    window.click("Use the whole view")
    window.click("Packages (", exact=False)
    window.wait_for("Find a package", "textInput")
    shoot_in_both_themes(stage, "referrers-packages")
    window.click("Content")
    stage.wait_to_read("creationInfo")
    shoot_in_both_themes(stage, "referrers-content")
    window.click("Show the tree beside it")
    window.click("Attestation: SPDX SBOM", "row", exact=False)
    window.click("Summary")
    stage.wait_to_read("not verified here")
    shoot_in_both_themes(stage, "referrers-attestation")
    window.click("Open", "button")
    stage.wait_to_read("Bytes: ")
    stage.check_alive()


TRUST = """version = 1
[[rule]]
scope = "*"
signers = ["release"]
[[signer]]
name = "release"
identity = "mitr@redhat.com"
issuer = "https://github.com/login/oauth"
"""


@step
def signatures_verdicts(stage):
    """An accepted, a rejected, an unsigned and an unanswerable image each get their verdict without being asked for."""
    signing = images.FIXTURES / "signing/containers-image"
    archive = images.FIXTURES / "images/busybox-amd64-docker-archive.tar"
    cases = [
        ("accepted", f"dir:{signing}/dir-img-cosign-fulcio-rekor-valid", TRUST, "Trust: accepted"),
        (
            "rejected",
            f"dir:{signing}/dir-img-cosign-fulcio-rekor-valid",
            TRUST.replace("mitr@", "release@"),
            "Trust: rejected: identity",
        ),
        ("unsigned", BUSYBOX, TRUST, "Trust: unsigned"),
        ("cannot-say", f"docker-archive:{archive}", TRUST, "Trust: cannot say"),
    ]
    for name, reference, trust, said in cases:
        settings = stage.folder / f"trust-{name}/config/porthole"
        settings.mkdir(parents=True)
        (settings / "trust.toml").write_text(trust)
        window = stage.start(reference, home=f"trust-{name}")
        window.wait_for(said, "button")
        stage.show_view("Signatures")
        window.settle()
        shoot_in_both_themes(stage, f"signatures-{name}")
        stage.check_alive()


@step
def files(stage):
    """Every file of a real image: a folder opened, a file shown as text and as hex, a filter, what one layer changed."""
    window = stage.start(BUSYBOX)
    wait_for_busybox(window)
    stage.show_view("Files")
    window.click("etc, folder", "row", exact=False)
    window.key("ArrowRight")
    stage.wait_to_read("open")
    window.click("Filter files", "textInput")
    window.type("etc/passwd")
    window.click("passwd, file", "row", exact=False)
    stage.wait_to_read("root:x:0:0")
    shoot_in_both_themes(stage, "files")
    window.click("Hex")
    stage.wait_to_read("00000000")
    window.click("Details", exact=True)
    stage.wait_to_read("Layers that had it")
    shoot_in_both_themes(stage, "files-details")
    stage.resize(*SIZES[1])
    window.settle()
    stage.check_controls(*SIZES[1])
    shoot_in_both_themes(stage, "files-small")
    stage.resize(*SIZES[0])
    window.click("Filter files", "textInput")
    window.key("Ctrl+A")
    window.type("re:^/etc/.*d$")
    stage.wait_to_read("passwd, file")
    window.key("Ctrl+A")
    window.type("setuid")
    stage.wait_to_read("setuid")
    shoot_in_both_themes(stage, "files-setuid")
    window.click("Clear")
    window.click("Files of: Whole image")
    window.click("Only layer 2", exact=False)
    stage.wait_to_read("removed in 2")
    shoot_in_both_themes(stage, "files-layer")
    stage.check_alive()


@step
def provenance(stage):
    """The provenance that BuildKit wrote: builder, source and materials."""
    window = stage.start(f"oci:{images.FIXTURES}/images/buildkit-app")
    stage.wait_to_read("Bytes: ")
    stage.show_view("Referrers")
    window.click("SLSA provenance", "row", exact=False)
    stage.wait_to_read("BuildKit")
    shoot_in_both_themes(stage, "referrers-provenance")
    stage.check_alive()


@step
def dialogs(stage):
    """Palette, shortcuts, diagnostics and "about" open from the Help menu and by key, in both themes, and a favourite is
    kept in the explorer."""
    window = stage.start(BUSYBOX)
    wait_for_busybox(window)
    window.click("Favourite")
    window.wait_for("Favourites")
    shown = [
        ("Command palette…", "Zoom in", "palette"),
        ("Keyboard shortcuts", "Reload", "shortcuts"),
        ("About Porthole", "Version", "about"),
        ("Diagnostics…", "Cache:", "diagnostics-page"),
    ]
    for size in SIZES:
        stage.resize(*size)
        for item, said, name in shown:
            for theme in THEMES:
                stage.choose_theme(theme)
                window.click("Help")
                window.click(item, "menuItem")
                window.wait_for(said)
                window.settle()
                stage.check_controls(*size)
                stage.shoot(f"{name}-{theme.lower()}-{size[0]}x{size[1]}")
                window.key("Escape")
    stage.check_alive()


@step
def idle(stage):
    """An open image that nobody touches takes no frames, no processor and little memory."""
    window = stage.start(BUSYBOX)
    wait_for_busybox(window)
    window.settle()
    time.sleep(1)  # tooltips and fades
    frame, processor = window.tree().frame, stage.program.processor_seconds()
    time.sleep(IDLE_SECONDS)
    percent = (stage.program.processor_seconds() - processor) / IDLE_SECONDS * 100
    frames = window.tree().frame - frame
    now, highest = stage.program.resident_mib()
    measured = f"{frames} frames and {percent:.2f} % of a core in {IDLE_SECONDS} s, {now:.0f} MiB"
    check(frames <= IDLE_FRAMES, f"{measured}; limit {IDLE_FRAMES} frames")
    check(percent < IDLE_PROCESSOR_PERCENT, f"{measured}; limit {IDLE_PROCESSOR_PERCENT} %")
    check(highest <= RESIDENT_MIB, f"{measured}, at the highest {highest:.0f} MiB; limit {RESIDENT_MIB} MiB")
    return measured


@step
def sample_opens(stage):
    """The sample image opens from the first page, without a network."""
    window = stage.start()
    window.click("Open the sample image")
    for text in PLATFORMS:
        window.wait_for(text)
    stage.wait_to_read("Bytes: ")
    window.settle()
    for theme in THEMES:
        stage.choose_theme(theme)
        window.settle()
        stage.shoot(f"sample-{theme.lower()}")
    stage.check_alive()


@step
def explorer_places(stage):
    """A folder unfolds to its images; a registry is added, its repositories listed, and both are there in the next run."""
    with registry.Registry(images.BUSYBOX, ["base", "team/app", "team/other"], []) as there:
        window = stage.start(BUSYBOX, home="places")
        wait_for_busybox(window)
        window.click("busybox-small", "treeItem")
        window.wait_for("plain, OCI index", "treeItem")
        add_registry(stage, there.host)
        window.click("team/app", "treeItem")
        window.wait_for("3 tags")
        window.wait_for(f"Open 1.37.0, sha256:{INDEX_DIGEST}", "row")
        window.click("Docker and Podman", "treeItem")
        stage.wait_to_read("No Docker or Podman listens")
        for width, height in SIZES:
            stage.resize(width, height)
            for theme in THEMES:
                stage.choose_theme(theme)
                window.settle()
                stage.check_controls(width, height)
                stage.shoot(f"places-{theme.lower()}-{width}x{height}")
        there.catalogue_is_open = False
        stage.client.ask_to_close(TITLE)
        check(stage.program.ended(10) == 0, f"ended badly; it said: {stage.program.said()}")
        window = stage.start(home="places")
        # the tab of the repository is there again, and lists its tags
        window.wait_for("3 tags")
        window.click(there.host, "treeItem")
        window.click("Type a repository…", "link")
        stage.shoot("type-a-repository")
        window.wait_for("Repository", "textInput")
        window.type("hidden/app")
        window.key("Enter")
        window.wait_for("hidden/app", "treeItem")
        stage.wait_to_read("it is not there")
        window.settle()
        stage.shoot("catalogue-closed")
    stage.check_alive()


def add_registry(stage, host):
    """Through the menu bar."""
    window = stage.window
    window.click("Registry")
    window.click("Add a registry…", "menuItem")
    window.wait_for("Host", "textInput")
    window.settle()
    stage.shoot("add-a-registry")
    window.type(host)
    window.key("Enter")


@step
def many_tags(stage):
    """A hundred thousand tags are listed as they come, scroll to the end, and are filtered and ordered; what is seen is
    read, and nothing else."""
    tags = [f"1.{number // 1000}.{number % 1000}" for number in range(MANY_TAGS)]
    with registry.Registry(images.BUSYBOX, ["team/app"], tags) as there:
        window = stage.start()
        window.click("Registry")
        window.click("Browse a repository…", "menuItem")
        window.wait_for("Repository", "textInput")
        window.type(f"{there.host}/team/app")
        window.key("Enter")
        # two of the three names of the layout are no versions
        window.wait_for(f"{MANY_TAGS + 2:,} tags", seconds=60)
        # the newest version comes first
        newest = f"Open 1.{(MANY_TAGS - 1) // 1000}.{(MANY_TAGS - 1) % 1000}"
        window.wait_for(newest, "row", seconds=30)
        window.wait_for(f"{newest}, sha256:", "row")
        width, height = SIZES[0]
        started, frame = time.monotonic(), window.tree().frame
        for _ in range(100):
            window.scroll(width / 2, height / 2, -40_000)
        window.settle()
        took, frames = time.monotonic() - started, window.tree().frame - frame
        # what are no versions come last
        window.wait_for("Open plain", "row")
        for theme in THEMES:
            stage.choose_theme(theme)
            window.settle()
            stage.shoot(f"tags-{theme.lower()}")
        window.click("Filter tags", "textInput")
        window.type("1.42.7")
        window.wait_for("111 of ")
        window.settle()
        stage.shoot("tags-filtered")
        now, highest = stage.program.resident_mib()
        check(highest <= MANY_TAGS_MIB, f"{highest:.0f} MiB at the highest, limit {MANY_TAGS_MIB}")
    stage.check_alive()
    return f"{frames} frames in {took:.1f} s, {now:.0f} MiB, at the highest {highest:.0f} MiB"


@step
def tabs_split(stage):
    """A tab dragged to the side of the window lies beside the others, and is there again in the next run."""
    window = stage.start(BUSYBOX, f"oci:{images.BUSYBOX}:plain", home="splitting")
    stage.wait_to_read("Bytes: ")
    window.settle()
    check(not beside(window.tree()), "the tabs do not lie in one row")
    tab = window.wait_for("busybox-small:plain", "tab")
    width, height = SIZES[0]
    window.drag(tab.middle, (width - 40, height / 2))
    both = window.wait(lambda tree: beside(tree), "the views of both images are not beside each other")
    check(len(both) == 2, f"{len(both)} views")
    for theme in THEMES:
        stage.choose_theme(theme)
        window.settle()
        stage.shoot(f"split-{theme.lower()}")
    stage.client.ask_to_close(TITLE)
    check(stage.program.ended(10) == 0, f"ended badly; it said: {stage.program.said()}")
    stage.start(home="splitting").wait(beside, "in the next run they do not lie beside each other")
    stage.check_alive()


def beside(tree):
    """The bars of views, where there are two beside each other."""
    bars = [node.bounds for node in tree.find("Overview", "tab", exact=True)]
    return bars if len(bars) == 2 and bars[0][1] == bars[1][1] and bars[0][0] != bars[1][0] else None


@step
def reload_tells(stage):
    """F5 says that a tag has stayed or moved; a folder that changed is noticed when the window gets the focus."""
    folder = stage.folder / "moving"
    layout = images.Layout(folder)
    layout.image(images.GOOD_CONFIG, name="latest")
    window = stage.start(f"oci:{folder}:latest")
    stage.wait_to_read("Bytes: ")
    window.key("F5")
    stage.wait_to_read("is unchanged")
    found = layout.image(images.GOOD_CONFIG.replace(b"amd64", b"arm64"), name="latest")
    window.events({"WindowFocused": False})
    window.events({"WindowFocused": True})
    stage.wait_to_read("This folder has changed on disk")
    stage.shoot("changed-on-disk")
    window.key("F5")
    stage.wait_to_read(f"→ sha256:{found[:8]}")
    stage.shoot("reload-moved")
    window.wait_gone("has changed on disk")
    stage.check_alive()


@step
def quit_asks(stage):
    """While bytes are read through, the cross asks first; Stay goes on, and Quit anyway ends the program."""
    folder = images.slow(stage.folder / "slow")
    window = stage.start(f"oci:{folder}")
    stage.wait_to_read("Bytes: ")
    window.click("Image")
    window.click("Check bytes", "menuItem")
    window.wait_for("Cancel", "link")
    stage.client.ask_to_close(TITLE)
    window.wait_for("Quit anyway", "button")
    stage.shoot("quit-asks")
    window.click("Stay", "button")
    window.wait_gone("Quit anyway")
    stage.check_alive()
    stage.client.ask_to_close(TITLE)
    with contextlib.suppress(ConnectionError):  # a window that closes may not come to answering
        window.click("Quit anyway", "button")
    code = stage.program.ended(10)
    check(code == 0, f"ended with {code}; it said: {stage.program.said()}")


@step
def diagnostics_hold_no_secret(stage):
    """What Help > Diagnostics saves names versions and folders, and no password that is in a file or was pasted."""
    home = stage.folder / "diagnosed"
    secret = "correct-horse-battery"
    token = base64.b64encode(f"me:{secret}".encode()).decode()
    auth = home / "run/containers/auth.json"
    auth.parent.mkdir(parents=True)
    auth.write_text(json.dumps({"auths": {"127.0.0.1:1": {"auth": token}}}))
    window = stage.start("--debug", home="diagnosed")
    stage.open(f"skopeo inspect --creds me:{secret} docker://127.0.0.1:1/none:latest")
    stage.wait_to_read("no connection")
    window.click("Help")
    window.click("Diagnostics…", "menuItem")
    stage.wait_to_read("Cache: 0 B")
    window.settle()
    stage.shoot("diagnostics")
    window.click("Save", "button")
    stage.wait_to_read("Saved ")
    saved = (home / "porthole-diagnostics.txt").read_text()
    for word in ["Renderer: OpenGL", "Settings: ", "REGISTRY_AUTH_FILE: not set"]:
        check(word in saved, f"{word!r} is not in it: {saved}")
    for hidden in [secret, token]:
        check(hidden not in saved, "a password is in it")
        check(hidden not in stage.program.said(), "a password is in the log")
    stage.check_alive()


def fill_destination(stage, text):
    """In the dialog of a copy: the whole reference, in place of what stands there."""
    window = stage.window
    window.wait_for("Destination", "textInput")
    window.click("Destination", "textInput")
    window.key("Ctrl+A")
    window.type(str(text))


def shoot_everywhere(stage, name):
    """In both sizes and themes, with the theme chosen behind the dialog's back: a dialog covers the menus."""
    for width, height in SIZES:
        stage.resize(width, height)
        stage.window.settle()
        stage.check_controls(width, height)
        stage.shoot(f"{name}-{width}x{height}")


def press_copy(stage, verb="Copy"):
    """Waits for the plan, and presses the button that says how much is sent."""
    window = stage.window
    window.wait(
        lambda tree: [node for node in tree.find(f"{verb} ", "button") if node.label.split(" ")[1][:1].isdigit() and not node.disabled],
        "there is no plan",
        30,
    )
    label = next(node.label for node in window.tree().find(f"{verb} ", "button") if node.label.split(" ")[1][:1].isdigit())
    window.click(label, "button")


def click_uppermost(stage, text, role):
    """What is said over the window lies higher than what it covers."""
    nodes = [node for node in stage.window.tree().find(text, role, exact=True) if node.bounds]
    check(nodes, f"nothing to click is called {text!r}")
    stage.window.click_at(*min(nodes, key=lambda node: node.bounds[1]).middle)


@step
def copy_by_clicks(stage):
    """A real image of two platforms is copied to a registry by clicks alone, and opened there by one more."""
    with peer.DockerRegistry(stage.folder / "copy-registry") as there:
        for theme in THEMES:
            window = stage.start(BUSYBOX)
            wait_for_busybox(window)
            stage.choose_theme(theme)
            window.click("Copy…", "button")
            fill_destination(stage, f"{there.host}/team/busybox:{theme.lower()}")
            window.wait_for("Sent: ", "label")
            window.click("More options", "link")
            shoot_everywhere(stage, f"copy-{theme.lower()}")
            press_copy(stage)
            stage.wait_to_read("Copied to ", 30)
            window.settle()
            stage.shoot(f"copied-{theme.lower()}")
            status, digest = there.ask(f"/v2/team/busybox/manifests/{theme.lower()}")
            check(status == 200, f"the registry answers {status}")
            check(INDEX_DIGEST in digest, f"the registry has {digest}")
            click_uppermost(stage, "Report…", "link")
            window.wait_for("Save as JSON", "button")
            shoot_everywhere(stage, f"copy-report-{theme.lower()}")
            window.click("Open the copy", "button")
            window.wait_for(f"team/busybox:{theme.lower()}", "tab")
            wait_for_busybox(window)
    stage.check_alive()


@step
def export_by_clicks(stage):
    """One platform is exported to a folder by clicks, with the index kept as it is; the folder opens."""
    folder = stage.folder / "exported"
    window = stage.start(BUSYBOX)
    wait_for_busybox(window)
    window.click("Export…", "button")
    fill_destination(stage, f"{folder}:kept")
    window.click("linux/arm64/v8", "checkBox")
    window.click("Keep it as it is", "radioButton")
    window.wait_for("1 platform of the index will be missing there")
    window.settle()
    stage.shoot("export-one-platform")
    press_copy(stage, "Export")
    stage.wait_to_read("Copied to ", 30)
    index = json.loads((folder / "index.json").read_text())
    named = [entry for entry in index["manifests"] if "kept" in json.dumps(entry.get("annotations", {}))]
    check(len(named) == 1 and INDEX_DIGEST in named[0]["digest"], f"the folder has {index}")
    kept = json.loads((folder / "blobs" / named[0]["digest"].replace(":", "/")).read_text())
    there = [(folder / "blobs" / entry["digest"].replace(":", "/")).exists() for entry in kept["manifests"]]
    check(True in there and False in there, "not exactly the chosen platform is there")
    stage.check_alive()


@step
def copy_by_drop(stage):
    """A tab dropped on a registry in the explorer is copied there after one click; the tab stays where it is."""
    with peer.DockerRegistry(stage.folder / "drop-registry") as there:
        window = stage.start(BUSYBOX)
        wait_for_busybox(window)
        add_registry(stage, there.host)
        row = window.wait_for(there.host, "treeItem")
        window.settle()
        tab = next(node for node in window.tree().find("busybox-small:1.37.0", "tab") if node.bounds)
        row = next(node for node in window.tree().find(there.host, "treeItem") if node.bounds)
        window.move(*tab.middle)
        window.drag(tab.middle, row.middle)
        window.wait_for("Destination", "textInput")
        window.wait_for("Sent: ", "label")
        window.settle()
        stage.shoot("copy-by-drop")
        press_copy(stage)
        stage.wait_to_read("Copied to ", 30)
        status, digest = there.ask("/v2/busybox-small/manifests/1.37.0")
        check(status == 200 and INDEX_DIGEST in digest, f"the registry answers {status} {digest}")
        check(len([node for node in window.tree().find("busybox-small:1.37.0", "tab", exact=True)]) == 1, "the tab is gone")
    stage.check_alive()


@step
def copy_by_drop_on_folder(stage):
    """A tab dropped on a folder in the explorer is copied there after one click, beside what was there."""
    folder = images.named(stage.folder / "stick", "plain")
    window = stage.start(f"oci:{folder}:plain")
    stage.wait_to_read("5d3026e2")
    stage.open(BUSYBOX)
    window.wait_for("busybox-small:1.37.0", "tab")
    wait_for_busybox(window)
    row = window.wait_for("stick", "treeItem")
    window.settle()
    tab = next(node for node in window.tree().find("busybox-small:1.37.0", "tab") if node.bounds)
    row = next(node for node in window.tree().find("stick", "treeItem") if node.bounds)
    window.move(*tab.middle)
    window.drag(tab.middle, row.middle)
    window.wait_for("Destination", "textInput")
    window.wait_for("Sent: ", "label")
    window.settle()
    stage.shoot("copy-by-drop-on-folder")
    press_copy(stage)
    stage.wait_to_read("Copied to ", 30)
    index = json.loads((folder / "index.json").read_text())
    names = [entry.get("annotations", {}).get("org.opencontainers.image.ref.name") for entry in index["manifests"]]
    check("plain" in names and "1.37.0" in names, f"the folder names {names}")
    stage.check_alive()


@step
def copy_by_drop_on_repository(stage):
    """What is dropped while a repository is open goes there: a folder of another program, and a row of the explorer."""
    folder = images.named(stage.folder / "release", "1.37.0")
    with peer.DockerRegistry(stage.folder / "repository-registry") as there:
        window = stage.start(BUSYBOX)
        wait_for_busybox(window)
        window.click("Copy…", "button")
        fill_destination(stage, f"{there.host}/team/app:one")
        press_copy(stage)
        stage.wait_to_read("Copied to ", 30)
        window.click("Registry")
        window.click("Browse a repository…", "menuItem")
        window.wait_for("Repository", "textInput")
        window.type(f"{there.host}/team/app")
        window.key("Enter")
        pane = window.wait_for("Open one", "row")
        window.settle()
        drag = stage.client.drag(TITLE, [folder])
        check(drag.over(), "the window does not accept the folder")
        drag.drop()
        window.click("Copy it…", "button")
        field = window.wait_for("Destination", "textInput")
        check(f"{there.host}/team/app" in (field.value or ""), f"it would go to {field.value}")
        fill_destination(stage, f"{there.host}/team/app:two")
        window.wait_for("Already there: ", "label")
        window.settle()
        stage.shoot("copy-by-drop-on-repository")
        press_copy(stage)
        stage.wait_to_read(f"Copied to docker://{there.host}/team/app:two", 30)
        status, digest = there.ask("/v2/team/app/manifests/two")
        check(status == 200 and INDEX_DIGEST in digest, f"the registry answers {status} {digest}")
        # a row of the explorer, let go over the list of tags
        window.settle()
        row = next(node for node in window.tree().find("busybox-small:1.37.0", "listBoxOption") if node.bounds)
        pane = next(node for node in window.tree().find("Open one", "row") if node.bounds)
        window.move(*row.middle)
        window.drag(row.middle, pane.middle)
        field = window.wait_for("Destination", "textInput")
        check(f"{there.host}/team/app" in (field.value or ""), f"it would go to {field.value}")
        press_copy(stage)
        stage.wait_to_read(f"Copied to docker://{there.host}/team/app:1.37.0", 30)
        check(there.ask("/v2/team/app/manifests/1.37.0")[0] == 200, "the row was not copied")
    stage.check_alive()


@step
def copy_all_tags(stage):
    """A repository dropped on a registry is copied there with all its tags after one click, and what became of each is listed; the next time all of it is there."""
    with peer.DockerRegistry(stage.folder / "tags-from") as here, peer.DockerRegistry(stage.folder / "tags-to") as there:
        source = f"oci:{images.BUSYBOX}"
        subprocess.run([stage.binary, "copy", "--all-tags", source, f"docker://{here.host}/team/app"], check=True, capture_output=True)
        for theme in THEMES:
            window = stage.start()
            stage.choose_theme(theme)
            add_registry(stage, here.host)
            window.wait_for("team/app", "treeItem")
            add_registry(stage, f"{there.host}")
            window.wait_for(there.host, "treeItem")
            window.settle()
            repository = next(node for node in window.tree().find("team/app", "treeItem") if node.bounds)
            row = next(node for node in window.tree().find(there.host, "treeItem") if node.bounds)
            window.move(*repository.middle)
            window.drag(repository.middle, row.middle)
            fill_destination(stage, f"{there.host}/{theme.lower()}/app")
            window.wait_for("Copied: 3 tags", "label", 30)
            window.settle()
            shoot_everywhere(stage, f"copy-tags-{theme.lower()}")
            press_copy(stage)
            stage.wait_to_read("Copied 3 tags to ", 60)
            status, body = there.ask(f"/v2/{theme.lower()}/app/tags/list")
            check(status == 200, f"the registry answers {status} {body}")
            click_uppermost(stage, "Report…", "link")
            window.wait_for("1.37.0, copied", "label")
            window.settle()
            shoot_everywhere(stage, f"copy-tags-report-{theme.lower()}")
            window.click("Close", "button")
            window.click("team/app", "treeItem")
            window.wait_for("3 tags")
            window.click("Registry")
            window.click("Copy all tags…", "menuItem")
            fill_destination(stage, f"{there.host}/{theme.lower()}/app")
            stage.wait_to_read("All of it is there already", 30)
            check([node.disabled for node in window.tree().find("Copy", "button", exact=True)] == [True], "there is something to copy")
            window.click("Cancel", "button")
    stage.check_alive()


@step
def copy_without_lost(stage):
    """Of an index whose source has lost a blob the other platform is copied, after one click that says which is left."""
    folder = images.named(stage.folder / "lost", "1.37.0")
    blob = lambda digest: folder / "blobs" / digest.replace(":", "/")
    read = lambda digest: json.loads(blob(digest).read_text())
    root = json.loads((folder / "index.json").read_text())["manifests"][0]
    lost = next(entry for entry in read(root["digest"])["manifests"] if entry["platform"]["architecture"] == "arm64")
    blob(read(lost["digest"])["layers"][0]["digest"]).unlink()
    with peer.DockerRegistry(stage.folder / "lost-registry") as there:
        for theme in THEMES:
            window = stage.start(f"oci:{folder}:1.37.0")
            wait_for_busybox(window)
            stage.choose_theme(theme)
            window.click("Copy…", "button")
            fill_destination(stage, f"{there.host}/team/lost:{theme.lower()}")
            window.wait_for("Go on without ", "button")
            window.settle()
            stage.shoot(f"copy-lost-{theme.lower()}")
            label = window.tree().find("Go on without ", "button")[0].label
            check("linux/arm64" in label, f"it would go on without {label}")
            window.click(label, "button")
            press_copy(stage)
            stage.wait_to_read("Copied to ", 30)
            status, _ = there.ask(f"/v2/team/lost/manifests/{theme.lower()}")
            check(status == 200, f"the registry answers {status}")
    stage.check_alive()


@step
def copy_progress(stage):
    """While a copy runs its blobs are seen, each with a bar, and rate and time left; Cancel ends it within a second."""
    slow = images.slow(stage.folder / "to be copied", 4 << 30)
    with peer.DockerRegistry(stage.folder / "progress-registry") as there:
        for theme in THEMES:
            window = stage.start(slow)
            stage.wait_to_read("Bytes: ")
            stage.choose_theme(theme)
            window.click("Copy…", "button")
            fill_destination(stage, f"{there.host}/team/slow:{theme.lower()}")
            press_copy(stage)
            fold = window.wait_for("Show the blobs of ", "button", 30).label
            window.click(fold, "button")
            window.wait(
                lambda tree: [node for node in tree.find("copying", "progressIndicator") if node.label.startswith("sha256:")],
                "no blob is copied",
                30,
            )
            window.wait_for(" left", seconds=30)
            stage.shoot(f"copying-{theme.lower()}")
            window.click("Cancel", "link")
            asked = time.monotonic()
            window.wait_for("Cancelled", seconds=5)
            took = time.monotonic() - asked
            check(took < CANCEL_SECONDS, f"cancelled after {took:.1f} s")
            check(there.ask(f"/v2/team/slow/manifests/{theme.lower()}")[0] == 404, "the tag is there all the same")
    stage.check_alive()


@step
def deleting_asks(stage):
    """A tag is deleted from its menu after a question; the other tag that would go with it is named first."""
    with peer.DockerRegistry(stage.folder / "delete-registry") as there:
        window = stage.start(BUSYBOX)
        wait_for_busybox(window)
        for tag in ("one", "two"):
            window.click("Copy…", "button")
            fill_destination(stage, f"{there.host}/team/app:{tag}")
            press_copy(stage)
            stage.wait_to_read(f"Copied to docker://{there.host}/team/app:{tag}", 30)
        window.click("Registry")
        window.click("Browse a repository…", "menuItem")
        window.wait_for("Repository", "textInput")
        window.type(f"{there.host}/team/app")
        window.key("Enter")
        row = window.wait_for("Open two", "row")
        window.settle()
        row = next(node for node in window.tree().find("Open two", "row") if node.bounds)
        window.click_at(row.bounds[0] + 40, row.middle[1], "Secondary")
        window.click("Delete…", "button")
        window.wait_for("Keep it", "button")
        window.click("Delete", "button")
        window.wait_for("Delete all 2 tags", "button", 30)
        window.settle()
        stage.shoot("delete-names-others")
        check(there.ask("/v2/team/app/manifests/two")[0] == 200, "it was deleted without asking")
        window.click("Delete all 2 tags", "button")
        stage.wait_to_read("Deleted ", 30)
        check(there.ask("/v2/team/app/manifests/two")[0] == 404, "it is still there")
    stage.check_alive()


@step
def settings_pages(stage):
    """Each page of the settings, in light and dark and both sizes."""
    for theme in THEMES:
        window = stage.start(BUSYBOX)
        wait_for_busybox(window)
        window.key("Ctrl+Comma")
        window.click(theme, "radioButton")
        for page, says in (
            ("General", "Clear the cache"),
            ("Credentials", "Log in…"),
            ("TLS", "Hosts that are not checked"),
            ("Mirrors", "Registries"),
            ("Trust", "Verify every image when it is opened"),
        ):
            window.click(page, "radioButton")
            window.wait_for(says)
            shoot_everywhere(stage, f"settings-{page.lower()}-{theme.lower()}")
        window.click("Credentials", "radioButton")
        window.click("Log in…", "button")
        window.wait_for("Password", "passwordInput")
        window.settle()
        stage.shoot(f"log-in-{theme.lower()}")
    stage.check_alive()


@step
def closes_and_remembers(stage):
    """The cross ends the program cleanly; the next start knows what was opened."""
    wait_for_busybox(stage.start(BUSYBOX, home="remembering"))
    stage.client.ask_to_close(TITLE)
    code = stage.program.ended(10)
    check(code == 0, f"ended with {code}; it said: {stage.program.said()}")
    window = stage.start(home="remembering")
    window.wait_for("busybox-small")


def shoot_over_dialog(stage, name):
    """Themes are chosen in the menu, which lies behind a dialog: one picture."""
    stage.window.settle()
    stage.shoot(name)


@step
def files_saved(stage):
    """A folder of an image saved from the window: chosen in the tree, written into a new folder."""
    window = stage.start(BUSYBOX)
    wait_for_busybox(window)
    stage.show_view("Files")
    window.click("etc, folder", "row", exact=False)
    window.click("Save…", "button")
    window.wait_for("Path", "textInput")
    target = stage.folder / "saved-etc"
    window.key("Ctrl+A")
    window.type(str(target))
    shoot_over_dialog(stage, "files-save")
    window.click("Save", "button")
    stage.wait_to_read("Saved ")
    check((target / "passwd").read_text().startswith("root:x:0:0"), "the file is not what the image has")
    # what Files has read is told of each layer
    stage.show_view("Layers")
    stage.wait_to_read("Unpacked")
    stage.wait_to_read("Wastes")
    stage.wait_to_read("31 added, 3 changed, 23 removed")
    shoot_in_both_themes(stage, "layers-read")
    stage.check_alive()


@step
def files_saved_as(stage):
    """One file, and all files as a tar archive, saved from the window."""
    window = stage.start(BUSYBOX)
    wait_for_busybox(window)
    stage.show_view("Files")
    window.click("Filter files", "textInput")
    window.type("etc/passwd")
    window.click("passwd, file", "row", exact=False)
    stage.wait_to_read("root:x:0:0")
    window.click("Save…", "button")
    window.wait_for("Path", "textInput")
    target = stage.folder / "saved-passwd"
    window.key("Ctrl+A")
    window.type(str(target))
    window.click("Save", "button")
    stage.wait_to_read("Saved ")
    check(target.read_text().startswith("root:x:0:0"), "the file is not what the image has")
    window.click("Close the details", "button")
    window.click("Filter files", "textInput")
    window.key("Ctrl+A")
    window.key("Backspace")
    window.click("Save all files…", "button")
    window.click("A tar archive", "radioButton")
    archive = stage.folder / "saved-files.tar"
    window.click("Path", "textInput")
    window.key("Ctrl+A")
    window.type(str(archive))
    shoot_over_dialog(stage, "files-save-tar")
    window.click("Save", "button")
    window.wait(lambda _: archive.exists(), "the archive is not written")
    with tarfile.open(archive) as tar:
        names = tar.getnames()
        passwd = tar.extractfile("./etc/passwd").read()
    check(passwd == target.read_bytes(), "the archive has another file")
    check("./usr/bin/busybox" in names, f"the archive lacks names: {len(names)}")
    stage.check_alive()


@step
def file_content(stage):
    """A picture among the files is drawn, and texts have colours."""
    window = stage.start(f"oci:{images.with_files(stage.folder / 'with-files')}")
    stage.wait_to_read("Bytes: ")
    stage.show_view("Files")
    window.click("app, folder", "row", exact=False)
    window.key("ArrowRight")
    window.click("logo.png, file", "row", exact=False)
    stage.wait_to_read("160 × 120")
    window.settle()
    drawn = images.pixels(stage.shoot("file-picture"), images.PICTURE)
    check(drawn > 15_000, f"only {drawn} pixels of the picture are drawn")
    for name, said in [("run.py, file", "def greet"), ("settings.conf, file", "port")]:
        window.click(name, "row", exact=False)
        stage.wait_to_read(said)
        shoot_in_both_themes(stage, f"file-{name.split('.')[0]}")
    stage.check_alive()


@step
def find_in_layers(stage):
    """A name searched in every layer of every platform, by key."""
    window = stage.start(BUSYBOX)
    wait_for_busybox(window)
    window.key("Ctrl+Shift+F")
    window.wait_for("Name", "textInput")
    window.type("passwd")
    window.key("Enter")
    stage.wait_to_read("/etc/passwd, layer")
    stage.wait_to_read("linux/arm64")
    shoot_over_dialog(stage, "find-in-layers")
    stage.check_alive()


@step
def trust_signer(stage):
    """A signature that nobody judges, its signer trusted in the window, the report kept, and the policy changed there."""
    home = "trust-signer"
    image = f"dir:{images.FIXTURES}/signing/containers-image/dir-img-cosign-fulcio-rekor-valid"
    window = stage.start(image, home=home)
    window.wait_for("Trust: not judged")
    stage.show_view("Signatures")
    stage.wait_to_read("Not judged: signed by mitr@redhat.com")
    window.click("Trust this signer…")
    stage.wait_to_read("is accepted when it is signed by mitr@redhat.com")
    shoot_in_both_themes(stage, "trust-proposal")
    policy = stage.folder / home / "config/porthole/trust.toml"
    check(not policy.exists(), "the policy was written before anybody said so")
    window.click("Add to the trust policy")
    window.wait_for("Trust: accepted")
    check('identity = "mitr@redhat.com"' in policy.read_text(), policy.read_text())
    window.click("Certificate")
    window.click("Log entry")
    stage.wait_to_read("sigstore-intermediate")
    shoot_in_both_themes(stage, "signatures-details")
    stage.resize(*SIZES[1])
    window.settle()
    stage.check_controls(*SIZES[1])
    shoot_in_both_themes(stage, "signatures-details-small")
    stage.resize(*SIZES[0])
    for name, begin in [("report.html", "<!doctype html>"), ("report.json", "{")]:
        file = stage.folder / home / name
        window.click("Save report…")
        if name.endswith(".json"):
            window.click("JSON", "radioButton")
        window.click("Path", "textInput")
        window.key("Ctrl+A")
        window.type(str(file))
        window.click("Save", "button")
        stage.wait_to_read(f"Saved {file}")
        text = file.read_text()
        check(text.lower().startswith(begin) and "mitr@redhat.com" in text, f"{name}: {text[:80]}")
    policy.write_text("# kept by hand\n" + policy.read_text())
    window.click("Trust policy…")
    window.wait_for("Verify every image when it is opened")
    shoot_over_dialog(stage, "settings-trust")
    window.click("Change…")
    window.click("Predicate types", "textInput")
    window.type("https://spdx.dev/Document")
    shoot_over_dialog(stage, "settings-trust-rule")
    window.click("Write to the policy")
    stage.wait_to_read("with an attestation")
    window.click("Close", "button")
    window.wait_for("Trust: rejected: predicate type")
    stage.wait_to_read("there is no attestation of https://spdx.dev/Document")
    window.click("Trust policy…")
    window.click("Remove…")
    window.click("Remove it")
    stage.wait_to_read("There is no rule: no image is judged.")
    window.click("Verify every image when it is opened")
    window.wait(lambda _: "automatic = false" in policy.read_text(), "the policy to say so")
    text = policy.read_text()
    check(text.startswith("# kept by hand") and "[[rule]]" not in text, text)
    window.click("Close", "button")
    # from the next opening on nobody looks before somebody asks
    window = stage.start(image, home=home)
    stage.show_view("Signatures")
    window.wait_for("Not verified yet")
    shoot_in_both_themes(stage, "signatures-by-hand")
    window.click("Verify", "button")
    window.wait_for("Trust: not judged")
    stage.check_alive()


@step
def compare(stage):
    """Two images beside each other, chosen from the menu: settings and layers, files, packages."""
    window = stage.start(BUSYBOX)
    wait_for_busybox(window)
    window.click("Image")
    window.click("Compare with…", "menuItem")
    window.wait_for("The other image")
    window.type(f"oci:{images.FIXTURES}/images/buildkit-app")
    window.key("Enter")
    stage.wait_to_read("The images differ")
    stage.wait_to_read("only before")
    shoot_in_both_themes(stage, "compare")
    window.click("Files ", "button", exact=False)
    stage.wait_to_read("4 added, 0 removed, 0 changed")
    shoot_in_both_themes(stage, "compare-files")
    stage.resize(*SIZES[1])
    window.settle()
    stage.check_controls(*SIZES[1])
    sides = [node for node in window.tree().find("document verified") if node.bounds]
    check(len(sides) >= 2, "both images have a digest")
    for node in sides:
        check(node.bounds[2] <= SIZES[1][0], f"it is cut off: {node.line().strip()}")
    shoot_in_both_themes(stage, "compare-files-small")
    stage.resize(*SIZES[0])
    window.click("Packages ", "button", exact=False)
    shoot_in_both_themes(stage, "compare-packages")
    stage.check_alive()
