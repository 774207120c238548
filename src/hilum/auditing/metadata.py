"""Metadata: what is known of a film without one pixel, as a table of plain numbers.

Size, format and compression of the file, and what the cohort's table says of the
patient. Sex, age and view are facts of the patient and of the examination; they stand
here because a network that reads them off the film has not seen the disease either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32

from hilum.auditing.portraits import FileTraits
from hilum.cohort.manifest import Film
from hilum.evaluation.discrimination import auroc_score

# Words that only a few films share tell nothing, and would swamp the table.
_MOST_WORDS = 6
_LEAST_FILMS = 2
_USUAL_WORDS = frozenset(
    {"png", "jpeg", "tiff", "bmp", "pa", "ap", "ap supine", "ap erect", "supine", "lateral", "l",
     "ll", "m", "f", "male", "female", "o", "other"}
)  # fmt: skip
"""Words that say nothing of who was filmed, and so may be shown."""

_LONGEST_WORD = 40

_MEASURES: Mapping[str, Callable[[FileTraits], float]] = {
    "width in pixels": lambda traits: traits.width_px,
    "height in pixels": lambda traits: traits.height_px,
    "width divided by height": lambda traits: traits.width_px / traits.height_px,
    "file size in bytes": lambda traits: traits.size_bytes,
    "bytes per pixel": lambda traits: traits.size_bytes / (traits.width_px * traits.height_px),
    "bits per sample": lambda traits: traits.encoding.bits,
    "colour channels": lambda traits: traits.encoding.channels,
    # A file that is not a JPEG is not compressed in this way: finer than the finest.
    "JPEG compression": lambda traits: traits.encoding.quantisation or 0.0,
    "stored in several passes": lambda traits: traits.encoding.is_progressive,
}


@dataclass(frozen=True)
class MetadataTable:
    """What is known of the films of a cohort without their pixels.

    Attributes:
        columns: What each column holds, in plain words. Columns in which all films agree
            are left out.
        values: One row per film; finite.
    """

    columns: tuple[str, ...]
    values: Float32[np.ndarray, "films columns"]


def tabulate_metadata(films: Sequence[Film], traits: Sequence[FileTraits]) -> MetadataTable:
    """Put into numbers what is known of the films without their pixels.

    Args:
        films: Rows of the cohort.
        traits: What the file of each is like, in the same order.
    """
    candidates = {
        name: np.array([measure(one) for one in traits], dtype=np.float32)
        for name, measure in _MEASURES.items()
    }
    for words, kind in (
        ([one.format for one in traits], "format"),
        ([one.encoding.maker for one in traits], "made with"),
        ([film.view for film in films], "view"),
        ([film.sex for film in films], "sex"),
    ):
        candidates.update(_one_hot(kind, words))
    candidates.update(_ages([film.age for film in films]))
    varying = {name: values for name, values in candidates.items() if len(np.unique(values)) > 1}
    return MetadataTable(
        columns=tuple(varying),
        values=np.array(list(varying.values()), np.float32).reshape(-1, len(films)).T,
    )


def column_aurocs(
    table: MetadataTable, is_positive: Bool[np.ndarray, " films"]
) -> dict[str, float]:
    """Say how well each column by itself tells the positive class, the best first.

    Nothing is fitted, so no folds are needed; but the direction is chosen on the same
    films. On few films the best of many columns is above one half by luck.

    Args:
        table: What is known of each film.
        is_positive: Which films are of the positive class.

    Returns:
        For each column the AUROC or one less it, whichever is larger: 0.5 to 1.

    Raises:
        NoTrialsError: One of the two sides has no film.
    """
    either_way = {}
    for column, values in zip(table.columns, table.values.T, strict=True):
        auroc = auroc_score(is_positive, values)
        either_way[column] = max(auroc, 1 - auroc)
    return dict(sorted(either_way.items(), key=lambda item: -item[1]))


def _one_hot(
    kind: str, words: Sequence[str | None]
) -> Iterator[tuple[str, Float[np.ndarray, " films"]]]:
    """Give each frequent word a column, and one to the films of which none is known.

    Tables and files may hold anything, a name among it: words that are not of the field are
    numbered, and never shown.
    """
    written = [" ".join(word.split())[:_LONGEST_WORD].lower() if word else "" for word in words]
    counts = Counter(written)
    unknown = counts.pop("", 0)
    # Of two words, the one says the other.
    n_columns = 1 if len(counts) == 2 and not unknown else _MOST_WORDS
    for number, (plain, n_films) in enumerate(counts.most_common(n_columns), start=1):
        if n_films >= _LEAST_FILMS:
            is_it = np.array([word == plain for word in written], dtype=np.float32)
            yield f"{kind} {plain.upper() if plain in _USUAL_WORDS else number}", is_it
    if unknown:
        yield f"{kind} unknown", np.array([not word for word in written], dtype=np.float32)


def _ages(ages: Sequence[float | None]) -> Iterator[tuple[str, Float[np.ndarray, " films"]]]:
    """Give the age, minus one where it is unknown, and a column that says so."""
    if any(age is not None for age in ages):
        yield "age", np.array([-1 if age is None else age for age in ages], dtype=np.float32)
        yield "age unknown", np.array([age is None for age in ages], dtype=np.float32)
