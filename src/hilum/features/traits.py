"""Traits: what a film tells without a network, from one look at all its pixels.

How its file is made, which grey levels occur, how much lettering it holds, and a small picture of
it. Traits are kept beside the features, so that a film is read once, ever.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Float32, Int, UInt8
from PIL import Image

from hilum.cohort import Exclusion, Film, load_registered
from hilum.errors import FilmError
from hilum.features.store import ShardFolder, stored_in_shards
from hilum.films import READING_VERSION, Encoding, FilmImage, decode_film
from hilum.machine import map_ahead

CELLS_PER_SIDE = 32
"""Cells of the grid that is laid over a film; a side marker such as `R` fills 2 to 6 of
the 1,024."""

_HARD_EDGE = 64
"""Grey levels between two neighbouring pixels. Bones and noise rarely reach it; lettering
does, even where JPEG or a reduced size has softened it."""

_LEAST_EDGES = 2

_LEAST_BALANCE = 0.3
"""Edges in the rarer direction for each in the other: letters have them, and a border that
is tilted by 10 degrees has not."""


def measure_lettering(pixels: UInt8[np.ndarray, "height width"]) -> float:
    """Tell which share of a film holds sharp edges in both directions.

    Args:
        pixels: The film at full size. One smaller than the grid has no lettering.

    Returns:
        Cells of the grid with such edges over all cells, 0 to 1. Public films reach 0.04,
        most of them 0.005.
    """
    if min(pixels.shape) <= CELLS_PER_SIDE:
        return 0.0
    across = _count_hard(pixels[:-1, 1:], pixels[:-1, :-1])
    down = _count_hard(pixels[1:, :-1], pixels[:-1, :-1])
    rarer, other = np.minimum(across, down), np.maximum(across, down)
    return float(np.mean((rarer >= _LEAST_EDGES) & (rarer >= _LEAST_BALANCE * other)))


def _count_hard(
    some: UInt8[np.ndarray, "height width"], others: UInt8[np.ndarray, "height width"]
) -> Int[np.ndarray, " cells"]:
    """Count in each cell of the grid the places where two films differ by a hard edge."""
    # Unsigned levels cannot be negative: the larger less the smaller.
    hits = np.maximum(some, others) - np.minimum(some, others) > _HARD_EDGE
    height, width = hits.shape
    rows, columns = np.divmod(np.flatnonzero(hits), width)
    cells = rows * CELLS_PER_SIDE // height * CELLS_PER_SIDE + columns * CELLS_PER_SIDE // width
    return np.bincount(cells, minlength=CELLS_PER_SIDE**2)


N_BINS = 32


def bin_levels(levels: Float32[np.ndarray, "films 256"]) -> Float[np.ndarray, "films 32"]:
    """Join neighbouring grey levels.

    Args:
        levels: Share of each film's pixels that have each grey level.

    Returns:
        Share of the pixels in each of 32 equally wide bins, the darkest first.
    """
    per_bin = levels.reshape(len(levels), N_BINS, -1)
    return np.asarray(per_bin.sum(axis=2), dtype=np.float64)


TRAITS_VERSION = 2
"""Raised whenever a traits's content changes; part of where traits are kept."""

PICTURE_PX = 96
N_LEVELS = 256

_SCHEMA = pa.schema(
    {
        "film": pa.string(),
        "traits": pa.string(),
        "levels": pa.list_(pa.float32(), N_LEVELS),
        "picture": pa.list_(pa.uint8(), PICTURE_PX**2),
    }
)


@dataclass(frozen=True)
class FileTraits:
    """What a film's file is like.

    Attributes:
        format: `PNG`, `JPEG`, `TIFF` or `BMP`.
        width_px: Stored width, of the upright film.
        height_px: Stored height.
        size_bytes: Of the file.
        encoding: How the picture is stored.
        notes: What was converted to read it, in plain words.
        pixels_sha256: Hash of the grey levels and their shape: equal for one picture in
            two containers.
        lettering: Share of the film that holds letters, arrows or other sharp-edged marks.
    """

    format: str
    width_px: int
    height_px: int
    size_bytes: int
    encoding: Encoding
    notes: tuple[str, ...]
    pixels_sha256: str
    lettering: float = 0.0


@dataclass(frozen=True)
class FilmTraits:
    """The traits of a cohort's films, in its order.

    Attributes:
        files: What each file is like.
        levels: Share of the pixels that have each grey level; rows sum to 1.
        pictures: Each film as a small square; the aspect ratio is given up, as it is for
            the backbones.
    """

    files: tuple[FileTraits, ...]
    levels: Float32[np.ndarray, "films 256"]
    pictures: UInt8[np.ndarray, "films side side"]

    def of(self, rows: Int[np.ndarray, " kept"]) -> FilmTraits:
        """Keep the traits of some films."""
        return FilmTraits(
            tuple(self.files[row] for row in rows), self.levels[rows], self.pictures[rows]
        )


@dataclass(frozen=True)
class MeasuredTraits:
    """Traits and how they came about.

    Attributes:
        traits: Of the films that could be read.
        unreadable: The films that could not, each with its reason.
        n_painted: Films that were looked at now; the others were known.
        seconds: Wall-clock time.
    """

    film_traits: FilmTraits
    unreadable: tuple[Exclusion, ...]
    n_measured: int
    seconds: float


@dataclass(frozen=True)
class _Traits:
    traits: FileTraits
    levels: Float32[np.ndarray, " 256"]
    picture: UInt8[np.ndarray, "side side"]


def measure_traits(
    films: Sequence[Film],
    *,
    cache_dir: Path,
    on_progress: Callable[[int, int], None] | None = None,
) -> MeasuredTraits:
    """Look at every film once, or find what an earlier look has told.

    Args:
        films: Rows of the cohort.
        cache_dir: Hilum's cache folder.
        on_progress: Told films done and films to be looked at.

    Raises:
        CacheError: The traits cannot be stored.
    """
    started = time.perf_counter()
    by_hash = {film.sha256: film for film in films}
    folder = cache_dir / "traits" / f"{READING_VERSION}-{TRAITS_VERSION}"
    shards = ShardFolder(folder, _SCHEMA)
    found = dict(_stored(shards, set(by_hash)))
    n_known = len(found)
    missing = [film for sha256, film in by_hash.items() if sha256 not in found]
    unreadable: dict[str, FilmError] = {}
    painted = _look(missing, unreadable)
    for sha256, traits in stored_in_shards(painted, lambda shard: _store(shard, shards)):
        found[sha256] = traits
        if on_progress:
            on_progress(len(found) + len(unreadable) - n_known, len(missing))
    seated = [found[film.sha256] for film in films if film.sha256 not in unreadable]
    return MeasuredTraits(
        film_traits=FilmTraits(
            files=tuple(traits.traits for traits in seated),
            levels=np.array([traits.levels for traits in seated], np.float32).reshape(-1, N_LEVELS),
            pictures=np.array([traits.picture for traits in seated], np.uint8).reshape(
                -1, PICTURE_PX, PICTURE_PX
            ),
        ),
        unreadable=tuple(
            Exclusion.from_error(film, unreadable[film.sha256])
            for film in films
            if film.sha256 in unreadable
        ),
        n_measured=len(missing),
        seconds=time.perf_counter() - started,
    )


def _measure(film: Film) -> _Traits | FilmError:
    """Look at one film; an unreadable one is a value here, not an exception."""
    try:
        data = load_registered(film)
        image = decode_film(data, suffix=film.path.suffix)
    except FilmError as error:
        return error
    return _measure_film(image, len(data))


def _measure_film(image: FilmImage, size_bytes: int) -> _Traits:
    pixels = image.pixels
    small = Image.fromarray(pixels).resize((PICTURE_PX, PICTURE_PX), Image.Resampling.BOX)
    counts = np.bincount(pixels.ravel(), minlength=N_LEVELS)
    return _Traits(
        traits=FileTraits(
            format=image.format,
            width_px=image.width_px,
            height_px=image.height_px,
            size_bytes=size_bytes,
            encoding=image.encoding,
            notes=image.notes,
            pixels_sha256=hashlib.sha256(
                f"{pixels.shape}".encode() + np.ascontiguousarray(pixels).tobytes()
            ).hexdigest(),
            lettering=measure_lettering(pixels),
        ),
        levels=(counts / pixels.size).astype(np.float32),
        picture=np.asarray(small),
    )


def _stored(shards: ShardFolder, wanted: set[str]) -> Iterator[tuple[str, _Traits]]:
    for table in shards.read() if wanted else ():
        levels = table["levels"].combine_chunks().flatten().to_numpy().reshape(-1, N_LEVELS)
        pictures = table["picture"].combine_chunks().flatten().to_numpy()
        pictures = pictures.reshape(-1, PICTURE_PX, PICTURE_PX)
        for row, (film, traits) in enumerate(
            zip(table["film"].to_pylist(), table["traits"].to_pylist(), strict=True)
        ):
            if film in wanted:
                yield film, _Traits(_read_traits(traits), levels[row], pictures[row])


def _look(films: Iterable[Film], unreadable: dict[str, FilmError]) -> Iterator[tuple[str, _Traits]]:
    """Look at films, reading ahead; notes what cannot be read."""
    for film, traits in map_ahead(_measure, films):
        if isinstance(traits, FilmError):
            unreadable[film.sha256] = traits
        else:
            yield film.sha256, traits


def _store(shard: dict[str, _Traits], shards: ShardFolder) -> None:
    film_traits = list(shard.values())
    levels = pa.array(np.concatenate([traits.levels for traits in film_traits]))
    pictures = pa.array(np.concatenate([traits.picture.ravel() for traits in film_traits]))
    shards.add(
        pa.table(
            {
                "film": list(shard),
                "traits": [json.dumps(asdict(traits.traits)) for traits in film_traits],
                "levels": pa.FixedSizeListArray.from_arrays(levels, N_LEVELS),
                "picture": pa.FixedSizeListArray.from_arrays(pictures, PICTURE_PX**2),
            },
            schema=_SCHEMA,
        )
    )


def _read_traits(text: str) -> FileTraits:
    fields = json.loads(text)
    return FileTraits(
        **fields | {"encoding": Encoding(**fields["encoding"]), "notes": tuple(fields["notes"])}
    )
