"""The feature store: what a backbone says of a film's view is computed once, ever.

Append-only Parquet shards, each known by the hash of its bytes.
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


FeatureKey = tuple[str, str]
"""Hash of the film's bytes, and the view's key."""


class FeatureStore:
    """Features of one backbone under one way of reading and drawing films."""

    def __init__(self, folder: Path, feature_width: int) -> None:
        """Open the store in `folder`, which is created when first written to."""
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
        """Yield the features that are stored already, among those wanted, each once.

        A vector is a view of its shard's memory: copy it to keep it.

        Raises:
            CacheError: The store is there and cannot be read.
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
        """Write one shard, durably: when this returns, the features outlive a power cut.

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
