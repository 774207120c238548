"""Portraits: what each film tells without a network, from one look at all its pixels.

How its file is made, which grey levels occur, and a small picture of it. A portrait is
kept beside the features, so that a film is looked at once, ever.
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
from jaxtyping import Float32, Int, UInt8
from PIL import Image

from hilum.auditing.lettering import measure_lettering
from hilum.cohort.manifest import Exclusion, Film
from hilum.cohort.reading import READING_VERSION, Encoding, FilmImage, decode_film
from hilum.cohort.registering import load_registered
from hilum.errors import FilmError
from hilum.features.shards import ShardFolder, stored_in_shards
from hilum.machine import map_ahead

PORTRAIT_VERSION = 2
"""Raised whenever a portrait's content changes; part of where portraits are kept."""

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
class Portraits:
    """The portraits of a cohort's films, in its order.

    Attributes:
        traits: What each file is like.
        levels: Share of the pixels that have each grey level; rows sum to 1.
        pictures: Each film as a small square; the aspect ratio is given up, as it is for
            the backbones.
    """

    traits: tuple[FileTraits, ...]
    levels: Float32[np.ndarray, "films 256"]
    pictures: UInt8[np.ndarray, "films side side"]

    def of(self, rows: Int[np.ndarray, " kept"]) -> Portraits:
        """Keep the portraits of some films."""
        return Portraits(
            tuple(self.traits[row] for row in rows), self.levels[rows], self.pictures[rows]
        )


@dataclass(frozen=True)
class Sitting:
    """Portraits and how they came about.

    Attributes:
        portraits: Of the films that could be read.
        unreadable: The films that could not, each with its reason.
        n_painted: Films that were looked at now; the others were known.
        seconds: Wall-clock time.
    """

    portraits: Portraits
    unreadable: tuple[Exclusion, ...]
    n_painted: int
    seconds: float


@dataclass(frozen=True)
class _Portrait:
    traits: FileTraits
    levels: Float32[np.ndarray, " 256"]
    picture: UInt8[np.ndarray, "side side"]


def paint_portraits(
    films: Sequence[Film],
    *,
    cache_dir: Path,
    on_progress: Callable[[int, int], None] | None = None,
) -> Sitting:
    """Look at every film once, or find what an earlier look has told.

    Args:
        films: Rows of the cohort.
        cache_dir: Hilum's cache folder.
        on_progress: Told films done and films to be looked at.

    Raises:
        CacheError: The portraits cannot be stored.
    """
    started = time.perf_counter()
    by_hash = {film.sha256: film for film in films}
    folder = cache_dir / "portraits" / f"{READING_VERSION}-{PORTRAIT_VERSION}"
    shards = ShardFolder(folder, _SCHEMA)
    found = dict(_stored(shards, set(by_hash)))
    n_known = len(found)
    missing = [film for sha256, film in by_hash.items() if sha256 not in found]
    unreadable: dict[str, FilmError] = {}
    painted = _look(missing, unreadable)
    for sha256, portrait in stored_in_shards(painted, lambda shard: _store(shard, shards)):
        found[sha256] = portrait
        if on_progress:
            on_progress(len(found) + len(unreadable) - n_known, len(missing))
    seated = [found[film.sha256] for film in films if film.sha256 not in unreadable]
    return Sitting(
        portraits=Portraits(
            traits=tuple(portrait.traits for portrait in seated),
            levels=np.array([portrait.levels for portrait in seated], np.float32).reshape(
                -1, N_LEVELS
            ),
            pictures=np.array([portrait.picture for portrait in seated], np.uint8).reshape(
                -1, PICTURE_PX, PICTURE_PX
            ),
        ),
        unreadable=tuple(
            Exclusion.from_error(film, unreadable[film.sha256])
            for film in films
            if film.sha256 in unreadable
        ),
        n_painted=len(missing),
        seconds=time.perf_counter() - started,
    )


def _paint(film: Film) -> _Portrait | FilmError:
    """Look at one film; an unreadable one is a value here, not an exception."""
    try:
        data = load_registered(film)
        image = decode_film(data, suffix=film.path.suffix)
    except FilmError as error:
        return error
    return _portray(image, len(data))


def _portray(image: FilmImage, size_bytes: int) -> _Portrait:
    pixels = image.pixels
    small = Image.fromarray(pixels).resize((PICTURE_PX, PICTURE_PX), Image.Resampling.BOX)
    counts = np.bincount(pixels.ravel(), minlength=N_LEVELS)
    return _Portrait(
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


def _stored(shards: ShardFolder, wanted: set[str]) -> Iterator[tuple[str, _Portrait]]:
    for table in shards.read() if wanted else ():
        levels = table["levels"].combine_chunks().flatten().to_numpy().reshape(-1, N_LEVELS)
        pictures = table["picture"].combine_chunks().flatten().to_numpy()
        pictures = pictures.reshape(-1, PICTURE_PX, PICTURE_PX)
        for row, (film, traits) in enumerate(
            zip(table["film"].to_pylist(), table["traits"].to_pylist(), strict=True)
        ):
            if film in wanted:
                yield film, _Portrait(_read_traits(traits), levels[row], pictures[row])


def _look(
    films: Iterable[Film], unreadable: dict[str, FilmError]
) -> Iterator[tuple[str, _Portrait]]:
    """Look at films, reading ahead; notes what cannot be read."""
    for film, portrait in map_ahead(_paint, films):
        if isinstance(portrait, FilmError):
            unreadable[film.sha256] = portrait
        else:
            yield film.sha256, portrait


def _store(shard: dict[str, _Portrait], shards: ShardFolder) -> None:
    portraits = list(shard.values())
    levels = pa.array(np.concatenate([portrait.levels for portrait in portraits]))
    pictures = pa.array(np.concatenate([portrait.picture.ravel() for portrait in portraits]))
    shards.add(
        pa.table(
            {
                "film": list(shard),
                "traits": [json.dumps(asdict(portrait.traits)) for portrait in portraits],
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
