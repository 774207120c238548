"""Brings one file here over HTTPS, going on where an earlier try broke off.

Nothing is sent but the request for the file. What the bytes are is for the caller to
prove; here they are only counted.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException, HTTPMessage, HTTPResponse, InvalidURL, responses
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from hilum.errors import DownloadError
from hilum.version import __version__

Progress = Callable[[int, int | None], None]
"""Told the bytes that are here and, if the server says it, the bytes of the whole file."""

PAUSES_SECONDS = (0.5, 2.0, 5.0)
"""Waited between tries; there is one try more than there are pauses."""

_BLOCK_BYTES = 1 << 16
_TIMEOUT_SECONDS = 20.0
_TRY_AGAIN = (408, 429, 500, 502, 503, 504)
_RANGE_REFUSED = 416


class _BrokenOffError(Exception):
    """A try failed in a way that the next one may not."""


def download(
    address: str,
    part: Path,
    *,
    most_bytes: int,
    may_piece: bool,
    otherwise: str,
    on_progress: Progress | None = None,
    pauses: Sequence[float] = PAUSES_SECONDS,
) -> bool:
    """Bring the bytes at an address into a file, adding to those that are in it.

    Args:
        address: Where from, `https`; `http` on this machine alone. A name and password
            in it are sent to its host and to no other, and told to nobody.
        part: The file to fill. Beside it stands a note of the server's version of the
            file, so that two versions are not pieced together.
        most_bytes: A file that is longer is not taken.
        may_piece: The caller can prove the whole, so that pieces may be put together
            although the server gives its versions no name.
        otherwise: What to do where downloading fails, for the error.
        on_progress: Told after each block.
        pauses: Seconds between tries.

    Returns:
        Whether the file was pieced together from several answers.

    Raises:
        DownloadError: It could not be had; what came is kept in `part` for the next time.
        OSError: The disk is full, or cannot be written.
    """
    check_address(address)
    host = urlsplit(address).hostname
    for pause in (*pauses, None):
        try:
            return _receive(address, part, most_bytes, may_piece, on_progress)
        except _BrokenOffError as error:
            if pause is None:
                came = part.stat().st_size if part.exists() else 0
                kept = f" {came / 1e6:.0f} MB are kept, and running again goes on from there."
                raise DownloadError(
                    f"The download from {host} broke off: {error}.{kept if came else ''}",
                    fix=f"Run it again later. Or {otherwise}",
                ) from error
            time.sleep(pause)
        except DownloadError as error:
            fix = f"{error.fix} Or {otherwise}" if error.fix else otherwise
            raise DownloadError(error.message, fix=fix[0].upper() + fix[1:]) from error
    raise AssertionError("the last try returns or raises")


def discard(part: Path) -> None:
    """Remove what came of a download, and the note beside it."""
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def check_address(address: str) -> None:
    """Make sure that an address may be asked, before anything is.

    Raises:
        DownloadError: It is no web address, or it is neither encrypted nor on this machine.
    """
    try:
        parts = urlsplit(address)
        is_web = bool(parts.hostname) and parts.scheme in ("http", "https")
        _ = parts.port  # raises where it is no number
    except ValueError:
        is_web = False
    if not is_web or re.search(r"[\s\x00-\x1f]", address) or parts.query or parts.fragment:
        raise DownloadError(
            "The address to download from is not that of a folder on the web.",
            fix="Write it as https://HOST/FOLDER/.",
        )
    if parts.scheme != "https" and not _is_this_machine(parts.hostname):
        raise DownloadError(
            f"{parts.hostname} would be asked without encryption.",
            fix="Name an address that begins with https.",
        )


def _receive(
    address: str, part: Path, most_bytes: int, may_piece: bool, on_progress: Progress | None
) -> bool:
    """Try once; tell whether it went on from earlier bytes."""
    version = _read_note(part)
    here = part.stat().st_size if part.exists() and (version or may_piece) else 0
    headers = {"User-Agent": f"hilum/{__version__}"}
    if here:
        headers["Range"] = f"bytes={here}-"
        # A weak name says too little to piece by.
        headers |= {"If-Range": version} if version and not version.startswith("W/") else {}
    with _answer(address, headers, part) as response:
        total = _length(response)
        if here and response.status == 206:
            span = re.match(r"bytes (\d+)-\d+/(\d+|\*)", response.headers["Content-Range"] or "")
            if (
                not span
                or int(span[1]) != here
                or (version and _version(response) not in ("", version))
            ):
                discard(part)
                raise _BrokenOffError("the server went on from another place or file")
            total = int(span[2]) if span[2] != "*" else total and here + total
        elif response.status == 200:
            discard(part)
            here = 0
            if version := _version(response):
                _note(part).write_text(version, encoding="ascii")
        else:
            raise DownloadError(f"The server answered with status {response.status}.", fix="")
        is_pieced = here > 0
        too_much = DownloadError(
            f"The server sends more than {most_bytes / 1e6:.0f} MB, so it is another file.", fix=""
        )
        if (total or 0) > most_bytes:
            raise too_much
        with part.open("ab") as file:
            for block in _blocks(response):
                here += len(block)
                if here > most_bytes:
                    discard(part)
                    raise too_much
                file.write(block)
                if on_progress:
                    on_progress(here, total)
            file.flush()
            os.fsync(file.fileno())
    if total is not None and here < total:
        raise _BrokenOffError(f"{here / 1e6:.1f} of {total / 1e6:.1f} MB came")
    return is_pieced


def _answer(address: str, headers: dict[str, str], part: Path) -> HTTPResponse:
    """Send the request and wait for the head of the answer."""
    parts = urlsplit(address)
    request = Request(_bare(parts), headers=headers)  # noqa: S310 - the address is checked
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        request.add_unredirected_header("Authorization", f"Basic {b64encode(secret).decode()}")
    # Nobody's proxy reaches this machine.
    proxies = ProxyHandler({}) if _is_this_machine(parts.hostname) else ProxyHandler()
    try:
        response = build_opener(proxies, _CarefulRedirects).open(request, timeout=_TIMEOUT_SECONDS)
    except HTTPError as error:
        error.close()
        if error.code == _RANGE_REFUSED:
            discard(part)
        if error.code in (*_TRY_AGAIN, _RANGE_REFUSED):
            raise _BrokenOffError(f"the server answered {error.code}") from None
        # In the words of the standard: the server's own may hold an address with secrets.
        told = f"{parts.hostname} answered {error.code} {responses.get(error.code, '')}".strip()
        raise DownloadError(f"{told}.", fix="") from None
    except URLError as error:
        raise _unreachable(parts, error.reason) from None
    except (InvalidURL, ValueError):  # of where it was sent on to: the text may hold secrets
        told = f"{parts.hostname} is no web address, or sends on to none."
        raise DownloadError(told, fix="") from None
    except (OSError, HTTPException) as error:
        raise _BrokenOffError(str(error) or type(error).__name__) from error
    assert isinstance(response, HTTPResponse)
    return response


def _unreachable(parts: SplitResult, reason: object) -> Exception:
    """Say why no connection came about; only one that was cut is tried again."""
    if isinstance(reason, ConnectionResetError | BrokenPipeError | ssl.SSLEOFError):
        return _BrokenOffError(str(reason))
    if isinstance(reason, ssl.SSLCertVerificationError):
        return DownloadError(
            f"{parts.hostname} could not prove who it is: {reason.verify_message}.",
            fix="If your network puts a certificate of its own between, ask for its file and name "
            "it in SSL_CERT_FILE.",
        )
    told = getattr(reason, "strerror", None) or reason
    return DownloadError(f"{parts.hostname} cannot be reached: {told}.", fix="")


def _blocks(response: HTTPResponse) -> Iterator[bytes]:
    while True:
        try:
            block = response.read(_BLOCK_BYTES)
        except (OSError, HTTPException) as error:  # the network's: the disk is the caller's
            raise _BrokenOffError(str(error) or type(error).__name__) from error
        if not block:
            return
        yield block


class _CarefulRedirects(HTTPRedirectHandler):
    """Follows where the server sends on to, but not out of encryption."""

    def redirect_request(
        self, req: Request, fp: Any, code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Any:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        stays_here = old.scheme == "http" and _is_this_machine(new.hostname)
        if new.scheme != "https" and not stays_here:
            fp.close()
            raise DownloadError(
                f"{old.hostname} sends on to an address without encryption.", fix=""
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _bare(parts: SplitResult) -> str:
    """Write an address without name and password."""
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, place, quote(parts.path, safe="/%~:@!$&'()*+,;="), "", ""))


def _is_this_machine(host: str | None) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host or "").is_loopback
    return host == "localhost"


def _length(response: HTTPResponse) -> int | None:
    told = response.headers["Content-Length"] or ""
    return int(told) if told.isdecimal() else None


def _version(response: HTTPResponse) -> str:
    """Return what the server calls this version of the file; empty if it calls it nothing."""
    told = response.headers["ETag"] or response.headers["Last-Modified"] or ""
    return told if told.isascii() and told.isprintable() else ""


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def _read_note(part: Path) -> str:
    try:
        text = _note(part).read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
    return text if text.isprintable() else ""
