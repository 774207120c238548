"""The port is right: our graphs repeat the features of an independent implementation.

`golden_features.json` says where its numbers come from.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from embedded import EMBEDDED, embedded
from every import every
from hilum.backbones.engine import open_engine

GOLDEN = json.loads((Path(__file__).parent / "golden_features.json").read_text())


def pattern(size_px: int) -> np.ndarray:
    """A picture that a formula makes, so that the test needs no film."""
    row, column = np.mgrid[0:size_px, 0:size_px]
    return ((3 * row + 5 * column + (row * column) // 31) % 256).astype(np.uint8)


def assert_equal_features(found: np.ndarray, golden: dict[str, object]) -> None:
    norm = float(golden["norm"])  # type: ignore[arg-type]
    assert np.linalg.norm(found) == pytest.approx(norm, rel=1e-5)
    np.testing.assert_allclose(found[::20], golden["values"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", EMBEDDED)
def test_features_of_a_pattern(name: str, graph_cache: Path) -> None:
    engine = open_engine(embedded(name), graph_cache)
    (found,) = engine.features([pattern(engine.size_px)])
    assert_equal_features(found, GOLDEN["backbones"][name]["pattern"])


@pytest.mark.films
@pytest.mark.parametrize("name", EMBEDDED)
def test_features_of_real_films(name: str, graph_cache: Path, films_folder: Path) -> None:
    from PIL import Image

    engine = open_engine(embedded(name), graph_cache)
    for golden in every(GOLDEN["backbones"][name]["films"]):
        path = films_folder / golden["film"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == golden["sha256"]
        # Read as the reference was, so that the network alone is compared.
        grey = Image.open(path).convert("L")
        size = (engine.size_px, engine.size_px)
        (found,) = engine.features([np.asarray(grey.resize(size, Image.Resampling.BILINEAR))])
        assert_equal_features(found, golden)
