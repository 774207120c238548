"""Films out of a multipart body, into memory: within a size, a pace, and a sum of all uploads.

Starlette's own form parser writes parts above 1 MB to a temporary file. A film is never
stored, so bodies are read here, into memory and no further than the limits go. Names of files
go unread.

Source: RFC 7578, Returning Values from Forms: multipart/form-data (2015).
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser
from starlette.types import Receive

from hilum.serve.problems import Problem, overloaded
from hilum.serve.settings import ServeLimits

_CLOSING = {"Connection": "close"}
_SEND_A_FORM = "Send the films as multipart/form-data, as `curl -F files=@film.png` does."


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


@dataclass(frozen=True)
class Wanted:
    """What a form should hold.

    Attributes:
        field: Name of the form's field.
        files: Most files in it.
    """

    field: str
    files: int


async def read_films(
    headers: Mapping[bytes, bytes],
    receive: Receive,
    wanted: Wanted,
    limits: ServeLimits,
    held: HeldBytes,
) -> list[bytes]:
    """Read the films of a request, in the order sent.

    Args:
        headers: Of the request, names in small letters.
        receive: The connection's.
        wanted: What the form should hold.
        limits: The server's.
        held: Count of all uploads; what is returned stays counted, one film's length each.

    Returns:
        The bytes of at least one file.

    Raises:
        Problem: It is another kind of request, or goes beyond the limits.
        SenderLeftError: The connection ended first.
    """
    boundary = _boundary(headers.get(b"content-type", b""))
    check_declared(headers, limits)
    form = _Form(boundary, wanted, limits)
    try:
        n_held = await receive_body(receive, limits, held, form.write)
        try:
            films = form.films()
        except Problem:
            held.give_back(n_held)
            raise
    finally:
        form.let_go()
    held.give_back(n_held - sum(map(len, films)))
    return films


_PARAMETER = re.compile(rb';\s*([\w*-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)')


def _boundary(content_type: bytes) -> bytes:
    kind, _, _ = content_type.partition(b";")
    if kind.strip().lower() != b"multipart/form-data":
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "FORM",
            "The request holds no multipart form.",
            fix=_SEND_A_FORM,
            headers=_CLOSING,
        )
    for name, value in _PARAMETER.findall(content_type[len(kind) :]):
        boundary = bytes(value).strip(b'"')
        if name.lower() == b"boundary" and 1 <= len(boundary) <= 70:
            return boundary
    raise _malformed("The header Content-Type names no usable boundary.")


def _malformed(detail: str) -> Problem:
    return Problem(
        HTTPStatus.BAD_REQUEST,
        "FORM",
        detail,
        fix=_SEND_A_FORM,
        headers=_CLOSING,
    )


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


_MOST_HEADERS = 8
_MOST_HEADER_BYTES = 4096

# The parser tells of odd bytes in bodies; a log is no place for what a sender chose.
_SILENT = logging.Logger("silent", logging.CRITICAL + 1)


class _Form:
    """Takes a multipart body piece by piece, and keeps the wanted files of it."""

    def __init__(self, boundary: bytes, wanted: Wanted, limits: ServeLimits) -> None:
        self._wanted = wanted
        self._limits = limits
        self._films: list[bytes] = []
        self._pieces: list[bytes] = []
        self._n_bytes = 0
        self._header = b""
        self._value = b""
        self._disposition = b""
        self._is_whole = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._take_header,
                "on_header_value": self._take_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._take_data,
                "on_part_end": self._end,
                "on_end": self._finish,
            },
            max_header_count=_MOST_HEADERS,
            max_header_size=_MOST_HEADER_BYTES,
        )
        self._parser.logger = _SILENT

    def write(self, piece: bytes) -> None:
        """Take the next piece of the body."""
        try:
            self._parser.write(piece)
        except FormParserError:
            raise _malformed("The body of the request is no well-formed multipart form.") from None

    def films(self) -> list[bytes]:
        """Give the films, once the body has ended."""
        if not self._is_whole:
            raise _malformed("The body of the request ends before the form does.")
        if not self._films:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "FIELD",
                f"The form holds no file in the field `{self._wanted.field}`.",
                fix=f"Send each film as a file in the field `{self._wanted.field}`.",
            )
        return self._films

    def let_go(self) -> None:
        """Part from the parser: each refers to the other, and films would live on."""
        self._parser.callbacks = {}

    def _begin(self) -> None:
        self._disposition = self._header = self._value = b""
        self._pieces, self._n_bytes = [], 0

    def _take_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _end_headers(self) -> None:
        parameters = {
            name.lower(): value.strip(b'"') for name, value in _PARAMETER.findall(self._disposition)
        }
        is_file = b"filename" in parameters or b"filename*" in parameters
        if parameters.get(b"name", b"") != self._wanted.field.encode() or not is_file:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "FIELD",
                f"The form holds something else than files in the field `{self._wanted.field}`.",
                fix=f"Send each film as a file in the field `{self._wanted.field}`.",
                headers=_CLOSING,
            )
        if len(self._films) == self._wanted.files:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "FILES",
                f"The request holds more than {self._wanted.files} "
                f"file{'s' if self._wanted.files > 1 else ''}.",
                fix="Send the others in further requests.",
                headers=_CLOSING,
            )

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        self._n_bytes += end - start
        if self._n_bytes > self._limits.file_bytes:
            raise too_large("A file", self._limits.file_bytes)
        self._pieces.append(data[start:end])

    def _end(self) -> None:
        self._films.append(b"".join(self._pieces))
        self._pieces = []

    def _finish(self) -> None:
        self._is_whole = True
