"""Runs the application: takes the port first, bounds connections, and stops in order.

Uvicorn waits without end for the headers of a request, takes any number of bytes of them,
queues any number of requests that are sent ahead, and keeps answers that nobody fetches.
Here all of it has limits, and what Uvicorn itself refuses is told as all else is.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from hilum.classifier import Classifier
from hilum.errors import ServeError
from hilum.machine import is_loopback
from hilum.serve.app import create_app
from hilum.serve.problems import MEDIA_TYPE, Problem, overloaded
from hilum.serve.settings import LOOPBACK_NAMES, ServeLimits, ServeSettings

_TOKEN_BYTES = 32
_BACKLOG = 512


def guarded(settings: ServeSettings) -> ServeSettings:
    """Close what must not stand open: beyond this machine, a token is asked for.

    Args:
        settings: As asked for. Without a token, one is drawn where others can reach the
            server. Where `host_names` are the loopback's alone and others can reach it,
            every name is let in: the token guards.
    """
    if is_loopback(settings.host):
        return settings
    token = settings.token or secrets.token_urlsafe(_TOKEN_BYTES)
    is_default = settings.host_names == LOOPBACK_NAMES
    return replace(settings, token=token, host_names=None if is_default else settings.host_names)


def run_server(
    load: Callable[[], Classifier],
    settings: ServeSettings,
    tell: Callable[[ServeSettings, int], None],
) -> None:
    """Serve a classifier until SIGTERM or Ctrl-C; requests under way are finished.

    Args:
        load: Loads the classifier, once the port is taken.
        settings: As `guarded` returned them.
        tell: Is told the settings and the port, once requests are taken.

    Raises:
        ServeError: The port cannot be taken.
        HilumError: The classifier cannot be loaded.
    """
    listener = take_port(settings.host, settings.port)
    with contextlib.closing(listener):
        app = create_app(load(), settings)
        server = make_server(
            app, settings.limits, lambda: tell(settings, listener.getsockname()[1])
        )
        # What is there by now stays: no collection need ever look through it again.
        gc.collect()
        gc.freeze()
        # Threads side by side keep the cores busy; nested ones would only get in the way.
        with threadpool_limits(1):
            server.run([listener])


def take_port(host: str, port: int) -> socket.socket:
    """Take a port, before anything slow is done.

    Raises:
        ServeError: It is taken, or may not be, or the address is none of this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            # Bound alone, the port could be taken by another server meanwhile.
            listener.listen(_BACKLOG)
        except BaseException:
            listener.close()
            raise
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ServeError(
            f"The server cannot listen on {host}, port {port}: {reason}.",
            fix="Choose another port with --port (0 takes a free one), or another --host.",
        ) from error
    return listener


def make_server(
    app: ASGIApp, limits: ServeLimits, tell: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """Make what listens and speaks HTTP.

    Args:
        app: What `create_app` returned.
        limits: Of connections.
        tell: Is called once requests are taken.
    """
    config = uvicorn.Config(
        app,
        http=connection_type(limits),
        log_config=None,
        log_level=logging.CRITICAL,  # it would tell addresses and whole requests
        access_log=False,
        ws="none",
        lifespan="on",
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=limits.stopping_seconds,
    )
    return _Server(config, tell)


class _Server(uvicorn.Server):
    """Tells when it takes requests, and ends without raising the signal that stopped it again."""

    def __init__(self, config: uvicorn.Config, tell: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = tell

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take requests, and tell.

        Raises:
            ServeError: The application did not start.
        """
        try:
            await super().startup(sockets)
        except SystemExit:  # how Uvicorn tells that the application did not start
            raise ServeError(
                "The server could not start: the classifier does not answer.",
                fix="`hilum --debug serve …` tells why. Train or copy the bundle again.",
            ) from None
        self._tell()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop in order on the first signal, at once on the second."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, self._hear) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, _: int, __: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


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
        """End a connection that fetches no answers: closing would wait for them, too."""
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
