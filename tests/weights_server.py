"""A web server of this machine that gives weight files, well or badly, as it is told."""

from __future__ import annotations

import contextlib
import re
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 20

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Certificate and key of a server that nobody vouches for; good for this machine's names."""


class WeightsServer(ThreadingHTTPServer):
    """Gives `files` by path; each of `plan` says how one request is answered.

    Behaviours: `well` (the default), `no range`, `cut` (half of what it promised), `hang up`,
    `no length cut`, `deaf` (a range, whatever If-Range says), `wrong place`, `endless`,
    `wait` (half, then nothing until `released`), `packed` (said to be compressed, and not),
    `to URL` (with a cookie), `endless to URL`, or a status such as `500`.

    Asked as a proxy for a tunnel, it answers with the status that the plan says.
    """

    daemon_threads = True

    def __init__(self, *, is_encrypted: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "https" if is_encrypted else "http"
        if is_encrypted:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self.files: dict[str, bytes] = {}
        self.versions: dict[str, str] = {}
        self.plan: list[str] = []
        self.requests: list[dict[str, str]] = []
        self.released = threading.Event()

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no matter."""


@contextlib.contextmanager
def serving(*, is_encrypted: bool = False) -> Iterator[WeightsServer]:
    server = WeightsServer(is_encrypted=is_encrypted)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: WeightsServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        server = self.server
        server.requests.append({"path": self.path, **dict(self.headers.items())})
        behaviour = server.plan.pop(0) if server.plan else "well"
        data = server.files.get(self.path.lstrip("/"))
        if behaviour == "hang up":
            return
        if behaviour.startswith("to "):
            self._head(302, Location=behaviour[3:], Set_Cookie="a=b; Path=/")
        elif behaviour.isdigit() or data is None:
            self._head(int(behaviour) if behaviour.isdigit() else 404)
        elif behaviour.startswith("endless"):
            target = behaviour.removeprefix("endless").removeprefix(" to ")
            self._head(302 if target else 200, **({"Location": target} if target else {}))
            while True:
                self.wfile.write(bytes(1 << 20))
        else:
            self._give(data, behaviour)

    def do_CONNECT(self) -> None:
        self.server.requests.append({"path": self.path, **dict(self.headers.items())})
        self._head(int(self.server.plan.pop(0)))

    def _give(self, data: bytes, behaviour: str) -> None:
        version = self.server.versions.get(self.path.lstrip("/"), "")
        headers = {"ETag": version} if version else {}
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        is_same = self.headers.get("If-Range", version) == version or behaviour == "deaf"
        start = int(wanted[1]) if wanted and is_same and behaviour != "no range" else 0
        if start >= len(data):
            self._head(416)
            return
        body = data[start:]
        if behaviour == "packed":
            headers["Content-Encoding"] = "gzip"
        if behaviour != "no length cut":
            headers["Content-Length"] = str(len(body))
        told = start + 1 if behaviour == "wrong place" else start
        if start:
            headers["Content-Range"] = f"bytes {told}-{len(data) - 1}/{len(data)}"
        self._head(206 if start else 200, **headers)
        is_half = behaviour in ("cut", "no length cut", "wait")
        self.wfile.write(body[: len(body) // 2] if is_half else body)
        if behaviour == "wait":
            self.wfile.flush()
            self.server.released.wait(PATIENCE_SECONDS)

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
