"""Sources: whether the place where a film comes from tells its class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from hilum.cohort.manifest import Cohort
from hilum.cohort.splitting import Split
from hilum.evaluation.folding import fitting_films

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
    holds one class only, whatever the truth.

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
        fitted = fitting_films(split)
        counts = np.zeros((len(names), n_classes))
        np.add.at(counts, (rows[fitted], y[fitted]), 1)
        prior = counts.sum(axis=0) / counts.sum()
        shares = (counts + _FILMS_OF_PRIOR * prior) / (
            counts.sum(axis=1, keepdims=True) + _FILMS_OF_PRIOR
        )
        scores[head, split.test] = shares[rows[split.test]]
    return scores
