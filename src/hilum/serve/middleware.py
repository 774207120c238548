"""Stands before everything else: who is let in, what every answer says, what is counted.

One layer of plain ASGI for all of it, because each layer costs every request.

A server on 127.0.0.1 can be reached by every web page that its user has open. A page of
another site names itself in `Origin` or `Sec-Fetch-Site`; one that rebinds its own name
to 127.0.0.1 names itself in `Host`. Both are refused, and nothing is ever shared across
origins (no CORS).
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Mapping
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hilum.serve.metrics import Metrics
from hilum.serve.problems import Problem, internal
from hilum.serve.settings import ServeSettings

OPEN_PATHS = frozenset({"/", "/healthz", "/readyz", "/docs", "/docs.css", "/openapi.json"})
"""What may be seen without the token: it tells nothing of the model or of films."""

_OPEN_PREFIX = "/static/"

# What supervises processes asks by address, under no name.
_PROBES = frozenset({"/healthz", "/readyz"})

_NO_PAGES_OF_OTHERS = frozenset({"cross-site", "same-site"})
Headers = Mapping[bytes, bytes]


class AccessControl:
    """Decides from a request's headers whether it is let in."""

    def __init__(self, settings: ServeSettings) -> None:
        self._token = None if settings.token is None else settings.token.encode()
        self._names = settings.host_names

    def refusal(self, path: str, headers: Headers) -> Problem | None:
        """Return why a request is not let in, or None if it is.

        Args:
            path: Its path.
            headers: Its headers, names in small letters; the last of several counts.
        """
        if path in _PROBES:
            return None
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if self._names is not None and _name_of(host) not in self._names:
            return Problem(
                HTTPStatus.MISDIRECTED_REQUEST,
                "HOST",
                "This server does not go by the name that the request gives in Host.",
                fix="Use the address that the server printed, or start it with --host-name.",
            )
        is_open = path in OPEN_PATHS or path.startswith(_OPEN_PREFIX)
        if is_open:
            return None
        if self._is_from_elsewhere(host, headers):
            return Problem(
                HTTPStatus.FORBIDDEN,
                "ORIGIN",
                "A web page of another site sent this request.",
                fix="Use the server's own page, or a program that is no browser.",
            )
        if self._token is not None and not self._is_token(headers.get(b"authorization", b"")):
            return Problem(
                HTTPStatus.UNAUTHORIZED,
                "TOKEN",
                "The request carries no valid token.",
                fix="Send the header `Authorization: Bearer TOKEN`.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return None

    def _is_from_elsewhere(self, host: str, headers: Headers) -> bool:
        if headers.get(b"sec-fetch-site", b"").decode("latin-1") in _NO_PAGES_OF_OTHERS:
            return True
        origin = headers.get(b"origin")
        if origin is None:
            return False
        scheme, separator, place = origin.decode("latin-1").lower().partition("://")
        default_port = {"http": ":80", "https": ":443"}.get(scheme)
        if not separator or default_port is None:
            return True  # "null", an extension, a file
        return place.removesuffix(default_port) != host.removesuffix(default_port)

    def _is_token(self, authorization: bytes) -> bool:
        scheme, _, token = authorization.partition(b" ")
        # Compared in the same time however much of it is right.
        is_right = hmac.compare_digest(token.strip(), self._token or b"")
        return scheme.lower() == b"bearer" and is_right


def _name_of(host: str) -> str:
    """Take the port from a Host header's value; an IPv6 address stays in brackets."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


_ROUTES = OPEN_PATHS | {"/v1/predict", "/v1/explain", "/v1/model", "/metrics"}
_METHODS = frozenset({"GET", "HEAD", "POST"})

SENDER_LEFT = 499
"""What a request counts as whose sender left before the end; nobody sees the answer."""

_LOG = logging.getLogger("hilum.serve")
_ACCESS = logging.getLogger("hilum.serve.access")


class Middleware:
    """The outermost layer of the application."""

    def __init__(
        self, app: ASGIApp, access_control: AccessControl, metrics: Metrics, settings: ServeSettings
    ) -> None:
        self._app = app
        self._access = access_control
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
            if problem := self._access.refusal(scope["path"], headers):
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


def route_of(path: str) -> str:
    """Return the name of a path in metrics and log, where nothing that a sender chose goes."""
    if path in _ROUTES:
        return path
    return "/static" if path.startswith("/static/") else "other"


_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

ANSWER_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"cache-control", b"no-store"),
)
"""What every answer says, whatever it is."""

_BODY_HEADERS = frozenset({b"content-length", b"transfer-encoding"})
_PATIENCE_SECONDS = 2.0


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

        A sender that is cut off would never see the answer.
        """
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not self._is_read:
                    await self.receive()
        except TimeoutError:
            pass
