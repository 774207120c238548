"""A server in a thread of the test's own process, spoken to over a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from hilum.classifier.classifier import Classifier
from hilum.serve.app import create_app
from hilum.serve.server import make_server, take_port
from hilum.serve.settings import ServeSettings


@dataclass(frozen=True)
class Served:
    """Where a server listens, and a client for it."""

    port: int
    client: httpx.Client

    def predict(self, *films: bytes, **query: str) -> httpx.Response:
        """Send films under names that must never come back."""
        files = [("files", (f"ZZPHI^CANARY-{k}.png", film)) for k, film in enumerate(films)]
        return self.client.post("/v1/predict", files=files, params=query)

    def raw(self, data: bytes, *, until_closed: bool = True) -> bytes:
        """Send bytes as they are, and return what comes back until the connection ends."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            received = b""
            while piece := connection.recv(65536):
                received += piece
                if not until_closed:
                    break
        return received


@contextmanager
def serving(
    classifier: Classifier | Any, settings: ServeSettings | None = None
) -> Iterator[Served]:
    """Run a server while the block lasts."""
    settings = settings or ServeSettings()
    is_up = threading.Event()
    with closing(take_port("127.0.0.1", 0)) as listener:
        server = make_server(create_app(classifier, settings), settings.limits, is_up.set)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        assert is_up.wait(20)
        port = listener.getsockname()[1]
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
                yield Served(port, client)
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()
