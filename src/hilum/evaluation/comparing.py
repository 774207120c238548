"""Two backbones on the same films: is one better, or did it draw the better lot?

Both tests are paired, since a film that is hard for one backbone is hard for the
other. With tens of films most pairs are tied, and that is what the report says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import bdtr

from hilum.evaluation.delong import DelongAurocs, delong_aurocs
from hilum.evaluation.power import films_for_delong, films_for_mcnemar
from hilum.evaluation.results import PairedComparison
from hilum.evaluation.scored_films import ScoredFilms

SIGNIFICANCE_LEVEL = 0.05

# AUROCs are multiples of 1 / (2 * positives * others): a real difference is larger.
_ROUNDING = 1e-12


def compare_pairs(
    backbones: Mapping[str, ScoredFilms], *, inflation: float = 1.0
) -> tuple[PairedComparison, ...]:
    """Test every pair of backbones against each other.

    Args:
        backbones: By name, each one's scores; all of the same tested films. Where a group
            holds several films, it counts once in McNemar's test, and DeLong's variance is
            that of clustered data: films of one patient are no separate witnesses.
        inflation: By how much DeLong's variance is widened. Scores of heads that were
            trained on folds of the same films are not given in advance, as the test takes
            them to be; `fold_inflation` of the splits makes up for it. Without it, of two
            learners that are equally good one is found better in up to 15 % of small
            cohorts. McNemar's test stays exact: it errs little oftener on folds than it says.

    Returns:
        Every pair once, in the order of `backbones`. Empty for a single backbone.
        `films_needed` is what would end the tie: as Holm's correction asks in the worst
        case, each test is held to the level divided by the number of tests.

    Raises:
        NoTrialsError: The positive class, or the rest, has no tested film.
        ValueError: The scores are of different films.
    """
    if len(backbones) < 2:
        return ()
    names, scored = list(backbones), list(backbones.values())
    for films in scored[1:]:
        scored[0].check_same_films(films)
    groups = scored[0].groups
    is_right = [films.y_pred == films.y_true for films in scored]
    aurocs = delong_aurocs(
        scored[0].is_positive, np.stack([films.y_score for films in scored]), groups
    )
    aurocs = replace(aurocs, covariance=inflation * aurocs.covariance)

    pairs = list(combinations(range(len(names)), 2))
    mcnemar_ps = [mcnemar_test(is_right[a], is_right[b], groups) for a, b in pairs]
    delong_ps = [delong_test(aurocs, a, b) for a, b in pairs]
    # A tie is one decision, however many tests could end it.
    adjusted = adjust_holm([*mcnemar_ps, *delong_ps])
    compared = []
    for (a, b), mcnemar_p, delong_p, adjusted_p, adjusted_delong_p in zip(
        pairs,
        mcnemar_ps,
        delong_ps,
        adjusted[: len(pairs)],
        adjusted[len(pairs) :],
        strict=True,
    ):
        is_right_a, is_right_b = is_right[a], is_right[b]
        tied = min(adjusted_p, adjusted_delong_p) > SIGNIFICANCE_LEVEL
        compared.append(
            PairedComparison(
                a=names[a],
                b=names[b],
                accuracy_difference=float(is_right_a.mean() - is_right_b.mean()),
                auroc_difference=float(aurocs.values[a] - aurocs.values[b]),
                mcnemar_p=mcnemar_p,
                delong_p=delong_p,
                adjusted_p=adjusted_p,
                tied=tied,
                adjusted_delong_p=adjusted_delong_p,
                films_needed=_films_needed(
                    _count_leads(is_right_a, is_right_b, groups),
                    _difference(aurocs, a, b),
                    groups,
                    significance_level=SIGNIFICANCE_LEVEL / (2 * len(pairs)),
                )
                if tied
                else None,
            )
        )
    return tuple(compared)


def mcnemar_test(
    is_right_a: Bool[np.ndarray, " films"],
    is_right_b: Bool[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
) -> float:
    """Ask whether one backbone calls more films rightly than the other, exactly.

    Only films on which they differ can tell. Each group speaks once, for the
    backbone that calls more of its films rightly; with one film per group this is
    McNemar's test, with more it is the sign test over groups.

    Args:
        is_right_a: Films that backbone a calls rightly.
        is_right_b: Films that backbone b calls rightly.
        groups: Group of each film.

    Returns:
        Two-sided p from the binomial distribution; 1 where they never differ.

    Source: McNemar (1947), Psychometrika 12:153-157.
    """
    leads = _count_leads(is_right_a, is_right_b, groups)
    return min(1.0, 2 * float(bdtr(min(leads), sum(leads), 0.5)))


def delong_test(aurocs: DelongAurocs, a: int, b: int) -> float:
    """Ask whether two AUROCs on the same films differ.

    Args:
        aurocs: The AUROCs of several scores with their covariance.
        a: Row of the first score.
        b: Row of the second score.

    Returns:
        Two-sided p from the normal distribution. 1 where the AUROCs are equal.
        Where they differ and yet show no variance (one score is perfect, say, and
        the other constant, or one side is a single group), the p of a sign test in
        which every group of the smaller side speaks for the same score.

    Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44:837-845.
    """
    difference, variance = _difference(aurocs, a, b)
    if difference == 0:
        return 1.0
    if variance == 0 or aurocs.n_scarcest < 2:
        return min(1.0, 2 * 0.5**aurocs.n_scarcest)
    return math.erfc(abs(difference) / math.sqrt(2 * variance))


def adjust_holm(p_values: Sequence[float]) -> list[float]:
    """Raise p values so that many tests together err no oftener than one.

    Args:
        p_values: One per test, in any order.

    Returns:
        The adjusted values, in the same order, each at most 1: reject those below
        the level, and the chance of any false rejection stays below it.

    Source: Holm (1979), Scandinavian Journal of Statistics 6:65-70.
    """
    ordered = np.sort(p_values)
    raised = np.minimum(1.0, ordered * np.arange(len(ordered), 0, -1))
    adjusted: Float[np.ndarray, " tests"] = np.empty(len(ordered))
    adjusted[np.argsort(p_values, kind="stable")] = np.maximum.accumulate(raised)
    return [float(p) for p in adjusted]


def _count_leads(
    is_right_a: Bool[np.ndarray, " films"],
    is_right_b: Bool[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
) -> tuple[int, int]:
    """Count the groups that speak for a, and those that speak for b."""
    _, rows = np.unique(groups, return_inverse=True)
    lead = np.bincount(rows, weights=is_right_a.astype(np.float64) - is_right_b)
    return int(np.sum(lead > 0)), int(np.sum(lead < 0))


def _difference(aurocs: DelongAurocs, a: int, b: int) -> tuple[float, float]:
    """Subtract two AUROCs; the difference and its variance, without the dust of rounding."""
    difference = float(aurocs.values[a] - aurocs.values[b])
    covariance = aurocs.covariance
    variance = float(covariance[a, a] + covariance[b, b] - 2 * covariance[a, b])
    return (
        difference if abs(difference) >= _ROUNDING else 0.0,
        variance if variance >= _ROUNDING**2 else 0.0,
    )


def _films_needed(
    leads: tuple[int, int],
    auroc_difference: tuple[float, float],
    groups: Int[np.ndarray, " films"],
    *,
    significance_level: float,
) -> int | None:
    """Say what the test that needs fewer films needs."""
    n_films = len(groups)
    by_calls = films_for_mcnemar(
        *leads, len(np.unique(groups)), n_films, significance_level=significance_level
    )
    by_ranking = films_for_delong(*auroc_difference, n_films, significance_level=significance_level)
    return min((needed for needed in (by_calls, by_ranking) if needed is not None), default=None)
