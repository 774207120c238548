"""McNemar's test when only the totals of two models are known.

The test looks at the films that one model calls rightly and the other wrongly. A
published table does not say how many there are, yet its totals bound them, and so
the p.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.special import bdtr

from hilum.evaluation.reaching import RowCounts, SetSize
from hilum.evaluation.results import Interval


def mcnemar_bounds(a: RowCounts, b: RowCounts, size: SetSize) -> Interval:
    """Find the smallest and the largest exact McNemar p that the totals allow.

    With `lead` the films that `a` is ahead in all, and `fewer` those on which the one
    behind is right alone, the discordant films are `fewer` and `fewer + |lead|`. The
    two-sided p grows with `fewer` and falls with `|lead|`. Per class, as few films
    are discordant as the totals differ by, and as many as if no film were common
    ground.

    Args:
        a: The counts of one model that its figures allow.
        b: Those of the other, on the same films.
        size: The test set.

    Returns:
        The smallest and the largest p, over all counts and all ways to share them out.

    Source: McNemar (1947), Psychometrika 12:153-157.
    """
    return Interval(_smallest_p(a, b), _largest_p(a, b, size))


def _smallest_p(a: RowCounts, b: RowCounts) -> float:
    """For each lead over all films, the leads per class that disagree the least."""
    leads = np.arange(a.right[0] - b.right[-1], a.right[-1] - b.right[0] + 1)
    lowest = np.maximum(a.tp[0] - b.tp[-1], leads - (a.tn[-1] - b.tn[0]))
    highest = np.minimum(a.tp[-1] - b.tp[0], leads - (a.tn[0] - b.tn[-1]))
    among_positives = np.clip(np.minimum(leads, 0), lowest, highest)
    among_others = leads - among_positives
    for_a = np.maximum(among_positives, 0) + np.maximum(among_others, 0)
    return float(np.min(_p_values(np.minimum(for_a, for_a - leads), np.abs(leads))))


def _largest_p(a: RowCounts, b: RowCounts, size: SetSize) -> float:
    first, last = a.right[0] - b.right[-1], a.right[-1] - b.right[0]
    if first <= 0 <= last:
        return 1.0
    if last < 0:
        return _largest_p(b, a, size)
    # From here on a is ahead, whatever the counts. Without the tie between the classes
    # the one behind could be right alone on `most` films; it bounds what is to come.
    most = min(b.tp[-1], size.positives - a.tp[0]) + min(b.tn[-1], size.negatives - a.tn[0])
    largest = 0.0
    for lead in range(first, last + 1):
        if float(_p_values(np.array([most]), np.array([lead]))[0]) <= largest:
            break
        fewer = _most_for_the_one_behind(a, b, size, lead)
        largest = max(largest, float(_p_values(np.array([fewer]), np.array([lead]))[0]))
    return largest


def _most_for_the_one_behind(a: RowCounts, b: RowCounts, size: SetSize, lead: int) -> int:
    """Most films that `b` alone can be right on, if `a` is ahead by `lead` in all.

    Every count of positive films is tried; that of the others is then at its best
    as close as may be to the middle.
    """
    tp_a, tp_b = np.meshgrid(np.array(a.tp), np.array(b.tp), indexing="ij")
    alone = np.minimum(tp_b, size.positives - tp_a)
    lead_among_others = lead - (tp_a - tp_b)
    lowest = np.maximum(
        np.maximum(b.tn[0], b.right[0] - tp_b),
        np.maximum(a.tn[0], a.right[0] - tp_a) - lead_among_others,
    )
    highest = np.minimum(
        np.minimum(b.tn[-1], b.right[-1] - tp_b),
        np.minimum(a.tn[-1], a.right[-1] - tp_a) - lead_among_others,
    )
    room = size.negatives - lead_among_others
    tn_b = np.clip(room // 2, lowest, highest)
    alone += np.minimum(tn_b, room - tn_b)
    return int(alone[lowest <= highest].max())


def _p_values(
    fewer: Int[np.ndarray, " tables"], lead: Int[np.ndarray, " tables"]
) -> Float[np.ndarray, " tables"]:
    p_values: Float[np.ndarray, " tables"] = np.minimum(1.0, 2 * bdtr(fewer, 2 * fewer + lead, 0.5))
    return p_values
