"""Two backbones on the same films: is one better, how many films would show it, who is tied?

Both tests are paired, since a film that is hard for one backbone is hard for the other. With
tens of films most pairs are tied, and the report says so. How many films would end a tie is a
forecast: it takes the difference that was seen as the true one, and few films show that only
roughly. It says whether tens more would do, or thousands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import bdtr, gammaln, ndtri, xlog1py, xlogy

from hilum.evaluation.discrimination import AUROC_ROUNDING, DelongAurocs, delong_aurocs
from hilum.evaluation.results import PairedComparison
from hilum.evaluation.scored_films import ScoredFilms

SIGNIFICANCE_LEVEL = 0.05
POWER = 0.8

# More films than this means never; it also ends the search.
_MOST_GROUPS = 100_000_000

# Up to so many discordant groups are expected, the exact test is worth its own sum.
_MOST_DISCORDANT = 5_000

# How far from the mean a binomial count is followed: in standard deviations, and beyond them.
_REACH = 8.0

_MARGIN = 20


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
    by_films: list[tuple[float, float]] | list[tuple[None, None]] = [(None, None)] * len(pairs)
    if len(np.unique(groups)) < len(groups):
        alone = np.arange(len(groups))
        of_films = delong_aurocs(
            scored[0].is_positive, np.stack([films.y_score for films in scored]), alone
        )
        of_films = replace(of_films, covariance=inflation * of_films.covariance)
        by_films = [
            (mcnemar_test(is_right[a], is_right[b], alone), delong_test(of_films, a, b))
            for a, b in pairs
        ]
    # A tie is one decision, however many tests could end it.
    adjusted = adjust_holm([*mcnemar_ps, *delong_ps])
    compared = []
    for (a, b), mcnemar_p, delong_p, adjusted_p, adjusted_delong_p, of_films_p in zip(
        pairs,
        mcnemar_ps,
        delong_ps,
        adjusted[: len(pairs)],
        adjusted[len(pairs) :],
        by_films,
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
                mcnemar_p_films=of_films_p[0],
                delong_p_films=of_films_p[1],
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


def _count_leads(
    is_right_a: Bool[np.ndarray, " films"],
    is_right_b: Bool[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
) -> tuple[int, int]:
    """Count the groups that speak for a, and those that speak for b."""
    _, rows = np.unique(groups, return_inverse=True)
    lead = np.bincount(rows, weights=is_right_a.astype(np.float64) - is_right_b)
    return int(np.sum(lead > 0)), int(np.sum(lead < 0))


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


def _difference(aurocs: DelongAurocs, a: int, b: int) -> tuple[float, float]:
    """Subtract two AUROCs; the difference and its variance, without the dust of rounding."""
    difference = float(aurocs.values[a] - aurocs.values[b])
    covariance = aurocs.covariance
    variance = float(covariance[a, a] + covariance[b, b] - 2 * covariance[a, b])
    return (
        difference if abs(difference) >= AUROC_ROUNDING else 0.0,
        variance if variance >= AUROC_ROUNDING**2 else 0.0,
    )


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


def rank_tiers(
    names: Sequence[str], comparisons: Sequence[PairedComparison]
) -> tuple[tuple[str, ...], ...]:
    """Group backbones with the best one that they are tied with.

    The first backbone opens a tier and everything that is tied with it joins; the first of
    what is left opens the next. So each tier is to be read as "no worse than its first
    member, as far as these films can tell".

    Ties are not transitive: a may be tied with b and b with c, while a is better than c.
    Members of one tier are therefore all tied with its first, not always with each other;
    two backbones in different tiers may be tied as well, and a backbone with the better
    figures may then even stand below one with worse, if only the one that came before told
    it apart. For a question about two backbones their own comparison is the answer.

    Args:
        names: Backbones, best first; each once.
        comparisons: Every pair of them, in any order and either way round.

    Returns:
        Tiers of names, each in the order given, the best tier first.

    Raises:
        ValueError: A name is given twice, or a pair was not compared.
    """
    if len(set(names)) < len(names):
        raise ValueError(f"each backbone has one place; got {', '.join(names)}")
    is_tied = {frozenset((pair.a, pair.b)): pair.tied for pair in comparisons}
    left = list(names)
    tiers = []
    while left:
        first, *others = left
        missing = [other for other in others if frozenset((first, other)) not in is_tied]
        if missing:
            raise ValueError(f"{first} was not compared with {', '.join(missing)}")
        tier = (first, *(other for other in others if is_tied[frozenset((first, other))]))
        tiers.append(tier)
        left = [name for name in left if name not in tier]
    return tuple(tiers)


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


def films_for_mcnemar(
    n_ahead: int,
    n_behind: int,
    n_groups: int,
    n_films: int,
    *,
    significance_level: float = 0.05,
) -> int | None:
    """Say on how many films the exact McNemar test would show this difference of calls.

    Args:
        n_ahead: Groups of films in which the first backbone calls more films rightly.
        n_behind: Groups in which the second does.
        n_groups: Groups in all; the discordant ones keep their shares of them.
        n_films: Films in all; the groups keep their size.
        significance_level: Of the two-sided test.

    Returns:
        Films that give 80 % power. None where as many groups are ahead as behind, or where
        the number is past all counting.

    Source: Connor (1987), Biometrics 43:207-211, with the number of discordant pairs free
    as in Miettinen (1968), Biometrics 24:339-352. That formula stands on the normal
    distribution and the exact test needs some more, so from there on the power is summed
    over all numbers of discordant groups.
    """
    if n_ahead == n_behind:
        return None
    ahead, behind = n_ahead / n_groups, n_behind / n_groups
    fewest = connor_pairs(ahead, behind, significance_level=significance_level)
    if fewest > _MOST_GROUPS:
        return None

    def suffices(groups: int) -> bool:
        return mcnemar_power(ahead, behind, groups, significance_level=significance_level) >= POWER

    if fewest * (ahead + behind) > _MOST_DISCORDANT:
        # So many that normal and exact agree, but for the step between two whole numbers.
        needed = math.ceil(fewest + 1 / abs(ahead - behind))
    else:
        low, high = 0, max(2, math.ceil(fewest))
        while not suffices(high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if suffices(middle) else (middle, high)
        needed = high
    return math.ceil(needed * n_films / n_groups)


def connor_pairs(ahead: float, behind: float, *, significance_level: float) -> float:
    """Count the pairs for 80 % power by the normal distribution; not yet a whole number.

    Args:
        ahead: Share of pairs that speak for the first.
        behind: Share of pairs that speak for the second; not the same.
        significance_level: Of the two-sided test.

    Source: Connor (1987), Biometrics 43:207-211.
    """
    discordant, difference = ahead + behind, ahead - behind
    spread = float(
        ndtri(1 - significance_level / 2) * math.sqrt(discordant)
        + ndtri(POWER) * math.sqrt(max(0.0, discordant - difference**2))
    )
    return (spread / difference) ** 2


def mcnemar_power(
    ahead: float, behind: float, n_groups: int, *, significance_level: float = 0.05
) -> float:
    """Say how often the exact McNemar test finds the difference that is there.

    Args:
        ahead: Share of groups that speak for the first backbone.
        behind: Share of groups that speak for the second. Together at most 1, above 0.
        n_groups: Groups to be tested.
        significance_level: Of the two-sided test.

    Returns:
        Chance of a p at or below the level, with the winner on the right side.
    """
    discordant = ahead + behind
    mean, sd = n_groups * discordant, math.sqrt(n_groups * discordant * (1 - discordant))
    counts = np.arange(
        max(0, math.floor(mean - _REACH * sd) - _MARGIN),
        min(n_groups, math.ceil(mean + _REACH * sd) + _MARGIN) + 1,
    )
    chances = np.exp(
        gammaln(n_groups + 1)
        - gammaln(counts + 1)
        - gammaln(n_groups - counts + 1)
        + xlogy(counts, discordant)
        + xlog1py(n_groups - counts, -discordant)
    )
    most = _most_for_the_one_behind(counts, significance_level)
    found = bdtr(np.maximum(most, 0), counts, min(ahead, behind) / discordant)
    return float(np.sum(chances * np.where(most >= 0, found, 0.0)))


def _most_for_the_one_behind(
    discordant: Int[np.ndarray, " counts"], significance_level: float
) -> Int[np.ndarray, " counts"]:
    """Of so many discordant groups, how many the one behind may win for a p small enough.

    -1 where even none is too many.
    """
    fits, too_many = np.full(len(discordant), -1), discordant // 2 + 1
    while np.any(too_many - fits > 1):
        middle = (fits + too_many) // 2
        is_small = 2 * bdtr(np.maximum(middle, 0), discordant, 0.5) <= significance_level
        # Where the two have met, `middle` is `fits` and must stay what it is.
        is_small |= middle == fits
        fits, too_many = np.where(is_small, middle, fits), np.where(is_small, too_many, middle)
    return fits


def films_for_delong(
    difference: float,
    variance: float,
    n_films: int,
    *,
    significance_level: float = 0.05,
) -> int | None:
    """Say on how many films the DeLong test would show this difference of AUROCs.

    Args:
        difference: Of the two AUROCs.
        variance: Of that difference on the films at hand, the inflation of folds included
            if the test has it. It falls as the films grow in number.
        n_films: Films at hand.
        significance_level: Of the two-sided test.

    Returns:
        Films that give 80 % power. None where the AUROCs are equal, where the films show
        no variance that could shrink, or where the number is past all counting.

    Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44:837-845, for the
    variance; Obuchowski and McClish (1997), Statistics in Medicine 16:1529-1542, for the
    number.
    """
    if difference == 0 or variance <= 0:
        return None
    z = float(ndtri(1 - significance_level / 2) + ndtri(POWER))
    needed = n_films * variance * (z / difference) ** 2
    return math.ceil(needed) if needed <= _MOST_GROUPS else None
