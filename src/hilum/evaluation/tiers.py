"""Tiers: which backbones the films cannot tell apart."""

from __future__ import annotations

from collections.abc import Sequence

from hilum.evaluation.results import PairedComparison


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
