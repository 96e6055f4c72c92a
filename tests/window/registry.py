"""A registry on this machine that hands out one layout under any number of tags, over plain http. Nothing is written."""

import http.server
import json
import re
import threading

NAME = "org.opencontainers.image.ref.name"
PAGE = 1000


class Registry:
    """Serves the images of an OCI layout as `team/app`, besides a few names, until it is closed."""

    def __init__(self, layout, repositories, tags):
        """`tags` are those of `team/app` beside the layout's own; each stands for its first image."""
        index = json.loads((layout / "index.json").read_text())
        named = {entry["annotations"][NAME]: entry for entry in index["manifests"] if NAME in entry.get("annotations", {})}
        first = next(iter(named.values()))
        self.tags = {**dict.fromkeys(tags, first), **named}
        self.layout, self.repositories = layout, repositories
        self.catalogue_is_open = True
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                registry.answer(self)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request):
        path, _, query = request.path.partition("?")
        if path == "/v2/":
            return send(request, 200, b"{}")
        if path == "/v2/_catalog":
            if not self.catalogue_is_open:
                error = {"errors": [{"code": "UNAUTHORIZED", "message": "nobody lists them here"}]}
                return send(request, 401, json.dumps(error).encode())
            return send(request, 200, json.dumps({"repositories": self.repositories}).encode())
        if path == "/v2/team/app/tags/list":
            return self.list_tags(request, query)
        found = re.fullmatch(r"/v2/team/app/(manifests|blobs)/(.+)", path)
        if not found:
            return send(request, 404, b'{"errors": [{"code": "NAME_UNKNOWN"}]}')
        name = found[2]
        entry = self.tags.get(name)
        digest = entry["digest"] if entry else name
        try:
            body = (self.layout / "blobs" / digest.replace(":", "/")).read_bytes()
        except OSError:
            return send(request, 404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')
        kind = "application/octet-stream"
        if found[1] == "manifests":
            kind = json.loads(body).get("mediaType") or "application/vnd.oci.image.index.v1+json"
        return send(request, 200, body, kind)

    def list_tags(self, request, query):
        names = sorted(self.tags)
        last = re.search(r"(?:^|&)last=([^&]+)", query)
        begin = next((at for at, name in enumerate(names) if name > last[1]), len(names)) if last else 0
        page = names[begin : begin + PAGE]
        more = begin + PAGE < len(names)
        link = {"Link": f'</v2/team/app/tags/list?n={PAGE}&last={page[-1]}>; rel="next"'} if more else {}
        send(request, 200, json.dumps({"name": "team/app", "tags": page}).encode(), headers=link)


def send(request, status, body, kind="application/json", headers=None):
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    for name, value in (headers or {}).items():
        request.send_header(name, value)
    request.end_headers()
    if request.command == "GET":
        request.wfile.write(body)
