"""Who may ask: the bearer token, the names of this server, and pages of other sites.

A server on 127.0.0.1 can be reached by every web page that its user has open. A page of
another site names itself in `Origin` or `Sec-Fetch-Site`; one that rebinds its own name
to 127.0.0.1 names itself in `Host`. Both are refused, and nothing is ever shared across
origins (no CORS).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from http import HTTPStatus

from hilum.serve.problems import Problem
from hilum.serve.settings import ServeSettings

OPEN_PATHS = frozenset({"/", "/healthz", "/readyz", "/docs", "/docs.css", "/openapi.json"})
"""What may be seen without the token: it tells nothing of the model or of films."""

# Whoever watches over processes asks by address, under no name.
_PROBES = frozenset({"/healthz", "/readyz"})
_OPEN_PREFIX = "/static/"
_NO_PAGES_OF_OTHERS = frozenset({"cross-site", "same-site"})

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

Headers = Mapping[bytes, bytes]


class Doorkeeper:
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
