"""Scored films: the scores of many heads, and from them one score per film, out of fold only.

A head's scores of films that it was trained or chosen on are never read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from hilum.folds import Split


@dataclass(frozen=True)
class ScoredFilms:
    """Films with one score for each class, by heads that were not trained on them.

    Attributes:
        films: Row of each film in its cohort, ascending.
        y_true: Class index of each film; not every class need have a film.
        scores: Probability of each class for each film, or any other finite score.
        groups: Group of each film, any integers; films of one group are alike.
        positive: Index of the positive class.

    Raises:
        ValueError: The arrays do not fit each other, an index is out of range, or a score is
            not finite.
    """

    films: Int[np.ndarray, " films"]
    y_true: Int[np.ndarray, " films"]
    scores: Float[np.ndarray, "films classes"]
    groups: Int[np.ndarray, " films"]
    positive: int

    def __post_init__(self) -> None:
        _check(self.scores, self.y_true, self.groups, self.positive, n_axes=2)
        if len(self.films) != len(self.scores):
            raise ValueError(f"need one row per film; got {len(self.films)} rows")
        if not np.all(np.isfinite(self.scores)):
            raise ValueError("scores of tested films must be finite")

    def __len__(self) -> int:
        return len(self.films)

    @property
    def n_classes(self) -> int:
        """Classes of the study, whether or not a film of each is here."""
        return int(self.scores.shape[1])

    @property
    def is_positive(self) -> Bool[np.ndarray, " films"]:
        """Which films are of the positive class."""
        return np.asarray(self.y_true == self.positive)

    @property
    def y_score(self) -> Float[np.ndarray, " films"]:
        """The score of the positive class."""
        return self.scores[:, self.positive]

    @property
    def y_pred(self) -> Int[np.ndarray, " films"]:
        """The class with the highest score; the first of them where classes tie."""
        return np.asarray(np.argmax(self.scores, axis=1), dtype=np.int64)

    @property
    def is_called(self) -> Bool[np.ndarray, " films"]:
        """Which films have their highest score for the positive class."""
        return np.asarray(self.y_pred == self.positive)

    def take(self, places: Bool[np.ndarray, " films"] | Int[np.ndarray, " taken"]) -> ScoredFilms:
        """Take some of the films.

        Args:
            places: Whether each film is taken, or the places of those that are.
        """
        return replace(
            self,
            films=self.films[places],
            y_true=self.y_true[places],
            scores=self.scores[places],
            groups=self.groups[places],
        )

    def of(self, films: Int[np.ndarray, " wanted"]) -> ScoredFilms:
        """Take films by their rows in the cohort.

        Raises:
            ValueError: One of them has no score here.
        """
        if not np.isin(films, self.films).all():
            raise ValueError("not every film that is asked for was tested")
        return self.take(np.searchsorted(self.films, films))

    def check_same_films(self, other: ScoredFilms) -> None:
        """Make sure that two scores stand on the same films, as paired figures need.

        Raises:
            ValueError: They do not.
        """
        if self.positive != other.positive or not all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("films", "y_true", "groups")
        ):
            raise ValueError("paired figures need scores of the same films")


@dataclass(frozen=True)
class HeadScores:
    """The scores of all heads of a study, and the films that each of them tested.

    Attributes:
        scores: Probability of each class for each film under each head; NaN where it is not
            known. What a head says of films that it was trained on is never read.
        y_true: Class index of each film of the cohort.
        splits: Split h names the films that train, validate and test head h.
        groups: Group of each film of the cohort; films of one group are alike.
        positive: Index of the positive class.

    Raises:
        ValueError: The arrays do not fit each other, an index is out of range, or there is
            not one split per head.
    """

    scores: Float[np.ndarray, "heads films classes"]
    y_true: Int[np.ndarray, " films"]
    splits: Sequence[Split]
    groups: Int[np.ndarray, " films"]
    positive: int

    def __post_init__(self) -> None:
        _check(self.scores, self.y_true, self.groups, self.positive, n_axes=3)
        if len(self.scores) != len(self.splits):
            raise ValueError(
                f"need one split per head; got {len(self.scores)} heads, {len(self.splits)} splits"
            )

    def tested(self) -> ScoredFilms:
        """Average each film's scores over the heads that tested it.

        Returns:
            One row per film that was tested, however often it was.

        Raises:
            ValueError: A score that a head gave to a film that it tested is not finite.
        """
        totals = np.zeros(self.scores.shape[1:])
        times_tested = np.zeros(len(self.y_true), dtype=np.int64)
        for of_head, split in zip(self.scores, self.splits, strict=True):
            totals[split.test] += of_head[split.test]
            times_tested[split.test] += 1
        films = np.flatnonzero(times_tested)
        return ScoredFilms(
            films=films,
            y_true=self.y_true[films],
            scores=totals[films] / times_tested[films, np.newaxis],
            groups=self.groups[films],
            positive=self.positive,
        )

    def tested_per_repeat(self) -> tuple[ScoredFilms, ...]:
        """Do as `tested` for each repeat by itself, in ascending order of repeats."""
        tested = []
        for repeat in sorted({split.repeat for split in self.splits}):
            heads = [head for head, split in enumerate(self.splits) if split.repeat == repeat]
            splits = [self.splits[head] for head in heads]
            tested.append(replace(self, scores=self.scores[heads], splits=splits).tested())
        return tuple(tested)


def fold_inflation(splits: Sequence[Split]) -> float:
    """Say by how much folds widen the spread of an AUROC, beyond what DeLong's variance tells.

    The folds of a repeat share most of their training films, so what chance does in one of
    them it tends to do in the others. One split alone has no such company. Without this,
    one-sided tests of 5 % err in about 10 % of small cohorts.

    Args:
        splits: Of the study.

    Returns:
        Factor on the variance, 1 + (folds - 1) * share of the films that are tested at a
        time: 1.8 for five folds, 1 for a single split.

    Source: Nadeau and Bengio (2003), Machine Learning 52:239-281: the correlation between
    the folds' errors is taken as the share of films that each tests.
    """
    n_folds = len(splits) / len({split.repeat for split in splits})
    tested = [len(split.test) / len(np.union1d(split.test, split.fitting)) for split in splits]
    return 1 + (n_folds - 1) * float(np.mean(tested))


def _check(
    scores: Float[np.ndarray, "*axes classes"],
    y_true: Int[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
    positive: int,
    *,
    n_axes: int,
) -> None:
    if scores.ndim != n_axes:
        raise ValueError(f"scores need {n_axes} axes; got {scores.ndim}")
    n_films, n_classes = scores.shape[-2:]
    if not len(y_true) == len(groups) == n_films:
        raise ValueError(
            f"need one class, one group and one row of scores per film; got {len(y_true)}, "
            f"{len(groups)} and {n_films}"
        )
    if not 0 <= positive < n_classes:
        raise ValueError(f"class {positive} is not one of {n_classes}")
    if n_films and not (y_true.min() >= 0 and y_true.max() < n_classes):
        raise ValueError(f"classes must lie between 0 and {n_classes - 1}")
