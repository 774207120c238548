"""How weights come here: from their publisher, resumed where a try broke off, and proven.

Only the request for the file is sent. A file takes its name once its hash is the expected one.
Where its publisher gave no hash, the result says so.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import responses
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from filelock import FileLock

from hilum.backbones.records import HostedWeights
from hilum.backbones.weights import (
    HDF5_SIGNATURE,
    LEAST_SHARE,
    WeightsFile,
    hash_file,
    look_alikes,
    recognise,
)
from hilum.disk import sync_folder
from hilum.errors import DownloadError, OutputError, UntrustedModelError
from hilum.machine import is_loopback
from hilum.version import __version__

if TYPE_CHECKING:
    import httpx

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are here and, if the server says it, those of the whole file."""

_EXTRA_BYTES = 16_000_000
_MOST_REDIRECTS = 10
_TRY_AGAIN = (408, 416, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for.

    Attributes:
        stall_seconds: To connect, and between two blocks of bytes.
        pauses_seconds: Between tries; there is one try more than there are pauses.
    """

    stall_seconds: float = 20.0
    pauses_seconds: tuple[float, ...] = (0.5, 2.0, 5.0)


@dataclass(frozen=True)
class Fetched:
    """What came of fetching a weight file.

    Attributes:
        weights: The file; not verified where its publisher gave no hash.
        is_new: It was downloaded now; False where it was there already.
        set_aside: Where another file of its name was moved; None without such a file.
    """

    weights: WeightsFile
    is_new: bool
    set_aside: Path | None = None


class _BrokenOffError(Exception):
    """A try failed in a way that the next one may not."""


def fetch_weights(
    source: HostedWeights,
    folder: Path,
    *,
    mirror: str | None = None,
    on_progress: Progress | None = None,
    patience: Patience = Patience(),
) -> Fetched:
    """Have a weight file in a folder, downloading it unless it is there under any name.

    A download that broke off goes on where it stopped. Two processes may ask at once:
    one downloads, the other waits and finds the file.

    Args:
        source: Which file.
        folder: Where to; created if absent.
        mirror: Address of a folder that holds the file, instead of its publisher's. A name
            and password in it are sent to its host alone, and appear in no message.
        on_progress: Called with the bytes that are here and, if known, those of the whole.
        patience: How long the server is waited for.

    Returns:
        The file, and how it came here.

    Raises:
        DownloadError: It could not be had; what came is kept for the next time.
        UntrustedModelError: Another file came, and was deleted.
        OutputError: The folder cannot be written, or has no room.
    """
    address = f"{(mirror or source.address).rstrip('/')}/{source.file}"
    check_address(address)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{source.file}.lock"):
            here = _find_here(source, folder)
            if here:
                return Fetched(here, is_new=False)
            part = folder / f"{source.file}.part"
            download = _Download(source, address, part, patience, on_progress)
            if not recognise(source, [part]):
                download.bring_proven()
            return download.put_in_place()
    except OSError as error:
        raise OutputError(
            f"The weights cannot be kept in '{folder}': {error.strerror or error}.",
            fix="Free some space or ask for the right to write there, or name another folder with "
            "--weights-dir.",
        ) from error


def check_address(address: str) -> None:
    """Make sure that an address may be asked, before anything is.

    Raises:
        DownloadError: It is not a web address, or it is neither encrypted nor on this machine.
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
    if parts.scheme != "https" and not is_loopback(parts.hostname):
        raise DownloadError(
            f"{parts.hostname} would be asked without encryption.",
            fix="Name an address that begins with https.",
        )


def _find_here(source: HostedWeights, folder: Path) -> WeightsFile | None:
    named = folder / source.file
    if not source.digest and named.is_file():
        return WeightsFile(named, hash_file(named), is_verified=False)
    return recognise(source, (named, *look_alikes(source, (folder,))))


@dataclass(frozen=True)
class _Download:
    """A weight file on its way here.

    A note beside the part keeps the server's version of the file, so that two versions are
    never pieced together.
    """

    source: HostedWeights
    address: str
    part: Path
    patience: Patience
    on_progress: Progress | None

    def bring_proven(self) -> None:
        """Fill the part with the right bytes; pieces that do not fit get one fresh try."""
        source, host = self.source, urlsplit(self.address).hostname
        for is_last in (False, True):
            self._check_space()
            is_pieced = self._bring()
            doubt = _doubt(source, self.part)
            if doubt is None:
                return
            self._discard()
            if is_last or not is_pieced:
                raise UntrustedModelError(
                    f"What {host} gave as {source.file} {doubt}. It was deleted.",
                    fix="A proxy may have answered in its place, or the file was changed. Fetch "
                    f"it over another network, from {source.address}{source.file}.",
                )

    def put_in_place(self) -> Fetched:
        """Give the file its name, and set a file of another content aside that has it."""
        target = self.part.with_name(self.source.file)
        set_aside = None
        if target.exists():
            set_aside = target.with_name(f"{target.name}.set-aside-{hash_file(target)[:8]}")
            target.replace(set_aside)
        with self.part.open("rb") as file:
            os.fsync(file.fileno())
        weights = WeightsFile(target, hash_file(self.part), is_verified=bool(self.source.digest))
        self.part.replace(target)
        self._discard()
        sync_folder(target.parent)
        return Fetched(weights, is_new=True, set_aside=set_aside)

    def _bring(self) -> bool:
        """Fill the part in one try or more; tell whether it holds pieces of several answers."""
        by_hand = (
            f"download {self.source.address}{self.source.file} elsewhere and put it into "
            f"{self.part.parent}."
        )
        for pause in (*self.patience.pauses_seconds, None):
            try:
                return self._receive()
            except _BrokenOffError as error:
                if pause is None:
                    came = self._n_bytes()
                    kept = f" {came / 1e6:.0f} MB are kept, and running again goes on from there."
                    raise DownloadError(
                        f"The download from {urlsplit(self.address).hostname} broke off: {error}."
                        f"{kept if came else ''}",
                        fix=f"Run it again later. Or {by_hand}",
                    ) from error
                time.sleep(pause)
            except DownloadError as error:
                fix = f"{error.fix} Or {by_hand}" if error.fix else by_hand
                raise DownloadError(error.message, fix=fix[0].upper() + fix[1:]) from error
        raise AssertionError("the last try returns or raises")

    def _receive(self) -> bool:
        """Try once; tell whether it went on from earlier bytes."""
        version = self._version()
        # Without a hash to prove the whole, only a version holds pieces together.
        here = self._n_bytes() if version or self.source.digest else 0
        asked = {"Range": f"bytes={here}-"} if here else {}
        if here and version and not version.startswith("W/"):  # a weak name says too little
            asked["If-Range"] = version
        with _answer(self.address, asked, self.patience.stall_seconds) as response:
            here, total = self._begin(response, here, version)
            is_pieced = here > 0
            most_bytes = int(1.5 * self.source.size_bytes) + _EXTRA_BYTES
            too_much = DownloadError(
                f"The server sends more than {most_bytes / 1e6:.0f} MB, so it is another file.",
                fix="",
            )
            if (total or 0) > most_bytes:
                raise too_much
            with self.part.open("ab") as file:
                for block in _blocks(response, has_length=total is not None):
                    here += len(block)
                    if here > most_bytes:
                        self._discard()
                        raise too_much
                    file.write(block)
                    if self.on_progress:
                        self.on_progress(here, total)
                file.flush()
                os.fsync(file.fileno())
        if total is not None and here < total:
            raise _BrokenOffError(f"{here / 1e6:.1f} of {total / 1e6:.1f} MB came")
        return is_pieced

    def _begin(self, response: httpx.Response, here: int, version: str) -> tuple[int, int | None]:
        """Read the head of an answer: where its bytes belong, and how many the whole has."""
        status, headers = response.status_code, response.headers
        length = headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else None
        # What the server calls this version of the file, if it calls it anything.
        told = headers.get("ETag") or headers.get("Last-Modified") or ""
        told = told if told.isascii() and told.isprintable() else ""
        if status == 206 and here:
            span = re.match(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", ""))
            if span and int(span[1]) == here and (not version or told in ("", version)):
                return here, int(span[2]) if span[2] != "*" else total and here + total
            self._discard()
            raise _BrokenOffError("the server went on from another place or file")
        if status == 200:
            self._discard()
            if told:
                self._note.write_text(told, encoding="ascii")
            return 0, total
        if status == 416:  # there is no byte of the file where the part ends
            self._discard()
        if status in _TRY_AGAIN:
            raise _BrokenOffError(f"the server answered {status}")
        if response.is_success:
            raise DownloadError(f"The server answered with status {status}.", fix="")
        # In the words of the standard: the server's own may hold an address with secrets.
        told = f"{urlsplit(self.address).hostname} answered {status} {responses.get(status, '')}"
        raise DownloadError(f"{told.strip()}.", fix="")

    def _check_space(self) -> None:
        needed = self.source.size_bytes - self._n_bytes()
        free = shutil.disk_usage(self.part.parent).free
        if needed > free:
            raise OutputError(
                f"{self.source.file} needs {needed / 1e6:.0f} MB in '{self.part.parent}', and "
                f"{free / 1e6:.0f} MB are free.",
                fix="Free some space, or name another folder with --weights-dir.",
            )

    def _n_bytes(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    @property
    def _note(self) -> Path:
        return self.part.with_name(f"{self.part.name}.version")

    def _version(self) -> str:
        try:
            text = self._note.read_text(encoding="ascii")
        except (OSError, ValueError):
            return ""
        return text if text.isprintable() else ""

    def _discard(self) -> None:
        self.part.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


def _doubt(source: HostedWeights, part: Path) -> str | None:
    """Say what speaks against a file; None if it is the right one."""
    with part.open("rb") as file:
        is_hdf5 = file.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE
    no_weights = "" if is_hdf5 else ", and is no weight file at all"
    if source.digest:
        kind, _, expected = source.digest.partition(":")
        found = hash_file(part, kind)
        return (
            f"has {kind} {found}, and {expected} was expected{no_weights}"
            if found != expected
            else None
        )
    if not is_hdf5:
        return "is no weight file"
    n_bytes = part.stat().st_size
    if n_bytes < LEAST_SHARE * source.size_bytes:
        return f"is too short for its weights: {n_bytes / 1e6:.1f} MB"
    return None


@contextlib.contextmanager
def _answer(address: str, asked: dict[str, str], stall_seconds: float) -> Iterator[httpx.Response]:
    """Give the head of the answer to a request; the caller reads its bytes."""
    import httpx

    host = urlsplit(address).hostname
    try:
        with contextlib.ExitStack() as stack:
            try:
                response = _follow(address, asked, stall_seconds, stack)
            except (httpx.InvalidURL, ValueError):  # their texts may hold secrets
                told = f"{host} is no web address, or sends on to none."
                raise DownloadError(told, fix="") from None
            yield response
    except httpx.TransportError as error:
        raise _trouble(error, host) from error


def _follow(
    address: str, asked: dict[str, str], stall_seconds: float, stack: contextlib.ExitStack
) -> httpx.Response:
    """Ask, and ask again where the server sends on to, though never out of encryption.

    Each request gets a new transport, without what a client would add and keep: cookies,
    compression, and a log of the addresses.
    """
    import httpx

    headers = {
        "User-Agent": f"hilum/{__version__}",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **asked,
    }
    url = httpx.URL(address)
    credentials = {}
    if url.userinfo:
        secret = b64encode(f"{url.username}:{url.password}".encode()).decode()
        credentials["Authorization"] = f"Basic {secret}"
    for _ in range(_MOST_REDIRECTS + 1):
        transport = stack.enter_context(_transport(url))
        request = httpx.Request(
            "GET",
            url.copy_with(userinfo=b""),
            headers=headers | credentials,
            extensions={"timeout": httpx.Timeout(stall_seconds).as_dict()},
        )
        response = transport.handle_request(request)
        stack.callback(response.close)
        if not response.has_redirect_location:
            return response
        target = url.join(response.headers["Location"])
        stays_here = url.scheme == target.scheme == "http" and is_loopback(target.host)
        if target.scheme != "https" and not stays_here:
            raise DownloadError(f"{url.host} sends on to an address without encryption.", fix="")
        stack.close()
        url, credentials = target, {}
    raise DownloadError(f"{url.host} sends on more than {_MOST_REDIRECTS} times.", fix="")


def _transport(url: httpx.URL) -> httpx.HTTPTransport:
    """Open a way to a host, with the system's certificates and its proxy."""
    import httpx

    # A proxy cannot reach this machine.
    is_direct = is_loopback(url.host) or proxy_bypass(url.netloc.decode())
    proxy = None if is_direct else getproxies().get(url.scheme)
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    # Reading the system's certificates takes a while; without encryption they are not needed.
    has_trust = url.scheme == "https"
    trust = ssl.create_default_context() if has_trust else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return httpx.HTTPTransport(verify=trust, proxy=proxy)
    except (ImportError, httpx.InvalidURL, ValueError):  # of a kind that cannot be spoken to
        raise DownloadError(
            "The proxy that this machine is set to use is not one for the web.",
            fix=f"Name one that begins with http in {url.scheme.upper()}_PROXY.",
        ) from None


def _trouble(error: httpx.TransportError, host: str | None) -> Exception:
    """Say what went wrong; only a connection that never came about is not tried again."""
    import httpx

    cause: BaseException = error
    while not isinstance(cause, OSError) and (below := cause.__cause__ or cause.__context__):
        cause = below
    if isinstance(cause, ssl.SSLCertVerificationError):
        return DownloadError(
            f"{host} could not prove who it is: {cause.verify_message}.",
            fix="If your network puts a certificate of its own between, ask for its file and name "
            "it in SSL_CERT_FILE.",
        )
    was_cut = isinstance(cause, ConnectionResetError | BrokenPipeError | ssl.SSLEOFError)
    never_came = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError)
    if never_came and not was_cut:
        told = getattr(cause, "strerror", None) or cause
        told = f"the proxy answered {told}" if isinstance(error, httpx.ProxyError) else told
        return DownloadError(f"{host} cannot be reached: {told}.", fix="")
    return _BrokenOffError(str(error) or type(error).__name__)


def _blocks(response: httpx.Response, *, has_length: bool) -> Iterator[bytes]:
    """Give the bytes as they are sent; where their number is known, the caller finds a cut."""
    import httpx

    try:
        yield from response.iter_raw()
    except httpx.RemoteProtocolError:
        if not has_length:
            raise
