"""Whether the figures hold for everybody: the same scores, by sex, age, view or source."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hilum.evaluation.comparing import adjust_holm
from hilum.evaluation.discrimination import auroc_score, weighted_auroc_scores
from hilum.evaluation.permuting import compare_levels
from hilum.evaluation.proportions import clustered_proportion
from hilum.evaluation.ranking import bound_auroc
from hilum.evaluation.resampling import bootstrap_groups
from hilum.evaluation.results import Estimate
from hilum.evaluation.score_interval import count_ranked_groups
from hilum.evaluation.scored_films import ScoredFilms

# With fewer groups on a side a figure says little: were all of 9 called rightly, the exact
# interval would still reach down to two thirds.
LEAST_GROUPS = 10

# Name and first year of each band; in the alphabet as in life.
_AGE_BANDS = {"0-17": 0, "18-39": 18, "40-64": 40, "65+": 65}


@dataclass(frozen=True)
class Subgroup:
    """The films of one level of an attribute.

    Attributes:
        level: Such as `F`, `40-64` or `AP`.
        n_films: Tested films.
        n_positives: Those of the positive class.
        n_groups: Patients, or groups of films that belong together.
        auroc: None where one of the two sides has no film.
        sensitivity: None without positive films.
        specificity: None without others.
        is_small: Too few groups on a side for its figures to say much.
    """

    level: str
    n_films: int
    n_positives: int
    n_groups: int
    auroc: Estimate | None
    sensitivity: Estimate | None
    specificity: Estimate | None
    is_small: bool


@dataclass(frozen=True)
class SubgroupComparison:
    """One attribute: its levels, and whether they differ.

    Attributes:
        attribute: `sex`, `age`, `view` or `source`.
        subgroups: The levels, in a fixed order.
        n_unknown: Tested films of which the attribute is not known.
        p_auroc: p that the AUROC is the same on all levels that have one; NaN where fewer
            than two do.
        p_sensitivity: Likewise.
        p_specificity: Likewise.
        adjusted_p: The smallest of the three after Holm's correction over all tests of all
            attributes; NaN where there is none.
    """

    attribute: str
    subgroups: tuple[Subgroup, ...]
    n_unknown: int
    p_auroc: float
    p_sensitivity: float
    p_specificity: float
    adjusted_p: float


def compare_subgroups(
    attributes: Mapping[str, Sequence[str | None]],
    films: ScoredFilms,
    *,
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
    n_permutations: int = 2000,
) -> tuple[SubgroupComparison, ...]:
    """Say for whom the figures hold: by sex, age, view or source.

    Args:
        attributes: By name, the level of each tested film; None or blank where it is not
            known. Spellings that differ in case or in blanks around them are one level,
            told in its commonest spelling.
        films: The tested films; the class with the highest score is called.
        rng: Where resamples and permutations come from.
        n_bootstraps: Resamples for each interval.
        n_permutations: Draws for the tests of difference.

    Returns:
        The attributes of which at least two levels are known, in the order given; their
        levels ascending. The tests are those of `compare_levels`.
    """
    compared = []
    for attribute, written in attributes.items():
        levels = _unify_spellings(written)
        names = sorted({level for level in levels if level is not None}, key=str.casefold)
        if len(names) < 2:
            continue
        known = np.array([level is not None for level in levels])
        of_film = np.array([names.index(level) for level in levels if level is not None])
        of_known = films.take(known)
        tests = compare_levels(of_film, of_known, rng=rng, n_permutations=n_permutations)
        compared.append(
            SubgroupComparison(
                attribute=attribute,
                subgroups=tuple(
                    _describe(name, of_known.take(of_film == index), rng, n_bootstraps)
                    for index, name in enumerate(names)
                ),
                n_unknown=int(np.sum(~known)),
                p_auroc=tests.auroc,
                p_sensitivity=tests.sensitivity,
                p_specificity=tests.specificity,
                adjusted_p=float("nan"),
            )
        )
    return _adjust_together(compared)


def age_band(age: float) -> str:
    """Name the band of life that an age falls into.

    Args:
        age: In years, not negative; a person of 39.9 years is 39.

    Returns:
        `0-17`, `18-39`, `40-64` or `65+`.

    Raises:
        ValueError: That is no age.
    """
    if not age >= 0:
        raise ValueError(f"an age is a number of years from 0; got {age}")
    return next(name for name, first in reversed(_AGE_BANDS.items()) if age >= first)


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
    level: str, films: ScoredFilms, rng: np.random.Generator, n_bootstraps: int
) -> Subgroup:
    positives, others = films.take(films.is_positive), films.take(~films.is_positive)
    n_scarcest = min(len(np.unique(side.groups)) for side in (positives, others))
    return Subgroup(
        level=level,
        n_films=len(films),
        n_positives=len(positives),
        n_groups=len(np.unique(films.groups)),
        auroc=_estimate_auroc(films, rng, n_bootstraps) if n_scarcest else None,
        sensitivity=clustered_proportion(positives.is_called, positives.groups)
        if len(positives)
        else None,
        specificity=clustered_proportion(~others.is_called, others.groups) if len(others) else None,
        is_small=n_scarcest < LEAST_GROUPS,
    )


def _estimate_auroc(films: ScoredFilms, rng: np.random.Generator, n_bootstraps: int) -> Estimate:
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
