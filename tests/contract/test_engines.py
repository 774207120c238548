"""One harness over every engine: order, independence, laziness, shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from embedded import EMBEDDED, embedded
from fake_engine import GridEngine
from hilum.backbones.engine import Engine, open_engine

ENGINES: dict[str, Callable[[Path], Engine]] = {
    "grid": lambda cache: GridEngine(),
    **{name: lambda cache, name=name: open_engine(embedded(name), cache) for name in EMBEDDED},
}


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, graph_cache: Path) -> Engine:
    return ENGINES[request.param](graph_cache)


def films(engine: Engine, n: int) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    side = engine.size_px
    return [rng.integers(0, 256, (side, side), dtype=np.uint8) for _ in range(n)]


def test_vectors_have_the_promised_shape_and_are_finite(engine: Engine) -> None:
    (vector,) = engine.features(films(engine, 1))
    assert vector.shape == (engine.feature_width,)
    assert vector.dtype == np.float32
    assert np.isfinite(vector).all()


def test_no_films_yield_no_features(engine: Engine) -> None:
    assert list(engine.features([])) == []


@pytest.mark.parametrize("n", [3, 4, 13])
def test_order_is_kept_and_neighbours_do_not_matter(engine: Engine, n: int) -> None:
    pictures = films(engine, n)
    together = [vector.copy() for vector in engine.features(pictures)]
    for picture, vector in zip(pictures, together, strict=True):
        (alone,) = engine.features([picture])
        np.testing.assert_array_equal(alone, vector)


def test_films_are_taken_lazily(engine: Engine) -> None:
    taken = 0

    def endless() -> Iterator[np.ndarray]:
        nonlocal taken
        (picture,) = films(engine, 1)
        while True:
            taken += 1
            yield picture

    next(engine.features(endless()))
    assert taken < 200
