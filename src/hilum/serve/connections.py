"""Connections that wait too long, say too much, or are too many: what Uvicorn leaves open.

Uvicorn waits without end for the headers of a request, takes any number of bytes of them,
queues any number of requests that are sent ahead, and keeps answers that nobody fetches.
Here all of it has limits, and what Uvicorn itself refuses is told as all else is.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from hilum.serve.problems import MEDIA_TYPE, Problem, overloaded
from hilum.serve.settings import ServeLimits


def connection_type(limits: ServeLimits) -> Any:
    """Make the type of connections that keeps to the limits, for Uvicorn's `http`."""
    return partial(LimitedConnection, limits)


class LimitedConnection(HttpToolsProtocol):
    """One connection; what it takes beyond requests under way is counted."""

    def __init__(self, limits: ServeLimits, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._patience: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._watch: asyncio.TimerHandle | None = None
        self._unfetched_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request's headers."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections:
            self.app = _refuse_one_too_many
        self._wait()
        self._watch = self.loop.call_later(self._limits.answer_look_seconds, self._look_around)

    def data_received(self, data: bytes) -> None:
        """Take what came; headers that do not end are not waited for."""
        super().data_received(data)
        if len(self.pipeline) > self._limits.pipelined:
            self.pipeline.clear()
            self.transport.abort()
        elif self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > self._limits.head_bytes:
                self.transport.close()
            elif self._patience is None:
                self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """Go on, as what was answered has been fetched."""
        self._unfetched_bytes = 0
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - Uvicorn's own words
        """Tell that what came is no HTTP."""
        problem = Problem(
            400, "HTTP", "The request is no well-formed HTTP.", fix="Use an ordinary HTTP client."
        )
        body = problem.body
        self.transport.write(
            STATUS_LINE[problem.status]
            + f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n".encode()
            + b"connection: close\r\n\r\n"
            + body
        )
        self.transport.close()

    def _wait(self) -> None:
        self._patience = self.loop.call_later(self._limits.head_seconds, self.transport.close)

    def _look_around(self) -> None:
        """End the connection of who fetches no answers: closing would wait for them, too."""
        seconds = self._limits.answer_look_seconds
        before, left = self._unfetched_bytes, self.transport.get_write_buffer_size()
        least = min(before, seconds * self._limits.answer_bytes_per_second)
        if before and before - left < least:
            self.transport.abort()
            return
        self._unfetched_bytes = left
        self._watch = self.loop.call_later(seconds, self._look_around)

    def _stop_waiting(self) -> None:
        self._head_bytes = 0
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


async def _refuse_one_too_many(scope: Scope, receive: Receive, send: Send) -> None:
    problem = overloaded("The server has as many connections as it takes on.")
    problem.headers["Connection"] = "close"
    await problem.response()(scope, receive, send)
