"""How many films it would take to tell two backbones apart that are tied on these.

A forecast, not a finding: it takes the difference that was seen as the true one, and a
difference that few films show is itself uncertain. It says whether tens more would do, or
thousands. A test that is done again on more films needs no memory of this number.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Int
from scipy.special import bdtr, gammaln, ndtri, xlog1py, xlogy

POWER = 0.8

# More films than this is "never" to anybody; it also ends the search.
_MOST_GROUPS = 100_000_000

# Up to so many discordant groups are expected, the exact test is worth its own sum.
_MOST_DISCORDANT = 5_000

# How far from the mean a binomial count is followed: in standard deviations, and beyond them.
_REACH = 8.0
_MARGIN = 20


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
