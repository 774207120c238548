"""Traits: what a film tells without a network, measured once on all its pixels.

How its file is made, how often each grey level occurs (and not where), how much lettering and which
thin bright objects it shows, how its frame was processed, where its lungs are, and a small picture
of it. Traits are stored beside the features, so that a film is measured once, ever.

A film's own shadows are soft. Letters, arrows and lead markers have sharp edges in both
directions within little room; the border of a collimated or tilted film has them in mainly one.
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
from hilum.features.lungs import CUT_OFF, find_lungs
from hilum.features.objects import N_OBJECT_COUNTS, count_objects
from hilum.features.processing import N_PROCESSING, describe_processing
from hilum.features.store import ShardFolder, stored_in_shards
from hilum.features.views import resize_film, share_in_frame
from hilum.films import READING_VERSION, Encoding, decode_film
from hilum.machine import map_ahead

TRAITS_VERSION = 4
"""Raised whenever traits change; part of the folder in which they are stored."""

CELLS_PER_SIDE = 32
"""Cells along each side of the grid on which lettering is measured; a side marker such as `R`
fills 2 to 6 of the 1,024 cells."""

_HARD_EDGE = 64
"""Grey levels between two neighbouring pixels. Bones and noise rarely reach it; lettering
does, even where JPEG or a reduced size has softened it."""

_LEAST_EDGES = 2

_LEAST_BALANCE = 0.3
"""Edges in the rarer direction for each in the other. Letters reach it; a border that is tilted
by 10 degrees does not."""

N_BINS = 32
N_LEVELS = 256

PICTURE_PX = 96
"""Side of the small picture of a film."""

_N_LUNGS = 3

_SQUARE_PX = 224
"""Side at which objects and processing are measured: most backbones see no more."""

_SCHEMA = pa.schema(
    {
        "film": pa.string(),
        "traits": pa.string(),
        "levels": pa.list_(pa.float32(), N_LEVELS),
        "objects": pa.list_(pa.float32(), N_OBJECT_COUNTS),
        "processing": pa.list_(pa.float32(), N_PROCESSING),
        "lungs": pa.list_(pa.float32(), _N_LUNGS),
        "picture": pa.list_(pa.uint8(), PICTURE_PX**2),
    }
)

_VECTORS = ("levels", "objects", "processing", "lungs", "picture")


@dataclass(frozen=True)
class FileTraits:
    """Traits of one film's file.

    Attributes:
        format: `PNG`, `JPEG`, `TIFF`, `BMP` or `DICOM`.
        width_px: Stored width, of the upright film.
        height_px: Stored height.
        size_bytes: Of the file.
        encoding: How the picture is stored.
        notes: What was converted to read it, in plain words.
        pixels_sha256: Hash of the grey levels and their shape, equal for the same pixels in
            another format.
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
    """Traits of a cohort's films, in its order.

    Attributes:
        files: Of each film's file.
        levels: Share of the pixels that have each grey level; rows sum to 1.
        objects: Small bright objects, cell by cell; see `count_objects`.
        processing: Texture and grey levels of the frame; see `describe_processing`.
        lungs: Whether the finder of lungs is sure of this film (1 or 0), the share of its frame
            that is lung, and whether the film cuts the lungs off (1 or 0).
        pictures: Each film as a small square, without its aspect ratio, as backbones see it.
    """

    files: tuple[FileTraits, ...]
    levels: Float32[np.ndarray, "films 256"]
    objects: Float32[np.ndarray, "films counts"]
    processing: Float32[np.ndarray, "films figures"]
    lungs: Float32[np.ndarray, "films 3"]
    pictures: UInt8[np.ndarray, "films side side"]

    def joined(self, other: FilmTraits) -> FilmTraits:
        """Put the films of another cohort behind these."""
        return FilmTraits(
            files=(*self.files, *other.files),
            levels=np.concatenate([self.levels, other.levels]),
            objects=np.concatenate([self.objects, other.objects]),
            processing=np.concatenate([self.processing, other.processing]),
            lungs=np.concatenate([self.lungs, other.lungs]),
            pictures=np.concatenate([self.pictures, other.pictures]),
        )

    def of(self, rows: Int[np.ndarray, " kept"]) -> FilmTraits:
        """Keep the traits of some films."""
        return FilmTraits(
            files=tuple(self.files[row] for row in rows),
            levels=self.levels[rows],
            objects=self.objects[rows],
            processing=self.processing[rows],
            lungs=self.lungs[rows],
            pictures=self.pictures[rows],
        )


@dataclass(frozen=True)
class MeasuredTraits:
    """Traits of the readable films, and what it took to measure them.

    Attributes:
        film_traits: Of the films that could be read.
        unreadable: The films that could not, each with its reason.
        n_measured: Films that were read now; the traits of the others were stored already.
        seconds: Wall-clock time.
    """

    film_traits: FilmTraits
    unreadable: tuple[Exclusion, ...]
    n_measured: int
    seconds: float


@dataclass(frozen=True)
class _Traits:
    """Traits of one film, as the cache stores them."""

    file: FileTraits
    levels: Float32[np.ndarray, " 256"]
    objects: Float32[np.ndarray, " counts"]
    processing: Float32[np.ndarray, " figures"]
    lungs: Float32[np.ndarray, " 3"]
    picture: UInt8[np.ndarray, "side side"]


def measure_traits(
    films: Sequence[Film],
    *,
    cache_dir: Path,
    on_progress: Callable[[int, int], None] | None = None,
) -> MeasuredTraits:
    """Measure the traits of every film, or load those that are stored.

    A film that cannot be read is listed and left out.

    Args:
        films: Rows of the cohort.
        cache_dir: Hilum's cache folder.
        on_progress: Called with the films measured so far and the films to measure.

    Raises:
        CacheError: The traits cannot be stored.
    """
    started = time.perf_counter()
    by_hash = {film.sha256: film for film in films}
    folder = cache_dir / "traits" / f"{READING_VERSION}-{TRAITS_VERSION}"
    shards = ShardFolder(folder, _SCHEMA)
    known = dict(_load(shards, set(by_hash)))
    n_stored = len(known)
    missing = [film for sha256, film in by_hash.items() if sha256 not in known]
    unreadable: dict[str, FilmError] = {}
    measured = _measure_all(missing, unreadable)
    for sha256, traits in stored_in_shards(measured, lambda shard: _store(shard, shards)):
        known[sha256] = traits
        if on_progress:
            on_progress(len(known) + len(unreadable) - n_stored, len(missing))
    rows = [known[film.sha256] for film in films if film.sha256 not in unreadable]
    return MeasuredTraits(
        film_traits=FilmTraits(
            files=tuple(row.file for row in rows),
            levels=np.array([row.levels for row in rows], np.float32).reshape(-1, N_LEVELS),
            objects=np.array([row.objects for row in rows], np.float32).reshape(
                -1, N_OBJECT_COUNTS
            ),
            processing=np.array([row.processing for row in rows], np.float32).reshape(
                -1, N_PROCESSING
            ),
            lungs=np.array([row.lungs for row in rows], np.float32).reshape(-1, _N_LUNGS),
            pictures=np.array([row.picture for row in rows], np.uint8).reshape(
                -1, PICTURE_PX, PICTURE_PX
            ),
        ),
        unreadable=Exclusion.from_errors(films, unreadable),
        n_measured=len(missing),
        seconds=time.perf_counter() - started,
    )


def _measure_all(
    films: Iterable[Film], unreadable: dict[str, FilmError]
) -> Iterator[tuple[str, _Traits]]:
    """Measure films, reading ahead; `unreadable` collects the errors of the others."""
    for film, traits in map_ahead(_measure, films):
        if isinstance(traits, FilmError):
            unreadable[film.sha256] = traits
        else:
            yield film.sha256, traits


def _measure(film: Film) -> _Traits | FilmError:
    """Measure one film; for an unreadable one, return the error rather than raise it."""
    try:
        data = load_registered(film)
        image = decode_film(data, suffix=film.path.suffix)
    except FilmError as error:
        return error
    pixels = image.pixels
    small = Image.fromarray(pixels).resize((PICTURE_PX, PICTURE_PX), Image.Resampling.BOX)
    square = resize_film(pixels, _SQUARE_PX)
    lungs = find_lungs(pixels)
    counts = np.bincount(pixels.ravel(), minlength=N_LEVELS)
    return _Traits(
        file=FileTraits(
            format=image.format,
            width_px=image.width_px,
            height_px=image.height_px,
            size_bytes=len(data),
            encoding=image.encoding,
            notes=image.notes,
            pixels_sha256=hashlib.sha256(
                f"{pixels.shape}".encode() + np.ascontiguousarray(pixels).tobytes()
            ).hexdigest(),
            lettering=measure_lettering(pixels),
        ),
        levels=(counts / pixels.size).astype(np.float32),
        objects=count_objects(square),
        processing=describe_processing(square, pixels),
        lungs=np.array(
            [lungs.is_sure, share_in_frame(lungs.mask), CUT_OFF in lungs.doubts], np.float32
        ),
        picture=np.asarray(small),
    )


def _load(shards: ShardFolder, wanted: set[str]) -> Iterator[tuple[str, _Traits]]:
    for table in shards.read() if wanted else ():
        columns = {
            name: table[name].combine_chunks().flatten().to_numpy().reshape(len(table), -1)
            for name in _VECTORS
        }
        keys = zip(table["film"].to_pylist(), table["traits"].to_pylist(), strict=True)
        for row, (sha256, text) in enumerate(keys):
            if sha256 in wanted:
                vectors = {name: values[row] for name, values in columns.items()}
                picture = vectors.pop("picture").reshape(PICTURE_PX, PICTURE_PX)
                yield sha256, _Traits(_read_file_traits(text), picture=picture, **vectors)


def _read_file_traits(text: str) -> FileTraits:
    fields = json.loads(text)
    return FileTraits(
        **fields | {"encoding": Encoding(**fields["encoding"]), "notes": tuple(fields["notes"])}
    )


def _store(shard: dict[str, _Traits], shards: ShardFolder) -> None:
    rows = list(shard.values())
    columns: dict[str, object] = {
        "film": list(shard),
        "traits": [json.dumps(asdict(row.file)) for row in rows],
    }
    for name in _VECTORS:
        vectors = np.stack([getattr(row, name).ravel() for row in rows])
        columns[name] = pa.FixedSizeListArray.from_arrays(
            pa.array(vectors.ravel()), vectors.shape[1]
        )
    shards.add(pa.table(columns, schema=_SCHEMA))


def measure_lettering(pixels: UInt8[np.ndarray, "height width"]) -> float:
    """Measure the share of a film that holds sharp edges in both directions.

    Args:
        pixels: The film at full size. A film smaller than the grid has no lettering.

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
    pixels: UInt8[np.ndarray, "height width"], neighbours: UInt8[np.ndarray, "height width"]
) -> Int[np.ndarray, " cells"]:
    """Count, in each cell of the grid, the pixels that differ from their neighbours by an edge."""
    # Unsigned levels cannot be negative: the larger less the smaller.
    hits = np.maximum(pixels, neighbours) - np.minimum(pixels, neighbours) > _HARD_EDGE
    height, width = hits.shape
    rows, columns = np.divmod(np.flatnonzero(hits), width)
    cells = rows * CELLS_PER_SIDE // height * CELLS_PER_SIDE + columns * CELLS_PER_SIDE // width
    return np.bincount(cells, minlength=CELLS_PER_SIDE**2)


def bin_levels(levels: Float32[np.ndarray, "films 256"]) -> Float[np.ndarray, "films 32"]:
    """Join neighbouring grey levels into bins.

    Args:
        levels: Share of each film's pixels that have each grey level.

    Returns:
        Share of the pixels in each of 32 equally wide bins, the darkest first.
    """
    per_bin = levels.reshape(len(levels), N_BINS, -1)
    return np.asarray(per_bin.sum(axis=2), dtype=np.float64)
