"""Whether the figures hold for everybody: the same scores, by sex, age, view or source.

The tests permute the levels of an attribute. They need no formula for the distribution over a
few films, so they hold for small levels as well. Films of one group and one level stay together.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from hilum.evaluation.calibration import recalibrate
from hilum.evaluation.comparison import adjust_holm
from hilum.evaluation.discrimination import (
    auroc_score,
    bound_auroc,
    count_ranked_groups,
    inflation_of_part,
    place_positives,
    weighted_auroc_scores,
)
from hilum.evaluation.metrics import bound_side
from hilum.evaluation.resampling import NUMBERS_PER_CHUNK, bootstrap_groups
from hilum.evaluation.results import Estimate, Subgroup, SubgroupComparison
from hilum.evaluation.scored_films import ScoredFilms

# With fewer groups on a side a figure says little: were all of 9 called rightly, the exact
# interval would still reach down to two thirds.
LEAST_GROUPS = 10

# Name and first year of each band; in the alphabet as in life.
_AGE_BANDS = {"0-17": 0, "18-39": 18, "40-64": 40, "65+": 65}

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


def compare_subgroups(
    attributes: Mapping[str, Sequence[str | None]],
    films: ScoredFilms,
    *,
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
    n_permutations: int = 2000,
    is_called: Bool[np.ndarray, " films"] | None = None,
    probabilities: Float[np.ndarray, "films classes"] | None = None,
    inflation: float = 1.0,
) -> tuple[SubgroupComparison, ...]:
    """Say for whom the figures hold: by sex, age, view or source.

    Args:
        attributes: By name, the level of each tested film; None or blank where it is not
            known. Spellings that differ in case or in blanks around them are one level,
            told in its commonest spelling.
        films: The tested films.
        rng: Where resamples and permutations come from.
        n_bootstraps: Resamples for each interval.
        n_permutations: Draws for the tests of difference.
        is_called: Which films are called positive at the operating point; if not given, those
            that have their highest score for the positive class.
        probabilities: Calibrated probability of each class for each film, for calibration
            slope and intercept of the levels that are not small.
        inflation: Factor on the variance of a figure of all films, for heads that were
            trained on folds of them (`measure_inflation`).

    Returns:
        The attributes with at least two known levels, in the order given; their
        levels ascending. The tests are those of `compare_levels`, and where groups hold several
        films, once more with each film as a group of its own.
    """
    called = films.is_called if is_called is None else is_called
    calibrated = None if probabilities is None else replace(films, scores=probabilities)
    has_groups = len(np.unique(films.groups)) < len(films)
    compared = []
    for attribute, written in attributes.items():
        levels = _unify_spellings(written)
        names = sorted({level for level in levels if level is not None}, key=str.casefold)
        if len(names) < 2:
            continue
        known = np.flatnonzero([level is not None for level in levels])
        of_film = np.array([names.index(level) for level in levels if level is not None])
        of_known = films.take(known)
        ways = [of_known]
        if has_groups:
            ways.append(replace(of_known, groups=np.arange(len(known))))
        tests, *by_films = (
            compare_levels(
                of_film,
                grouped,
                rng=rng,
                n_permutations=n_permutations,
                is_called=called[known],
            )
            for grouped in ways
        )
        compared.append(
            SubgroupComparison(
                attribute=attribute,
                subgroups=tuple(
                    _describe(
                        name,
                        films.take(rows),
                        called[rows],
                        None if calibrated is None else calibrated.take(rows),
                        rng,
                        n_bootstraps,
                        inflation_of_part(inflation, len(rows), len(films)),
                    )
                    for name, rows in (
                        (name, known[of_film == index]) for index, name in enumerate(names)
                    )
                ),
                n_unknown=len(films) - len(known),
                p_auroc=tests.auroc,
                p_sensitivity=tests.sensitivity,
                p_specificity=tests.specificity,
                adjusted_p=float("nan"),
                is_at_operating_point=is_called is not None,
                p_auroc_films=by_films[0].auroc if by_films else None,
                p_sensitivity_films=by_films[0].sensitivity if by_films else None,
                p_specificity_films=by_films[0].specificity if by_films else None,
            )
        )
    return _adjust_together(compared)


def _unify_spellings(written: Sequence[str | None]) -> list[str | None]:
    """Bring each level to its commonest spelling; the first in the alphabet of several."""
    stripped = [level.strip() if level else "" for level in written]
    spellings: dict[str, Counter[str]] = {}
    for level in filter(None, stripped):
        spellings.setdefault(level.casefold(), Counter())[level] += 1
    commonest = {
        level: min(counts, key=lambda spelling: (-counts[spelling], spelling))
        for level, counts in spellings.items()
    }
    return [commonest[level.casefold()] if level else None for level in stripped]


def _describe(
    level: str,
    films: ScoredFilms,
    is_called: Bool[np.ndarray, " films"],
    calibrated: ScoredFilms | None,
    rng: np.random.Generator,
    n_bootstraps: int,
    inflation: float,
) -> Subgroup:
    is_positive, groups = films.is_positive, films.groups
    n_scarcest = min(len(np.unique(groups[side])) for side in (is_positive, ~is_positive))
    is_small = n_scarcest < LEAST_GROUPS
    return Subgroup(
        level=level,
        n_films=len(films),
        n_positives=int(is_positive.sum()),
        n_groups=len(np.unique(groups)),
        auroc=_estimate_auroc(films, rng, n_bootstraps, inflation) if n_scarcest else None,
        sensitivity=bound_side(is_called, is_positive, groups, inflation)
        if is_positive.any()
        else None,
        specificity=bound_side(~is_called, ~is_positive, groups, inflation)
        if not is_positive.all()
        else None,
        is_small=is_small,
        recalibration=None
        if calibrated is None or is_small
        else recalibrate(calibrated, inflation=inflation),
    )


def _estimate_auroc(
    films: ScoredFilms, rng: np.random.Generator, n_bootstraps: int, inflation: float
) -> Estimate:
    resampled = bootstrap_groups(
        lambda weights: {"auroc": weighted_auroc_scores(films.is_positive, films.y_score, weights)},
        films,
        n_bootstraps=n_bootstraps,
        rng=rng,
    )
    return bound_auroc(
        auroc_score(films.is_positive, films.y_score),
        resampled["auroc"],
        count_ranked_groups(films),
        inflation=inflation,
    )


def _adjust_together(
    compared: Sequence[SubgroupComparison],
) -> tuple[SubgroupComparison, ...]:
    """Hold all tests of all attributes to one level by Holm's correction."""
    tests = [
        (index, p)
        for index, comparison in enumerate(compared)
        for p in (comparison.p_auroc, comparison.p_sensitivity, comparison.p_specificity)
        if not math.isnan(p)
    ]
    adjusted = adjust_holm([p for _, p in tests])
    smallest = [float("nan")] * len(compared)
    for (index, _), p in zip(tests, adjusted, strict=True):
        smallest[index] = p if math.isnan(smallest[index]) else min(p, smallest[index])
    return tuple(
        replace(comparison, adjusted_p=p) for comparison, p in zip(compared, smallest, strict=True)
    )


def compare_levels(
    levels: Int[np.ndarray, " films"],
    films: ScoredFilms,
    *,
    rng: np.random.Generator,
    n_permutations: int = 2000,
    is_called: Bool[np.ndarray, " films"] | None = None,
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
        films: The films. Levels are permuted among units. Where a group has units in several
            levels, the tests are cautious.
        rng: Where the draws come from.
        n_permutations: How often the levels are permuted.
        is_called: Which films are called positive; if not given, those that have their highest
            score for the positive class.

    Returns:
        For each figure the share of permutations with as large a difference, the true levels
        counted in.

    Source: Cochran (1954), Biometrics 10:101-129, for the measure; Chung and Romano (2013),
    Annals of Statistics 41:484-507, for permuting what is in units of its own variance;
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology
    9:39, for counting the true levels in.
    """
    sides = _divide(levels, films, films.is_called if is_called is None else is_called)
    n_levels = int(levels.max()) + 1
    chunk = max(1, NUMBERS_PER_CHUNK // len(levels))
    measured = []
    for start in range(0, n_permutations + 1, chunk):
        width = min(chunk, n_permutations + 1 - start)
        permuted = [np.repeat(side.levels[:, np.newaxis], width, axis=1) for side in sides]
        # The very first column is left as it is: the true levels.
        kept = 1 if start == 0 else 0
        for of_side in permuted:
            of_side[:, kept:] = rng.permuted(of_side[:, kept:], axis=0)
        measured.append(_measure(sides, permuted, n_levels, films))
    differences = np.concatenate(measured, axis=1)
    is_as_large = differences >= differences[:, :1] * (1 - 1e-9) - _ROUNDING
    auroc, sensitivity, specificity = (
        float("nan") if np.isnan(row[0]) else float(np.mean(hits))
        for row, hits in zip(differences, is_as_large, strict=True)
    )
    return DifferenceTests(auroc, sensitivity, specificity)


def _divide(
    levels: Int[np.ndarray, " films"], films: ScoredFilms, is_called: Bool[np.ndarray, " films"]
) -> list[_Side]:
    """Gather the films of either class in units: positives first."""
    is_positive, y_score = films.is_positive, films.y_score
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
    permuted: Sequence[Int[np.ndarray, "_ permutations"]],
    n_levels: int,
    films: ScoredFilms,
) -> Float[np.ndarray, "3 permutations"]:
    """Measure how the three figures differ over the levels in each permutation."""
    is_positive, y_score = films.is_positive, films.y_score
    n_permutations = permuted[0].shape[1]
    # Of each figure: values, variances and whether there are films, by level and permutation.
    values, variances = np.zeros((2, 3, n_levels, n_permutations))
    has_figure = np.zeros((3, n_levels, n_permutations), dtype=bool)
    for level in range(n_levels):
        weights = np.zeros((len(y_score), n_permutations))
        for index, (side, of_side) in enumerate(zip(sides, permuted, strict=True), start=1):
            is_here = (of_side == level).astype(np.float64)
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


def age_band(age: float) -> str:
    """Name the band of life that an age falls into.

    Args:
        age: In years, not negative; a person of 39.9 years is 39.

    Returns:
        `0-17`, `18-39`, `40-64` or `65+`.

    Raises:
        ValueError: The age is negative or NaN.
    """
    if not age >= 0:
        raise ValueError(f"an age is a number of years from 0; got {age}")
    return next(name for name, first in reversed(_AGE_BANDS.items()) if age >= first)
