"""Pictures that are alike at large and differ in their edges, as films of two people do."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from hilum.cohort.films import Film
from hilum.features.traits import FilmTraits, measure_traits

SIZE = (240, 240)


def draw_texture(seed: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """A picture of its own, in grey levels; size is width and height."""
    width, height = size
    shared = _clouds(np.random.default_rng(0), (height, width), 25)
    rng = np.random.default_rng(1000 + seed)
    own = sum(weight * _clouds(rng, (height, width), grain) for grain, weight in ((12, 1), (5, 1)))
    return Image.fromarray(np.clip(128 + 30 * (shared + own), 0, 255).astype(np.uint8))


def _clouds(rng: np.random.Generator, shape: tuple[int, int], grain_px: float) -> np.ndarray:
    field = gaussian_filter(rng.standard_normal(shape), grain_px)
    return field / field.std()


def picture_of(image: Image.Image) -> np.ndarray:
    """The small square that a traits would hold."""
    return np.asarray(image.resize((96, 96), Image.Resampling.BOX))


def register(paths: list[Path]) -> tuple[Film, ...]:
    """Rows of a cohort."""
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    return tuple(
        Film(f"{row}", path, sha256, "film")
        for row, (path, sha256) in enumerate(zip(paths, hashes, strict=True))
    )


def look_at(films: tuple[Film, ...], cache: Path) -> tuple[FilmTraits, np.ndarray]:
    """Traits, and coarse grey levels in the place of a backbone's features."""
    measured = measure_traits(films, cache_dir=cache)
    assert not measured.unreadable
    coarse = measured.film_traits.pictures.reshape(-1, 8, 12, 8, 12).mean(
        axis=(2, 4), dtype=np.float32
    )
    return measured.film_traits, coarse.reshape(len(films), 1, -1)
