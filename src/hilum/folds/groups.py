"""Groups: films that must stay on one side of every split.

Films of one patient and copies of one film belong together. A group on two sides would let a
head recognise what it is meant to classify.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
from jaxtyping import Int

from hilum.cohort import Cohort, Film


def group_films(
    cohort: Cohort, duplicates: Sequence[Hashable | None] | None = None
) -> Int[np.ndarray, " films"]:
    """Find the films that must stay together: one patient's, and copies of one film.

    Patients count as the same where their names are, whatever the source: joining
    two strangers costs a little freedom, tearing one patient apart costs the truth.

    Args:
        cohort: The films. A film whose patient is unknown is taken for a patient
            of its own.
        duplicates: The cluster of copies that each film belongs to; None where it has none.
            Identical files are found without it.

    Returns:
        Group of each film, numbered from 0 in the order in which groups first appear.
    """
    return join_by_keys(
        [film.patient for film in cohort.films],
        [film.sha256 for film in cohort.films],
        *([] if duplicates is None else [duplicates]),
    )


def join_by_keys(*columns: Sequence[Hashable | None]) -> Int[np.ndarray, " films"]:
    """Join films that share a key, and films that share one with those, and so on.

    Args:
        columns: Each gives one key per film: its patient, its content, the cluster
            of near-duplicates that it belongs to. Keys of different columns have
            no relation to each other. None joins nothing.

    Returns:
        Group of each film, numbered from 0 in the order in which groups first appear.

    Raises:
        ValueError: There is no column, or columns differ in length.
    """
    if len({len(column) for column in columns}) != 1:
        raise ValueError("need at least one column of keys, all with one key per film")
    parents = list(range(len(columns[0])))

    def find_root(film: int) -> int:
        while parents[film] != film:
            parents[film] = parents[parents[film]]
            film = parents[film]
        return film

    for column in columns:
        first_with: dict[Hashable, int] = {}
        for film, key in enumerate(column):
            if key is not None:
                root, other = find_root(film), find_root(first_with.setdefault(key, film))
                parents[max(root, other)] = min(root, other)

    # A root is the first film of its group, so that ascending roots are first appearances.
    roots = [find_root(film) for film in range(len(parents))]
    return np.unique(roots, return_inverse=True)[1].astype(np.int64)


def identical_films(cohort: Cohort) -> list[tuple[Film, ...]]:
    """Find the films that stand in the cohort more than once, byte for byte.

    Args:
        cohort: The films.

    Returns:
        Each set of two or more identical films, in the order of the cohort.
    """
    same_content = defaultdict(list)
    for film in cohort.films:
        same_content[film.sha256].append(film)
    return [tuple(films) for films in same_content.values() if len(films) > 1]


def conflicting_labels(cohort: Cohort) -> list[tuple[Film, ...]]:
    """Find identical files with labels of different classes.

    At least one label of each is wrong, and no head can learn from both.

    Args:
        cohort: The films.

    Returns:
        Each such set, in the order of the cohort.
    """
    return [films for films in identical_films(cohort) if len({f.label for f in films}) > 1]
