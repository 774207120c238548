"""The feature store: what a backbone said of a film's view is computed once, ever.

A folder of append-only Parquet shards per way of computing. Each shard is named by
the hash of its bytes, so a damaged one is known when read: it is set aside and its
films are computed again. Shards appear whole or not at all, and two runs may write
at once without a lock: at worst they compute the same twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float32

from hilum.errors import CacheError
from hilum.writing import write_durably

_LOG = logging.getLogger(__name__)

FeatureKey = tuple[str, str]
"""Hash of the film's bytes, and the view's key."""


class FeatureStore:
    """Features of one backbone under one way of reading and drawing films."""

    def __init__(self, folder: Path, feature_width: int) -> None:
        """Open the store in `folder`, which is created when first written to."""
        self._folder = folder
        self._width = feature_width

    def load(
        self, wanted: Iterable[FeatureKey]
    ) -> Iterator[tuple[FeatureKey, Float32[np.ndarray, " width"]]]:
        """Yield the features that are stored already, among those wanted, each once.

        A vector is a view of its shard's memory: copy it to keep it.

        Raises:
            CacheError: The store is there and cannot be read.
        """
        missing = set(wanted)
        for shard in sorted(self._folder.glob("*.parquet")) if missing else ():
            table = self._read_shard(shard)
            if table is None:
                continue
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
        table = pa.table(
            {
                "film": [film for film, _ in features],
                "view": [view for _, view in features],
                "features": pa.FixedSizeListArray.from_arrays(values, self._width),
            }
        )
        buffer = io.BytesIO()
        # Features are noise to a compressor: it would cost time and gain nothing.
        pq.write_table(table, buffer, compression="none", use_dictionary=False)
        data = buffer.getbuffer()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_durably(self._folder / f"{_digest(data)}.parquet", data)
        except OSError as error:
            raise CacheError(
                f"The features cannot be stored: {error.strerror}.",
                fix="Free some space, or name another folder with --cache-dir; "
                "what was stored before is kept.",
            ) from error

    def _read_shard(self, path: Path) -> pa.Table | None:
        try:
            data = path.read_bytes()
            if _digest(data) != path.stem:
                raise pa.ArrowInvalid("its bytes have changed")
            table = pq.read_table(pa.BufferReader(data))
            if table.schema.field("features").type.list_size != self._width:
                raise pa.ArrowInvalid("its features have another width")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CacheError(
                f"The feature store cannot be read: {error.strerror}.",
                fix="Check who may read it, or name another folder with --cache-dir.",
            ) from error
        except (pa.ArrowException, KeyError, AttributeError) as error:
            _LOG.warning(
                "A damaged part of the feature store is set aside (%s); "
                "its films are computed again.",
                error,
            )
            # Another process may have seen the same, or only the owner may rename it.
            with contextlib.suppress(OSError):
                path.rename(path.with_suffix(".damaged"))
            return None
        return table


def _digest(data: bytes | memoryview) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
