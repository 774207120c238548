"""Whether figures differ between levels of an attribute, by dealing the levels out anew.

No formula for the distribution over a few films is needed, so the tests hold for small
levels as well. Films of one group and one level stay together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from hilum.evaluation.discrimination import place_positives, weighted_auroc_scores
from hilum.evaluation.scored_films import ScoredFilms

# As for resamples: a larger table leaves the processor's cache.
_NUMBERS_PER_CHUNK = 400_000

# Figures and variances below this are rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class DifferenceTests:
    """How probable so large a difference of the levels is, if levels mean nothing.

    NaN where fewer than two levels have the figure.
    """

    auroc: float
    sensitivity: float
    specificity: float


@dataclass(frozen=True)
class _Side:
    """The films of one class, in units: those of one group and one level.

    Attributes:
        is_side: Which of all films these are.
        unit_of_film: Unit of each of them.
        levels: True level of each unit.
        film_weights: Of each film, so that those of a unit add up to 1.
        right: Share of each unit's films that were called rightly.
        call_squares: Squares of that share about its mean.
        rank_squares: Likewise of the share of the other side that a unit's films outrank.
    """

    is_side: Bool[np.ndarray, " all_films"]
    unit_of_film: Int[np.ndarray, " films"]
    levels: Int[np.ndarray, " units"]
    film_weights: Float[np.ndarray, " films"]
    right: Float[np.ndarray, " units"]
    call_squares: Float[np.ndarray, " units"]
    rank_squares: Float[np.ndarray, " units"]


def compare_levels(
    levels: Int[np.ndarray, " films"],
    films: ScoredFilms,
    *,
    rng: np.random.Generator,
    n_permutations: int = 2000,
) -> DifferenceTests:
    """Ask whether a score does as well on every level of an attribute.

    The null is that levels are mere names: within a class, the films of a group could as
    well stand in another level. Sensitivity is tested on positive films alone and
    specificity on the others, so an illness that is more frequent in one level is no
    difference. Films of one group, class and level are a unit and count once. The levels'
    figures are measured by their squares about the weighted mean, each in units of its own
    variance, so that units may vary more in one level than in the next, as they do where
    they hold fewer films. Only where most levels' groups are large and a small level's are
    single films does that not suffice: with 160 films the tests may then err twice as
    often as they should.

    Where the scores of a level are shifted on both sides alike, its films are no longer
    exchangeable although its AUROC is the same: that shows in sensitivity and specificity,
    as it should, and moves the test of the AUROC little.

    Args:
        levels: Level of each film, from 0.
        films: The films; the class with the highest score is called. Levels are dealt out
            among units. Where a group has units in several levels, the tests are cautious.
        rng: Where the draws come from.
        n_permutations: How often the levels are dealt out.

    Returns:
        For each figure the share of deals with as large a difference, the true deal
        counted in.

    Source: Cochran (1954), Biometrics 10:101-129, for the measure; Chung and Romano (2013),
    Annals of Statistics 41:484-507, for permuting what is in units of its own variance;
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology
    9:39, for counting the true deal in.
    """
    sides = _divide(levels, films)
    n_levels = int(levels.max()) + 1
    chunk = max(1, _NUMBERS_PER_CHUNK // len(levels))
    measured = []
    for start in range(0, n_permutations + 1, chunk):
        width = min(chunk, n_permutations + 1 - start)
        deals = [np.repeat(side.levels[:, np.newaxis], width, axis=1) for side in sides]
        # The very first column is left as it is: the true deal.
        kept = 1 if start == 0 else 0
        for deal in deals:
            deal[:, kept:] = rng.permuted(deal[:, kept:], axis=0)
        measured.append(_measure(sides, deals, n_levels, films))
    differences = np.concatenate(measured, axis=1)
    is_as_large = differences >= differences[:, :1] * (1 - 1e-9) - _ROUNDING
    auroc, sensitivity, specificity = (
        float("nan") if np.isnan(row[0]) else float(np.mean(hits))
        for row, hits in zip(differences, is_as_large, strict=True)
    )
    return DifferenceTests(auroc, sensitivity, specificity)


def _divide(levels: Int[np.ndarray, " films"], films: ScoredFilms) -> list[_Side]:
    """Gather the films of either class in units: positives first."""
    is_positive, y_score, is_called = films.is_positive, films.y_score, films.is_called
    n_levels = int(levels.max()) + 1
    has_both = bool(is_positive.any() and not is_positive.all())
    _, rows = np.unique(films.groups, return_inverse=True)
    sides = []
    for is_side, score, is_right in (
        (is_positive, y_score, is_called),
        (~is_positive, -y_score, ~is_called),
    ):
        units, unit_of_film = np.unique(
            rows[is_side] * n_levels + levels[is_side], return_inverse=True
        )
        places = place_positives(is_side, score) if has_both else np.zeros(len(unit_of_film))
        film_weights = 1 / np.bincount(unit_of_film)[unit_of_film]
        right, ranks = (
            np.bincount(unit_of_film, film_weights * of_films, minlength=len(units)).astype(float)
            for of_films in (is_right[is_side], places)
        )
        sides.append(
            _Side(
                is_side=is_side,
                unit_of_film=unit_of_film,
                levels=units % n_levels,
                film_weights=film_weights,
                right=right,
                call_squares=_squares(right),
                rank_squares=_squares(ranks),
            )
        )
    return sides


def _squares(of_units: Float[np.ndarray, " units"]) -> Float[np.ndarray, " units"]:
    mean = of_units.mean() if len(of_units) else 0.0
    return np.asarray((of_units - mean) ** 2, dtype=np.float64)


def _measure(
    sides: Sequence[_Side],
    deals: Sequence[Int[np.ndarray, "_ deals"]],
    n_levels: int,
    films: ScoredFilms,
) -> Float[np.ndarray, "3 deals"]:
    """Measure how AUROC, sensitivity and specificity differ over the levels in each deal."""
    is_positive, y_score = films.is_positive, films.y_score
    n_deals = deals[0].shape[1]
    # Of each figure: values, variances and whether there are films, by level and deal.
    values, variances = np.zeros((2, 3, n_levels, n_deals))
    has_figure = np.zeros((3, n_levels, n_deals), dtype=bool)
    for level in range(n_levels):
        weights = np.zeros((len(y_score), n_deals))
        for index, (side, deal) in enumerate(zip(sides, deals, strict=True), start=1):
            is_here = (deal == level).astype(np.float64)
            units = is_here.sum(axis=0)
            has_figure[index, level] = units > 0
            units = np.maximum(units, 1)
            values[index, level] = side.right @ is_here / units
            variances[index, level] = side.call_squares @ is_here / units**2
            variances[0, level] += side.rank_squares @ is_here / units**2
            weights[side.is_side] = side.film_weights[:, np.newaxis] * is_here[side.unit_of_film]
        has_figure[0, level] = has_figure[1:, level].all(axis=0)
        if has_figure[0, level].any():
            values[0, level] = np.nan_to_num(weighted_auroc_scores(is_positive, y_score, weights))
    precisions = np.where(has_figure, 1 / np.maximum(variances, _ROUNDING), 0.0)
    total = np.maximum(precisions.sum(axis=1), _ROUNDING)
    means = np.sum(precisions * values, axis=1) / total
    differences = np.sum(precisions * (values - means[:, np.newaxis]) ** 2, axis=1)
    return np.where(has_figure.sum(axis=1) >= 2, differences, np.nan)
