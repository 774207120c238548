"""Shards: append-only Parquet files that are known by the hash of their bytes.

A shard appears whole or not at all. A damaged one is known when read: it is set aside,
and what it held is computed again. Two runs may write into one folder without a lock: at
worst they compute the same twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from hilum.disk import write_durably
from hilum.errors import CacheError

_LOG = logging.getLogger(__name__)


_SHARD_ITEMS = 512
_SHARD_SECONDS = 5.0

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def stored_in_shards(
    computed: Iterable[tuple[_Key, _Value]], add: Callable[[dict[_Key, _Value]], None]
) -> Iterator[tuple[_Key, _Value]]:
    """Hand on what is computed as it comes, and have it stored shard by shard.

    Args:
        computed: Keys and values; an interrupt loses one shard of them at most.
        add: Stores a shard; told nothing where it is empty.
    """
    shard: dict[_Key, _Value] = {}
    last_write = time.monotonic()
    try:
        for key, value in computed:
            shard[key] = value
            if len(shard) >= _SHARD_ITEMS or time.monotonic() - last_write > _SHARD_SECONDS:
                full, shard = shard, {}
                add(full)
                last_write = time.monotonic()
            yield key, value
    finally:
        # Ctrl-C included: what was computed is kept.
        if shard:
            add(shard)


class ShardFolder:
    """A folder of shards that all have the same columns."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        """Open `folder`, which is created when first written to."""
        self._folder = folder
        self._schema = schema

    def read(self) -> Iterator[pa.Table]:
        """Yield every shard that is whole, in a fixed order.

        Raises:
            CacheError: The folder is there and cannot be read.
        """
        for path in sorted(self._folder.glob("*.parquet")):
            table = self._read_shard(path)
            if table is not None:
                yield table

    def add(self, table: pa.Table) -> None:
        """Write one shard, durably: when this returns, it outlives a power cut.

        Raises:
            CacheError: The cache folder cannot be written, or its disk is full.
        """
        buffer = io.BytesIO()
        # Features are noise to a compressor: it would cost time and gain nothing.
        pq.write_table(table, buffer, compression="none", use_dictionary=False)
        data = buffer.getbuffer()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_durably(self._folder / f"{_digest(data)}.parquet", data)
        except OSError as error:
            raise CacheError(
                f"The cache cannot be written: {error.strerror}.",
                fix="Free some space, or name another folder with --cache-dir; "
                "what was stored before is kept.",
            ) from error

    def _read_shard(self, path: Path) -> pa.Table | None:
        try:
            data = path.read_bytes()
            if _digest(data) != path.stem:
                raise pa.ArrowInvalid("its bytes have changed")
            table = pq.read_table(pa.BufferReader(data))
            if not table.schema.equals(self._schema):
                raise pa.ArrowInvalid("its columns are others")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CacheError(
                f"The cache cannot be read: {error.strerror}.",
                fix="Check who may read it, or name another folder with --cache-dir.",
            ) from error
        except pa.ArrowException as error:
            _LOG.warning(
                "A damaged part of the cache is set aside (%s); its films are computed again.",
                error,
            )
            # Another process may have seen the same, or only the owner may rename it.
            with contextlib.suppress(OSError):
                path.rename(path.with_suffix(".damaged"))
            return None
        return table


def _digest(data: bytes | memoryview) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
