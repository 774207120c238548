"""Stands before everything else: who is let in, what every answer says, what is counted.

One layer of plain ASGI for all of it, because each layer costs every request.
"""

from __future__ import annotations

import asyncio
import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hilum.serve.metrics import Metrics
from hilum.serve.problems import internal
from hilum.serve.security import ANSWER_HEADERS, OPEN_PATHS, Doorkeeper
from hilum.serve.settings import ServeSettings

_ACCESS = logging.getLogger("hilum.serve.access")
_LOG = logging.getLogger("hilum.serve")

_ROUTES = OPEN_PATHS | {"/v1/predict", "/v1/explain", "/v1/model", "/metrics"}
_METHODS = frozenset({"GET", "HEAD", "POST"})
_BODY_HEADERS = frozenset({b"content-length", b"transfer-encoding"})
_PATIENCE_SECONDS = 2.0

SENDER_LEFT = 499
"""What a request counts as whose sender left before the end; nobody sees the answer."""


def route_of(path: str) -> str:
    """Return the name of a path in metrics and log, where nothing that a sender chose goes."""
    if path in _ROUTES:
        return path
    return "/static" if path.startswith("/static/") else "other"


class FrontDoor:
    """The outermost layer of the application."""

    def __init__(
        self, app: ASGIApp, doorkeeper: Doorkeeper, metrics: Metrics, settings: ServeSettings
    ) -> None:
        self._app = app
        self._doorkeeper = doorkeeper
        self._metrics = metrics
        self._logs_access = settings.logs_access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the application's start and end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = scope["hilum.headers"] = dict(scope["headers"])
        visit = _Visit(receive, send, has_body=bool(_BODY_HEADERS & headers.keys()))
        try:
            if problem := self._doorkeeper.refusal(scope["path"], headers):
                await problem.response()(scope, visit.receive, visit.send)
            else:
                await self._app(scope, visit.receive, visit.send)
        except Exception as error:
            _LOG.error("A request failed: %s.", type(error).__name__)
            _LOG.debug("Where:", exc_info=error)
            if not visit.status:
                await internal().response()(scope, visit.receive, visit.send)
        finally:
            self._tell(scope, visit)

    def _tell(self, scope: Scope, visit: _Visit) -> None:
        seconds = time.perf_counter() - visit.started
        route = route_of(scope["path"])
        self._metrics.count_request(route, visit.status, seconds)
        if self._logs_access:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            _ACCESS.info("%s %s %d %.0f ms", method, route, visit.status, 1000 * seconds)


class _Visit:
    """One request on its way through: whether its body was read, and what was answered."""

    def __init__(self, receive: Receive, send: Send, *, has_body: bool) -> None:
        self._receive = receive
        self._send = send
        self._is_read = not has_body
        self.started = time.perf_counter()
        self.status = 0

    async def receive(self) -> Message:
        message = await self._receive()
        if not message.get("more_body", False):
            self._is_read = True
        return message

    async def send(self, message: Message) -> None:
        is_start = message["type"] == "http.response.start"
        if is_start:
            self.status = message["status"]
            own = message.get("headers", [])
            named = {name for name, _ in own}
            added = [header for header in ANSWER_HEADERS if header[0] not in named]
            message["headers"] = [*own, *added]
        if is_start or self._is_read or message.get("more_body", False):
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        await self._throw_away_rest()
        await self._send({"type": "http.response.body", "body": b""})

    async def _throw_away_rest(self) -> None:
        """Read what is still being sent, for a while.

        Who is cut off in the middle of sending would never see the answer.
        """
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not self._is_read:
                    await self.receive()
        except TimeoutError:
            pass
