"""The feature store: the features of a film's view are computed once, ever.

A folder of append-only Parquet shards for each way of computing. A shard is named by the hash
of its bytes and appears whole or not at all. A damaged one is recognised when it is read: it is
set aside, and its content computed again. Two runs may write into one folder without a lock; at
worst they compute the same features twice.
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

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float32

from hilum.disk import write_durably
from hilum.errors import CacheError

_LOG = logging.getLogger(__name__)
_SHARD_ITEMS = 512
_SHARD_SECONDS = 5.0
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

FeatureKey = tuple[str, str]
"""Hash of the film's bytes, and the view's key."""


class FeatureStore:
    """Features of one backbone, for one way of reading and drawing films."""

    def __init__(self, folder: Path, feature_width: int) -> None:
        """Open the store in `folder`; the first shard creates it."""
        self._width = feature_width
        self._schema = pa.schema(
            {
                "film": pa.string(),
                "view": pa.string(),
                "features": pa.list_(pa.float32(), feature_width),
            }
        )
        self._shards = ShardFolder(folder, self._schema)

    def load(
        self, wanted: Iterable[FeatureKey]
    ) -> Iterator[tuple[FeatureKey, Float32[np.ndarray, " width"]]]:
        """Yield those of the wanted features that are stored, each once.

        A vector shares its shard's memory: copy it to keep it.

        Raises:
            CacheError: The store exists and cannot be read.
        """
        missing = set(wanted)
        if not missing:
            return
        for table in self._shards.read():
            keys = zip(table["film"].to_pylist(), table["view"].to_pylist(), strict=True)
            vectors = table["features"].combine_chunks().flatten().to_numpy()
            for key, vector in zip(keys, vectors.reshape(-1, self._width), strict=True):
                if key in missing:
                    missing.remove(key)
                    yield key, vector
            if not missing:
                return

    def add(self, features: dict[FeatureKey, Float32[np.ndarray, " width"]]) -> None:
        """Write one shard; when this returns, the features survive a power cut.

        Raises:
            CacheError: The cache folder cannot be written, or its disk is full.
        """
        if not features:
            return
        values = pa.array(np.concatenate(list(features.values())).astype(np.float32, copy=False))
        self._shards.add(
            pa.table(
                {
                    "film": [film for film, _ in features],
                    "view": [view for _, view in features],
                    "features": pa.FixedSizeListArray.from_arrays(values, self._width),
                },
                schema=self._schema,
            )
        )


class ShardFolder:
    """A folder of shards that all have the same columns."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        """Open `folder`; the first shard creates it."""
        self._folder = folder
        self._schema = schema

    def read(self) -> Iterator[pa.Table]:
        """Yield every shard that is whole, in a fixed order.

        Raises:
            CacheError: The folder exists and cannot be read.
        """
        for path in sorted(self._folder.glob("*.parquet")):
            table = self._read_shard(path)
            if table is not None:
                yield table

    def add(self, table: pa.Table) -> None:
        """Write one shard; when this returns, it survives a power cut.

        Raises:
            CacheError: The cache folder cannot be written, or its disk is full.
        """
        buffer = io.BytesIO()
        # Features hardly compress; trying would only cost time.
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
            # Another process may have renamed it already, or only the owner may.
            with contextlib.suppress(OSError):
                path.rename(path.with_suffix(".damaged"))
            return None
        return table


def _digest(data: bytes | memoryview) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def stored_in_shards(
    computed: Iterable[tuple[_Key, _Value]], add: Callable[[dict[_Key, _Value]], None]
) -> Iterator[tuple[_Key, _Value]]:
    """Yield results as they come, and store them shard by shard.

    Args:
        computed: Keys and values; an interrupt loses one shard of them at most.
        add: Stores a shard, which is never empty.
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
        # After Ctrl-C too, what was computed is kept.
        if shard:
            add(shard)
