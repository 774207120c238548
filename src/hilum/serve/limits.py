"""Bodies of requests, counted while they come in: size, pace, and what all hold together.

Starlette's own form parser writes parts above 1 MB to a temporary file. A film is never
stored, so bodies are read here, into memory and no further than the limits go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus

from starlette.types import Receive

from hilum.serve.problems import Problem, overloaded
from hilum.serve.settings import ServeLimits

_CLOSING = {"Connection": "close"}


class SenderLeftError(Exception):
    """The connection ended before the request did: there is nobody to answer."""


class HeldBytes:
    """Counts the bytes of all uploads that are in memory; for the event loop's thread alone."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.now = 0

    def take(self, n_bytes: int) -> None:
        """Count `n_bytes` more.

        Raises:
            Problem: That would be too many.
        """
        if self.now + n_bytes > self._most:
            raise overloaded("Other uploads take all the memory that there is for them.")
        self.now += n_bytes

    def give_back(self, n_bytes: int) -> None:
        """Count `n_bytes` less."""
        self.now -= n_bytes


def check_declared(headers: Mapping[bytes, bytes], limits: ServeLimits) -> None:
    """Refuse a body for what its headers say of it.

    Args:
        headers: Of the request, names in small letters.
        limits: The server's.

    Raises:
        Problem: It is compressed, or declared to be too large.
    """
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "ENCODING",
            "The body of the request is compressed.",
            fix="Send it as it is; films are compressed already.",
            headers=_CLOSING,
        )
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > limits.request_bytes:
        raise too_large("The request", limits.request_bytes)


async def receive_body(
    receive: Receive, limits: ServeLimits, held: HeldBytes, take: Callable[[bytes], None]
) -> int:
    """Receive a body piece by piece, as long as it keeps within the limits.

    Args:
        receive: The connection's.
        limits: Size and pace.
        held: Count of all uploads.
        take: Is given each piece.

    Returns:
        How many bytes it had; they stay counted as held.

    Raises:
        Problem: It is too large or too slow, or other uploads take all the memory; or
            `take` says so.
        SenderLeftError: The connection ended first.
    """
    n_bytes = 0
    started = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout_at(started + limits.body_grace_seconds) as pace:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise SenderLeftError
                piece = message.get("body", b"")
                if n_bytes + len(piece) > limits.request_bytes:
                    raise too_large("The request", limits.request_bytes)
                held.take(len(piece))
                n_bytes += len(piece)
                take(piece)
                if not message.get("more_body", False):
                    return n_bytes
                allowed = limits.body_grace_seconds + n_bytes / limits.body_bytes_per_second
                pace.reschedule(started + allowed)
    except BaseException as error:
        held.give_back(n_bytes)
        if not isinstance(error, TimeoutError):
            raise
    raise Problem(
        HTTPStatus.REQUEST_TIMEOUT,
        "SLOW",
        "The body of the request came too slowly.",
        fix="Send it again over a better connection, or fewer films at a time.",
        headers=_CLOSING,
    )


def too_large(what: str, most_bytes: int) -> Problem:
    """Make the answer to a body, or a part of one, that is too large."""
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "SIZE",
        f"{what} is larger than the {most_bytes / 1e6:g} MB allowed.",
        fix="Send fewer films at a time, or export them at a smaller size.",
        headers=_CLOSING,
    )
