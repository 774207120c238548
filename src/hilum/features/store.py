"""The feature store: what a backbone said of a film's view is computed once, ever.

A folder of shards per way of computing. Why shards: see `shards`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Float32

from hilum.features.shards import ShardFolder

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
