"""The images that the drive opens: good ones cut from tests/fixtures, and bad ones of every kind, made in a temporary folder."""

import hashlib
import io
import json
import shutil
import struct
import subprocess
import tarfile
import zlib
from pathlib import Path

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
BUSYBOX = FIXTURES / "images/busybox-small"

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SPDX = "application/spdx+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
NAME = "org.opencontainers.image.ref.name"
# RIGHT-TO-LEFT OVERRIDE and a bell: neither may act on the screen.
TRICKY = "v1\u202egnp.exe\u0007"


def named(folder, name):
    """A copy of busybox-small that holds only one of its names."""
    shutil.copytree(BUSYBOX, folder)
    index = json.loads((folder / "index.json").read_text())
    index["manifests"] = [entry for entry in index["manifests"] if entry["annotations"][NAME] == name]
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def large(folder, entries):
    """A layout with one image, `large`: an index of so many platforms."""
    subprocess.run([FIXTURES / "make-large-index", folder, str(entries)], check=True, stdout=subprocess.DEVNULL)
    return folder


def slow(folder, size=8 << 30):
    """An image with a layer of so many bytes, none of which takes room on the disk: reading it through takes a while."""
    layout = Layout(folder)
    layer = "c" * 64
    with open(layout.blobs / layer, "wb") as blob:
        blob.truncate(size)
    layout.image(GOOD_CONFIG, layers=[descriptor("application/vnd.oci.image.layer.v1.tar", layer, size)])
    return folder


def referred(folder, count):
    """An image with so many SBOMs that refer to it, each with a package of its own."""
    layout = Layout(folder)
    found = layout.image(GOOD_CONFIG)
    subject = descriptor(MANIFEST, found, (layout.blobs / found).stat().st_size)
    for number in range(count):
        sbom = {
            "spdxVersion": "SPDX-2.3",
            "name": f"part {number}",
            "packages": [{"SPDXID": "SPDXRef-1", "name": f"package-{number}", "versionInfo": "1.0"}],
        }
        file = json.dumps(sbom).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": SPDX,
            "config": descriptor("application/vnd.oci.empty.v1+json", layout.blob(b"{}"), 2),
            "layers": [descriptor(SPDX, layout.blob(file), len(file))],
            "subject": subject,
            "annotations": {"org.opencontainers.image.title": f"part {number}"},
        }
        layout.blob(json.dumps(manifest).encode())
    return folder


def with_files(folder):
    """An image of one layer with a picture in it, whose colour nothing else in the window has, and a program text."""
    layout = Layout(folder)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name, content in [
            ("app/logo.png", png(160, 120, PICTURE)),
            ("app/run.py", PROGRAM),
            ("app/settings.conf", b"# comment\n[server]\nport = 8080\nname = \"edge\"\n"),
        ]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    data = tar.getvalue()
    layer = descriptor("application/vnd.oci.image.layer.v1.tar", layout.blob(data), len(data))
    config = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(data).hexdigest()}"]},
    }
    layout.image(json.dumps(config).encode(), layers=[layer])
    return folder


PICTURE = (230, 0, 126)
PROGRAM = b'''#!/usr/bin/env python3
"""Says hello."""
import os

# where nobody says a name
NAME = os.environ.get("NAME", "world")


def greet(name: str, times: int = 3) -> str:
    for _ in range(times):
        print(f"hello {name}")
    return name if times > 0 else None


if __name__ == "__main__":
    greet(NAME)
'''


def png(width, height, colour):
    """A picture of one colour."""

    def chunk(kind, data):
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows = (b"\0" + bytes(colour) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def pixels(data, colour):
    """How many pixels of a PNG with 8 bits a channel have this colour."""
    at, packed = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, height, _, colours = struct.unpack(">IIBB", body[:10])
        elif kind == b"IDAT":
            packed += body
        at += size + 12
    step = {2: 3, 6: 4}[colours]
    raw, above, found = zlib.decompress(packed), bytes(width * step), 0
    for number in range(height):
        begin = number * (width * step + 1)
        row = bytearray(raw[begin + 1 : begin + 1 + width * step])
        unfilter(raw[begin], row, above, step)
        found += sum(tuple(row[pixel : pixel + 3]) == colour for pixel in range(0, len(row), step))
        above = row
    return found


def unfilter(kind, row, above, step):
    """PNG, section 9: what a row is, of what it is predicted from."""
    for at in range(len(row)) if kind else ():
        left, up = row[at - step] if at >= step else 0, above[at]
        corner = above[at - step] if at >= step else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        else:
            wrong = [(abs(up - corner), left), (abs(left - corner), up), (abs(left + up - 2 * corner), corner)]
            guess = min(wrong, key=lambda one: one[0])[1]
        row[at] = (row[at] + guess) & 255


class Layout:
    """An OCI layout in which anything may be wrong."""

    def __init__(self, folder):
        self.folder = folder
        self.blobs = folder / "blobs/sha256"
        self.blobs.mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def blob(self, data):
        """Writes a blob under its own digest and answers the hexadecimal part."""
        found = hashlib.sha256(data).hexdigest()
        (self.blobs / found).write_bytes(data)
        return found

    def image(self, config, name="1", layers=()):
        """An image around the bytes of a config, right or not; answers the manifest's digest."""
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor(CONFIG, self.blob(config), len(config)),
            "layers": list(layers),
        }
        data = json.dumps(manifest).encode()
        found = self.blob(data)
        self.index(descriptor(MANIFEST, found, len(data)), name)
        return found

    def index(self, entry, name="1"):
        index = {"schemaVersion": 2, "manifests": [{**entry, "annotations": {NAME: name}}]}
        (self.folder / "index.json").write_text(json.dumps(index))


def descriptor(media_type, found, size):
    return {"mediaType": media_type, "digest": f"sha256:{found}", "size": size}


GOOD_CONFIG = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'


def empty_folder(folder):
    folder.mkdir()
    return f"oci:{folder}", ["empty"]


def not_an_image(folder):
    folder.mkdir()
    (folder / "notes.txt").write_text("not an image")
    return str(folder), ["not a container image"]


def broken_index(folder):
    Layout(folder)
    (folder / "index.json").write_text('{"schemaVersion": 2, "manifests": [')
    return f"oci:{folder}", ["index.json", "broken"]


def no_such_name(folder):
    Layout(folder).image(GOOD_CONFIG)
    return f"oci:{folder}:nothing-of-this-name", ["nothing-of-this-name", "nothing here is called"]


def missing_manifest(folder):
    Layout(folder).index(descriptor(MANIFEST, "a" * 64, 500))
    return f"oci:{folder}", ["not in this folder"]


def wrong_digest(folder):
    layout = Layout(folder)
    found = layout.image(GOOD_CONFIG)
    path = layout.blobs / found
    path.write_bytes(path.read_bytes().replace(b"schemaVersion", b"schemaversion"))
    return f"oci:{folder}", ["damaged"]


def huge_manifest(folder):
    """A gigabyte, without taking that much of the disk."""
    layout = Layout(folder)
    layout.index(descriptor(MANIFEST, "b" * 64, 1 << 30))
    with open(layout.blobs / ("b" * 64), "wb") as manifest:
        manifest.truncate(1 << 30)
    return f"oci:{folder}", ["more than the", "that are read"]


def config_not_json(folder):
    """Readable but for the config: the manifest is still shown."""
    found = Layout(folder).image(b"this is not JSON")
    return f"oci:{folder}", ["not JSON", found[:8]]


def nothing_listens(_folder):
    # Port 1 is privileged, and no service has used it for decades.
    return "docker://127.0.0.1:1/none:latest", ["127.0.0.1:1", "no connection"]


def not_a_reference(_folder):
    return "docker://Not A Reference!", ["Not A Reference!"]


# Each makes its folder and answers what to type and which words the error must hold.
BAD = [
    empty_folder,
    not_an_image,
    broken_index,
    no_such_name,
    missing_manifest,
    wrong_digest,
    huge_manifest,
    config_not_json,
    nothing_listens,
    not_a_reference,
]


def tricky_name(folder):
    """A good image with a name that would turn the text around and ring."""
    Layout(folder).image(GOOD_CONFIG, name=TRICKY)
    return f"oci:{folder}"
