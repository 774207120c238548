"""The port comes first; connections that wait too long, say too much, or are too many are ended."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hilum.classifier.classifier import Classifier
from hilum.errors import ServeError
from hilum.serve.server import run_server, take_port
from hilum.serve.settings import ServeLimits, ServeSettings
from served import Served, serving
from tiny_bundle import write_tiny_bundle

LIMITS = ServeLimits(head_seconds=0.5, connections=12, pipelined=5)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    folder = tmp_path_factory.mktemp("connections") / "bundle"
    return Classifier.load(write_tiny_bundle(folder), streams=2)


@pytest.fixture(scope="module")
def served(classifier: Classifier) -> Iterator[Served]:
    with serving(classifier, ServeSettings(limits=LIMITS)) as running:
        yield running


def test_slow_headers_end_the_connection(served: Served) -> None:
    started = time.monotonic()
    assert served.raw(b"POST /v1/predict HTTP/1.1\r\nHost: loc") == b""
    assert served.raw(b"") == b""
    assert time.monotonic() - started < 5


def test_endless_headers_end_the_connection(served: Served) -> None:
    try:
        answer = served.raw(b"GET / HTTP/1.1\r\n" + b"X-A: aaaa\r\n" * 400_000)
    except OSError:  # reset while we were still sending
        answer = b""
    assert answer == b""


def test_what_is_no_http_is_told_so(served: Served) -> None:
    answer = served.raw(b"\x16\x03\x01 what is this\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer


def test_other_protocols_are_not_spoken(served: Served) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n"
    answer = served.raw(
        b"GET /v1/model HTTP/1.1\r\nHost: localhost\r\n" + upgrade, until_closed=False
    )
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_too_many_connections_are_refused(served: Served) -> None:
    address = ("127.0.0.1", served.port)
    idle = [socket.create_connection(address) for _ in range(LIMITS.connections)]
    try:
        answer = served.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    finally:
        for connection in idle:
            connection.close()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1" in answer.lower()


def ask_without_end(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(0.001)


def test_who_fetches_no_answers_is_cut_off(classifier: Classifier) -> None:
    limits = ServeLimits(answer_look_seconds=0.2, pipelined=100_000)
    with serving(classifier, ServeSettings(limits=limits)) as served:
        address = ("127.0.0.1", served.port)
        with (
            socket.create_connection(address, timeout=5) as connection,
            pytest.raises(ConnectionError),
        ):
            ask_without_end(connection)
        assert served.client.get("/healthz").status_code == 200


def test_too_many_requests_ahead_of_their_answers_end_the_connection(served: Served) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(5 * request)
        received = b""
        while received.count(b'"ok"') < 5:
            received += connection.recv(65536)
    with contextlib.suppress(ConnectionError):
        assert served.raw(1000 * request).count(b'"ok"') < 1000
    assert served.client.get("/healthz").status_code == 200


class Mute(Classifier):
    """A classifier that can be loaded, and never answers."""

    def judge(self, *_: Any) -> Any:
        """Fail."""
        raise RuntimeError


def test_a_port_belongs_to_the_first_who_takes_it() -> None:
    with closing(take_port("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ServeError, match=f"port {port}"):
            take_port("127.0.0.1", port)


def test_a_server_that_cannot_start_says_so(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "bundle")
    told: list[int] = []
    with pytest.raises(ServeError, match="could not start"):
        run_server(
            lambda: Mute.load(bundle), ServeSettings(port=0), lambda _, port: told.append(port)
        )
    assert told == []
