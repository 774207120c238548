"""Fetches pretrained weights from where their publisher offers them, and proves them.

A file takes its name once its hash is the one expected, and not before. Where no hash
was published, that is said, and nothing is proven.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

from hilum.backbones.downloading import (
    PAUSES_SECONDS,
    Progress,
    check_address,
    discard,
    download,
)
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
from hilum.errors import OutputError, UntrustedModelError

_EXTRA_BYTES = 16_000_000


@dataclass(frozen=True)
class Fetched:
    """What came of fetching a weight file.

    Attributes:
        weights: The file; not verified where its publisher gave no hash.
        is_new: It was downloaded now; it was there already otherwise.
        set_aside: Where another file went that had its name; None if there was none.
    """

    weights: WeightsFile
    is_new: bool
    set_aside: Path | None = None


def fetch_weights(
    source: HostedWeights,
    folder: Path,
    *,
    mirror: str | None = None,
    on_progress: Progress | None = None,
    pauses: Sequence[float] = PAUSES_SECONDS,
) -> Fetched:
    """Have a weight file in a folder, downloading it unless it is there under any name.

    A download that broke off goes on where it stopped. Two processes may ask at once:
    one downloads, the other waits and finds the file.

    Args:
        source: Which file.
        folder: Where to; created if absent.
        mirror: Address of a folder that holds the file, instead of its publisher's.
        on_progress: Told the bytes that are here and, if known, those of the whole.
        pauses: Seconds between tries.

    Returns:
        The file, and how it came here.

    Raises:
        DownloadError: It could not be had; what came is kept for the next time.
        UntrustedModelError: What came is another file. Nothing of it is kept.
        OutputError: The folder cannot be written, or has no room.
    """
    address = _address(source, mirror)
    check_address(address)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{source.file}.lock"):
            here = _find_here(source, folder)
            if here:
                return Fetched(here, is_new=False)
            part = folder / f"{source.file}.part"
            if not recognise(source, [part]):
                _download_proven(source, address, part, on_progress, pauses)
            return _put_in_place(source, part)
    except OSError as error:
        raise OutputError(
            f"The weights cannot be kept in '{folder}': {error.strerror or error}.",
            fix="Free some space or ask for the right to write there, or name another folder with "
            "--weights-dir.",
        ) from error


def _address(source: HostedWeights, mirror: str | None) -> str:
    return f"{(mirror or source.address).rstrip('/')}/{source.file}"


def _find_here(source: HostedWeights, folder: Path) -> WeightsFile | None:
    named = folder / source.file
    if not source.digest and named.is_file():
        return WeightsFile(named, hash_file(named), is_verified=False)
    return recognise(source, (named, *look_alikes(source, (folder,))))


def _download_proven(
    source: HostedWeights,
    address: str,
    part: Path,
    on_progress: Progress | None,
    pauses: Sequence[float],
) -> None:
    """Fill `part` with the right bytes; pieces that do not fit get one fresh try."""
    for is_last in (False, True):
        _check_space(source, part)
        is_pieced = download(
            address,
            part,
            most_bytes=int(1.5 * source.size_bytes) + _EXTRA_BYTES,
            may_piece=bool(source.digest),
            otherwise=f"download {source.address}{source.file} elsewhere and put it into "
            f"{part.parent}.",
            on_progress=on_progress,
            pauses=pauses,
        )
        doubt = _doubt(source, part)
        if doubt is None:
            return
        discard(part)
        if is_last or not is_pieced:
            raise UntrustedModelError(
                f"What {urlsplit(address).hostname} gave as {source.file} {doubt}. It was deleted.",
                fix="A proxy may have answered in its place, or the file was changed. Fetch it "
                f"over another network, from {source.address}{source.file}.",
            )


def _doubt(source: HostedWeights, part: Path) -> str | None:
    """Say what speaks against a file; None if nothing does."""
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


def _put_in_place(source: HostedWeights, part: Path) -> Fetched:
    """Give the file its name; a file of another content that has it makes way."""
    target = part.with_name(source.file)
    set_aside = None
    if target.exists():
        set_aside = target.with_name(f"{target.name}.set-aside-{hash_file(target)[:8]}")
        target.replace(set_aside)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    weights = WeightsFile(target, hash_file(part), is_verified=bool(source.digest))
    part.replace(target)
    discard(part)
    sync_folder(target.parent)
    return Fetched(weights, is_new=True, set_aside=set_aside)


def _check_space(source: HostedWeights, part: Path) -> None:
    here = part.stat().st_size if part.exists() else 0
    needed, free = source.size_bytes - here, shutil.disk_usage(part.parent).free
    if needed > free:
        raise OutputError(
            f"{source.file} needs {needed / 1e6:.0f} MB in '{part.parent}', and "
            f"{free / 1e6:.0f} MB are free.",
            fix="Free some space, or name another folder with --weights-dir.",
        )
