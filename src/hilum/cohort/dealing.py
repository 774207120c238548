"""Dealing whole groups to several hands so that each gets its share of every class.

Not a shuffle: a cohort with one patient of twenty films among forty of one film has
few fair divisions, and this finds one of them.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int


def deal_groups(
    counts: Float[np.ndarray, "groups classes"],
    targets: Float[np.ndarray, "hands classes"],
    rng: np.random.Generator,
    *,
    unrest: float = 0.0,
) -> Int[np.ndarray, " groups"]:
    """Deal groups to hands so that each hand gets close to its films of each class.

    The largest groups go first, each to the hand where it lowers the squared misses
    most, in units of the class's films. Among equals it goes to the hand that lacks
    most films in all. Single films so end within one film of their targets.

    Args:
        counts: Films of each class in each group.
        targets: Films of each class that each hand should get.
        rng: Orders groups of the same size.
        unrest: How far chance may overrule the order of sizes. 0 gives the fairest
            deal; more gives other deals where that one will not do.

    Returns:
        The hand that each group goes to.
    """
    per_class = np.maximum(1, counts.sum(axis=0))
    rarest = np.argmin(np.where(counts > 0, per_class, np.inf), axis=1)
    sizes = counts.sum(axis=1) * np.exp(unrest * rng.normal(size=len(counts)))
    order = np.lexsort((rng.random(len(counts)), rarest, -sizes))
    # The tie-break must never outvote a real difference.
    worths = counts / per_class**2 + 1e-9 / per_class.sum() ** 2
    hands = np.empty(len(counts), dtype=np.int64)
    surplus = -targets
    for group in order:
        added = counts[group]
        hand = int(np.argmin((2 * surplus + added) @ worths[group]))
        surplus[hand] += added
        hands[group] = hand
    return hands
