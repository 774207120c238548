"""How the server listens, whom it lets in and how much it takes on; every limit in one place."""

from __future__ import annotations

from dataclasses import dataclass, field

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Names under which a browser on the same machine reaches the server."""


@dataclass(frozen=True)
class ServeLimits:
    """What one request, and all of them together, may cost.

    Attributes:
        file_bytes: Largest file. Films that read larger than 50 MB are refused in any case.
        files: Most files in one request.
        request_bytes: Largest body of one request.
        held_bytes: Most bytes of all uploads in memory at once; beyond it, 503.
        waiting_films: Most films between upload and answer, whichever requests they came
            with; beyond it, 503.
        explanations: Most of them that are explanations, which go one by one and would leave
            no room for other films; beyond it, 503.
        film_seconds: Longest that decoding one film may take.
        head_seconds: Longest that a request's first line and headers may take to arrive.
        head_bytes: Most bytes of them.
        body_grace_seconds: How long a body may take beyond what `body_bytes_per_second`
            allows for what has arrived.
        body_bytes_per_second: Slowest upload that is put up with.
        idle_seconds: How long a connection may stay open between two requests.
        answer_look_seconds: How often it is looked whether what was answered is fetched.
        answer_bytes_per_second: Slowest fetching that is put up with.
        connections: Most connections at once; beyond it, 503.
        pipelined: Most requests that a connection may send ahead of their answers.
        stopping_seconds: How long requests may take to finish once the server was asked to
            stop.
    """

    file_bytes: int = 50_000_000
    files: int = 32
    request_bytes: int = 200_000_000
    held_bytes: int = 600_000_000
    waiting_films: int = 64
    explanations: int = 16
    film_seconds: float = 10.0
    head_seconds: float = 10.0
    head_bytes: int = 32_768
    body_grace_seconds: float = 20.0
    body_bytes_per_second: int = 50_000
    idle_seconds: int = 30
    answer_look_seconds: float = 20.0
    answer_bytes_per_second: int = 1_000
    connections: int = 256
    pipelined: int = 32
    stopping_seconds: int = 15


@dataclass(frozen=True)
class ServeSettings:
    """How one server is run.

    Attributes:
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        token: Bearer token that requests must carry; None asks for none.
        host_names: Names under which the server may be reached, without the port, such as
            `films.example.org`. None leaves every name, which is safe only with a token.
        logs_access: Tell of every request in the log: route, status and time, nothing else.
        limits: See there.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = field(default=None, repr=False)
    host_names: frozenset[str] | None = LOOPBACK_NAMES
    logs_access: bool = False
    limits: ServeLimits = ServeLimits()
