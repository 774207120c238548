"""Sends films to a server: as fast as it answers, or at a given pace. Lean, on the same cores.

A process of its own: `python -m benchmarks.load_generator PORT FILMS MODE RATE SECONDS`.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter, deque
from pathlib import Path

_CLOSED, _OPEN = "closed", "open"
_MOST_CONNECTIONS = 128


def film_request(film: bytes) -> bytes:
    """One request with one film, as a browser sends it."""
    boundary = "x7f3a"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = head.encode() + film + f"\r\n--{boundary}--\r\n".encode()
    return (
        "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.received = b""
        self.since = 0.0
        self.is_asking = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.load.is_free(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.load.lose(self)

    def ask(self, request: bytes, since: float) -> None:
        self.since, self.is_asking = since, True
        self.transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self.received, self.is_asking = b"", False
        self.load.note(
            int(head[9:12]),
            time.perf_counter() - self.since,
            b"Retry-After" in head or b"retry-after" in head,
        )
        self.load.is_free(self)


class Load:
    """All connections, and what came back."""

    def __init__(self, port: int, requests: list[bytes]) -> None:
        self.port = port
        self.requests = requests
        self.sent = 0
        self.statuses: Counter[int] = Counter()
        self.seconds: list[float] = []
        self.refusals_without_retry = 0
        self.lost = 0
        self.is_closed_loop = False
        self.is_over = False
        self.free: list[Connection] = []
        self.waiting: deque[float] = deque()
        self.n_open = 0

    def is_free(self, connection: Connection) -> None:
        if self.is_over:
            connection.transport.close()
        elif self.is_closed_loop:
            self.send(connection, time.perf_counter())
        elif self.waiting:
            self.send(connection, self.waiting.popleft())
        else:
            self.free.append(connection)

    def send(self, connection: Connection, since: float) -> None:
        connection.ask(self.requests[self.sent % len(self.requests)], since)
        self.sent += 1

    def note(self, status: int, seconds: float, has_retry: bool) -> None:
        self.statuses[status] += 1
        if status == 200:
            self.seconds.append(seconds)
        elif status == 503 and not has_retry:
            self.refusals_without_retry += 1

    def lose(self, connection: Connection) -> None:
        """Forget a connection; one that nobody used may end, one that waits for an answer not."""
        self.n_open -= 1
        if connection.is_asking and not self.is_over:
            self.lost += 1
        if connection in self.free:
            self.free.remove(connection)

    async def connect(self, n: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(n):
            self.n_open += 1
            await loop.create_connection(lambda: Connection(self), "127.0.0.1", self.port)

    async def run_closed(self, n_clients: int, seconds: float) -> float:
        """Each client sends its next film once its last is answered; returns films per second."""
        self.is_closed_loop = True
        await self.connect(n_clients)
        started, before = time.perf_counter(), self.statuses[200]
        await asyncio.sleep(seconds)
        rate = (self.statuses[200] - before) / (time.perf_counter() - started)
        self.is_over = True
        return rate

    async def run_open(self, rate: float, seconds: float) -> float:
        """Films arrive at random moments, however long the answers take."""
        await self.connect(16)
        opening = set()
        rng = random.Random(0)
        started = time.perf_counter()
        due = started
        while due < started + seconds:
            due += rng.expovariate(rate)
            pause = due - time.perf_counter()
            if pause > 0.001:
                await asyncio.sleep(pause)
            if self.free:
                self.send(self.free.pop(), due)
            else:
                self.waiting.append(due)
                if self.n_open < _MOST_CONNECTIONS:
                    task = asyncio.ensure_future(self.connect(1))
                    opening.add(task)
                    task.add_done_callback(opening.discard)
        n_sent = self.sent + len(self.waiting)
        until = time.perf_counter() + 10
        while sum(self.statuses.values()) < n_sent and time.perf_counter() < until:
            await asyncio.sleep(0.01)
        self.is_over = True
        return self.statuses[200] / seconds


async def main(port: int, films: Path, mode: str, rate: float, seconds: float) -> None:
    requests = [film_request(path.read_bytes()) for path in sorted(films.glob("*.jpg"))]
    load = Load(port, requests)
    work = load.run_closed(int(rate), seconds) if mode == _CLOSED else load.run_open(rate, seconds)
    per_second = await work
    times = sorted(load.seconds)
    print(
        json.dumps(
            {
                "rate": per_second,
                "statuses": dict(load.statuses),
                "p50": times[len(times) // 2] if times else None,
                "p95": times[int(len(times) * 0.95)] if times else None,
                "lost": load.lost,
                "refusals_without_retry": load.refusals_without_retry,
                "cpu_seconds": time.process_time(),
            }
        )
    )


if __name__ == "__main__":
    import uvloop

    port, films, mode, rate, seconds = sys.argv[1:]
    uvloop.run(main(int(port), Path(films), mode, float(rate), float(seconds)))
