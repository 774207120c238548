"""Two accuracies whose test films overlap: what is the difference, and where is it from?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from hilum.evaluation.comparison import mcnemar_test
from hilum.evaluation.proportions import wilson
from hilum.evaluation.results import Interval


@dataclass(frozen=True)
class FilmCalls:
    """The films that one way of study tested, and which of them it called rightly.

    Attributes:
        films: Rows of the cohort, ascending, each once; at least one.
        is_right: Whether each was called rightly.
    """

    films: Int[np.ndarray, " tested"]
    is_right: Bool[np.ndarray, " tested"]


@dataclass(frozen=True)
class OverlapDifference:
    """The accuracy of b less that of a, and where it comes from.

    Attributes:
        right_a: Films that a called rightly.
        tested_a: Films that a tested.
        right_b: Films that b called rightly.
        tested_b: Films that b tested.
        difference: Accuracy of b less that of a, as a fraction.
        low: Lower bound of the difference, at 95 %.
        high: Upper bound.
        shared: Films that both tested.
        only_a: Shared films that a alone called rightly.
        only_b: Shared films that b alone called rightly.
        mcnemar_p: Exact McNemar test on the shared films, a group of several counting
            once; 1 where none is shared.
        calls: The part of the difference that the calls on the shared films make.
        draw: The rest: a and b were tested on different films.
    """

    right_a: int
    tested_a: int
    right_b: int
    tested_b: int
    difference: float
    low: float
    high: float
    shared: int
    only_a: int
    only_b: int
    mcnemar_p: float
    calls: float
    draw: float


def compare_overlapping(
    a: FilmCalls, b: FilmCalls, groups: Int[np.ndarray, " films"]
) -> OverlapDifference:
    """Compare two accuracies that stand on overlapping films.

    Args:
        a: What the one tested.
        b: What the other tested.
        groups: Group of each film of the cohort, for McNemar's test; the interval
            takes films as independent.

    Returns:
        The difference with its interval, and its two parts.
    """
    _, rows_a, rows_b = np.intersect1d(a.films, b.films, assume_unique=True, return_indices=True)
    shared_a, shared_b = a.is_right[rows_a], b.is_right[rows_b]
    n_shared = len(rows_a)
    difference = float(b.is_right.mean() - a.is_right.mean())
    calls = float(shared_b.mean() - shared_a.mean()) if n_shared else 0.0
    interval = bound_difference(
        (int(a.is_right.sum()), len(a.films)),
        (int(b.is_right.sum()), len(b.films)),
        correlation=_phi(shared_a, shared_b) * n_shared / math.sqrt(len(a.films) * len(b.films)),
    )
    return OverlapDifference(
        right_a=int(a.is_right.sum()),
        tested_a=len(a.films),
        right_b=int(b.is_right.sum()),
        tested_b=len(b.films),
        difference=difference,
        low=interval.low,
        high=interval.high,
        shared=n_shared,
        only_a=int(np.sum(shared_a & ~shared_b)),
        only_b=int(np.sum(shared_b & ~shared_a)),
        mcnemar_p=mcnemar_test(shared_a, shared_b, groups[a.films[rows_a]]) if n_shared else 1.0,
        calls=calls,
        draw=difference - calls,
    )


def bound_difference(
    a: tuple[int, int], b: tuple[int, int], *, correlation: float = 0.0
) -> Interval:
    """Bound the second proportion less the first, both of few films.

    Each proportion's Wilson interval is carried over to the difference. It has width
    even where both proportions are 1.

    Args:
        a: Successes and trials of the first proportion.
        b: Successes and trials of the second.
        correlation: Of the two proportions as estimates: 0 for separate films, phi of
            the calls for the same films, in between for an overlap.

    Source: Newcombe (1998), Statistics in Medicine 17:873-890 (method 10, separate
        films) and 17:2635-2650 (method 10, the same films); Zou and Donner (2008),
        Statistics in Medicine 27:1693-1702, for any correlation.
    """
    p_a, p_b = a[0] / a[1], b[0] / b[1]
    of_a, of_b = wilson(*a), wilson(*b)

    def reach(up: float, down: float) -> float:
        # Rounding may push a perfect correlation of equal arms below nothing.
        return math.sqrt(max(0.0, up**2 + down**2 - 2 * correlation * up * down))

    return Interval(
        low=max(-1.0, p_b - p_a - reach(p_b - of_b.low, of_a.high - p_a)),
        high=min(1.0, p_b - p_a + reach(of_b.high - p_b, p_a - of_a.low)),
    )


def _phi(a: Bool[np.ndarray, " shared"], b: Bool[np.ndarray, " shared"]) -> float:
    """Correlate two calls of the same films, held back where they agree.

    The correction for continuity keeps an interval from closing on nothing where both
    are right and wrong alike. 0 where one of them is always right or always wrong.

    Source: Newcombe (1998), Statistics in Medicine 17:2635-2650, method 10.
    """
    right_a, right_b = int(a.sum()), int(b.sum())
    scale = math.sqrt(right_a * (len(a) - right_a) * right_b * (len(b) - right_b))
    if not scale:
        return 0.0
    surplus = int(np.sum(a & b)) * int(np.sum(~a & ~b)) - int(np.sum(a & ~b)) * int(np.sum(b & ~a))
    return (max(surplus - len(a) / 2, 0.0) if surplus > 0 else surplus) / scale
