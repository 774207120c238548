"""Two backbones on the same films: is one better, or did it draw the better lot?

Both tests are paired, since a film that is hard for one backbone is hard for the
other. With tens of films most pairs are tied, and that is what the report says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import bdtr

from hilum.evaluation.delong import DelongAurocs, delong_aurocs
from hilum.evaluation.results import Evaluation, PairedComparison

SIGNIFICANCE_LEVEL = 0.05

# AUROCs are multiples of 1 / (2 * positives * others): a real difference is larger.
_ROUNDING = 1e-12


def compare_pairs(
    evaluations: Mapping[str, Evaluation],
    y_true: Int[np.ndarray, " films"],
    *,
    positive: int,
    groups: Int[np.ndarray, " films"],
) -> tuple[PairedComparison, ...]:
    """Test every pair of backbones against each other.

    Args:
        evaluations: Backbone name to its figures; all on the same tested films.
        y_true: Class index of each film of the cohort.
        positive: Index of the positive class.
        groups: Group of each film of the cohort. Where a group holds several films,
            it counts once in McNemar's test, and DeLong's variance is that of
            clustered data: films of one patient are no separate witnesses.

    Returns:
        Every pair once, in the order of `evaluations`. Empty for a single backbone.

    Raises:
        NoTrialsError: The positive class, or the rest, has no tested film.
        ValueError: The evaluations stand on different films.
    """
    if len(evaluations) < 2:
        return ()
    names = list(evaluations)
    films = evaluations[names[0]].films
    if not all(np.array_equal(films, evaluation.films) for evaluation in evaluations.values()):
        raise ValueError("paired tests need evaluations on the same films")
    groups = groups[films]
    is_right = {name: evaluations[name].y_pred == y_true[films] for name in names}
    aurocs = delong_aurocs(
        y_true[films] == positive,
        np.stack([evaluations[name].scores[:, positive] for name in names]),
        groups,
    )

    pairs = list(combinations(range(len(names)), 2))
    mcnemar_ps = [mcnemar_test(is_right[names[a]], is_right[names[b]], groups) for a, b in pairs]
    delong_ps = [delong_test(aurocs, a, b) for a, b in pairs]
    adjusted_ps = adjust_holm(mcnemar_ps)
    adjusted_delong_ps = adjust_holm(delong_ps)
    return tuple(
        PairedComparison(
            a=names[a],
            b=names[b],
            accuracy_difference=float(is_right[names[a]].mean() - is_right[names[b]].mean()),
            auroc_difference=float(aurocs.values[a] - aurocs.values[b]),
            mcnemar_p=mcnemar_p,
            delong_p=delong_p,
            adjusted_p=adjusted_p,
            tied=min(adjusted_p, adjusted_delong_p) > SIGNIFICANCE_LEVEL,
        )
        for (a, b), mcnemar_p, delong_p, adjusted_p, adjusted_delong_p in zip(
            pairs, mcnemar_ps, delong_ps, adjusted_ps, adjusted_delong_ps, strict=True
        )
    )


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
    _, rows = np.unique(groups, return_inverse=True)
    lead = np.bincount(rows, weights=is_right_a.astype(np.float64) - is_right_b)
    for_a, for_b = int(np.sum(lead > 0)), int(np.sum(lead < 0))
    return min(1.0, 2 * float(bdtr(min(for_a, for_b), for_a + for_b, 0.5)))


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
    difference = float(aurocs.values[a] - aurocs.values[b])
    covariance = aurocs.covariance
    variance = float(covariance[a, a] + covariance[b, b] - 2 * covariance[a, b])
    if abs(difference) < _ROUNDING:
        return 1.0
    if variance < _ROUNDING**2 or aurocs.n_scarcest < 2:
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
