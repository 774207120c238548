"""What is known of a film without one pixel: its file and its source, as plain numbers.

Size, format and compression of the file, and what the cohort's table says of the patient. Sex, age
and view are facts of the patient and of the examination; they stand here because a network that
reads them off the film has not seen the disease either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from hilum.cohort import Cohort, Film
from hilum.evaluation import auroc_score
from hilum.features import FileTraits
from hilum.folds import Split

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


def measure_compression(traits: Sequence[FileTraits]) -> Float[np.ndarray, "films 1"]:
    """Measure how far each picture compresses: bytes of the file per pixel.

    That is entropy of the picture. Disease changes it, as do noise, sharpness and contrast; so
    it tells nothing that grey levels could not tell, and stands beside them.
    """
    sizes = [one.size_bytes / (one.width_px * one.height_px) for one in traits]
    return np.array(sizes, np.float64)[:, np.newaxis]


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


# A source of few films says little: it starts from the classes of all, as if it held one
# film more that is split among them.
_FILMS_OF_PRIOR = 1.0

# What a few films of known source say must not be said of the cohort.
_LEAST_KNOWN = 0.9


@dataclass(frozen=True)
class SourceTable:
    """How the films of each source lie over the classes.

    Attributes:
        sources: Names of the known sources, those with the most films first.
        classes: Names of the classes.
        counts: Films of each source and class.
        n_unknown: Films whose source is unknown; they are not among `counts`.
    """

    sources: tuple[str, ...]
    classes: tuple[str, ...]
    counts: Int[np.ndarray, "sources classes"]
    n_unknown: int


def tabulate_sources(cohort: Cohort) -> SourceTable:
    """Count the films of each source and class."""
    sources = [film.source for film in cohort.films]
    names, counts = _count(sources, cohort.y, n_classes=len(cohort.classes))
    order = np.argsort(-counts.sum(axis=1), kind="stable")
    return SourceTable(
        sources=tuple(names[row] for row in order),
        classes=cohort.classes,
        counts=counts[order],
        n_unknown=sum(source is None for source in sources),
    )


def associate_sources(cohort: Cohort, positive: str) -> float:
    """Say how closely the source goes with the positive class.

    A source of one patient (of one film, where patients are unknown) takes no part: it
    always holds one class only.

    Args:
        cohort: The films.
        positive: The class that is set against all others.

    Returns:
        Cramér's V: 0 where the positive class has the same share in all sources, exactly 1
        where each source holds nothing else, or none of it. NaN where fewer than two
        sources of several patients are known, where all their films are on one side, or
        where they hold less than nine tenths of the films: then too little is known.
    """
    people: dict[str, set[str]] = {}
    for film in cohort.films:
        if film.source is not None:
            people.setdefault(film.source, set()).add(film.patient or f"film {film.film_id}")
    sources = [
        film.source if film.source is not None and len(people[film.source]) > 1 else None
        for film in cohort.films
    ]
    is_positive = (cohort.y == cohort.classes.index(positive)).astype(np.int64)
    _, counts = _count(sources, is_positive, n_classes=2)
    return cramers_v(counts) if counts.sum() >= _LEAST_KNOWN * len(sources) else float("nan")


def _count(
    sources: Sequence[str | None], y: Int[np.ndarray, " films"], *, n_classes: int
) -> tuple[list[str], Int[np.ndarray, "sources classes"]]:
    names = sorted({source for source in sources if source is not None})
    rows = {name: row for row, name in enumerate(names)}
    counts = np.zeros((len(names), n_classes), dtype=np.int64)
    for source, label in zip(sources, y, strict=True):
        if source is not None:
            counts[rows[source], label] += 1
    return names, counts


def cramers_v(counts: Int[np.ndarray, "rows columns"]) -> float:
    """Say how closely the rows of a table go with its columns.

    Not corrected for bias, so that rows of one column each give exactly 1; on few films
    it is above 0 by luck.

    Args:
        counts: Films in each cell. Empty rows and columns are passed over.

    Returns:
        0 to 1. NaN where fewer than two rows or two columns hold films.

    Source: Cramér (1946), Mathematical Methods of Statistics, section 21.9.
    """
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape) < 2:
        return float("nan")
    # Where every row lies in one column (or every column in one row), V is 1: said here,
    # for sums of fractions would miss it by a rounding.
    if np.all(np.count_nonzero(counts, axis=int(counts.shape[0] >= counts.shape[1])) == 1):
        return 1.0
    n_films = counts.sum()
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / n_films
    chi_squared = np.sum((counts - expected) ** 2 / expected)
    return float(min(1.0, np.sqrt(chi_squared / (n_films * (min(counts.shape) - 1)))))


def score_by_source(
    sources: Sequence[str | None],
    y: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    *,
    n_classes: int,
) -> Float[np.ndarray, "heads films classes"]:
    """Score each film by the classes that its source holds among other films.

    Args:
        sources: Of each film; unknown ones together are a source of their own.
        y: Class index of each film.
        splits: Who is counted and who is tested.
        n_classes: Classes of the study.

    Returns:
        Smoothed share of each class in the film's source among the training and validation
        films of the split, and of all of these where the source has none. NaN for films
        that the split does not test.
    """
    names, rows = np.unique([source or "" for source in sources], return_inverse=True)
    scores = np.full((len(splits), len(rows), n_classes), np.nan)
    for head, split in enumerate(splits):
        fitted = split.fitting
        counts = np.zeros((len(names), n_classes))
        np.add.at(counts, (rows[fitted], y[fitted]), 1)
        prior = counts.sum(axis=0) / counts.sum()
        shares = (counts + _FILMS_OF_PRIOR * prior) / (
            counts.sum(axis=1, keepdims=True) + _FILMS_OF_PRIOR
        )
        scores[head, split.test] = shares[rows[split.test]]
    return scores
