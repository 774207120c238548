"""What the report says in words of the order of the backbones: tiers, ensemble, nested pick."""

from __future__ import annotations

import math

from hilum.evaluation.results import PairedComparison
from hilum.evaluation.selecting import NestedPick
from hilum.report.formatting import films_text, metric_text
from hilum.report.wording import joined
from hilum.studies.comparison import Comparison, Ensemble

UNRANKED_HEADING = "On unverified weights: in no tier"
COMBINED_HEADING = "Made of several"
PICK_TITLE = "Chosen anew for every film"
_MANY_FILMS = 1_000_000


def tier_heading(number: int, comparison: Comparison) -> str:
    """Head a tier: how many the films cannot tell apart.

    Args:
        number: Of the tier, from 0.
        comparison: With that tier.
    """
    tier = comparison.tiers[number]
    heading = f"Tier {number + 1}"
    if len(tier) == 1:
        return f"{heading}: on its own"
    are_all_tied = all(
        pair.tied for pair in comparison.comparisons if pair.a in tier and pair.b in tier
    )
    # Ties are not transitive: those tied with the first may still differ among themselves.
    whom = "them apart" if are_all_tied else "the others from the first"
    return f"{heading}: these films cannot tell {whom}"


def tiers_text(comparison: Comparison) -> str:
    """Say what a tier is, and how many films could split the first; empty without tiers."""
    if sum(map(len, comparison.tiers)) < 2:
        return ""
    text = (
        "A tier holds whatever these films cannot tell from its first backbone: neither test in "
        "the table of pairs shows a difference."
    )
    pair = _closest_rival(comparison)
    if pair is None:
        return text
    titles = {result.name: result.title for result in comparison.backbones}
    first = comparison.tiers[0][0]
    other = pair.b if pair.a == first else pair.a
    n_tested = len(comparison.backbones[0].evaluation.films)
    return f"{text} {split_text(pair, titles[first], titles[other], n_tested)}"


def split_text(pair: PairedComparison, first: str, other: str, n_tested: int) -> str:
    """Say how many films would tell two tied backbones apart.

    Args:
        pair: The two; tied, with a number of films.
        first: Title of the one.
        other: Title of the other.
        n_tested: Films that were tested.
    """
    needed = pair.films_needed or 0
    if needed <= n_tested:
        return (
            f"{first} and {other} stay tied only through the correction for the number of pairs: "
            f"{films_text(n_tested)} are enough to test a single difference of this size."
        )
    return (
        f"To tell {first} from {other}, should they differ as much as they did here, "
        f"{needed_text(needed)} would be needed instead of {n_tested:,}, at 80 % power."
    )


def needed_text(films: int) -> str:
    """Write a number of films as roughly as it is known: `about 1,900 films`."""
    if films >= _MANY_FILMS:
        return "more than a million films"
    digits = len(str(films)) - 2
    step = 10 ** max(digits, 0)
    return f"about {films_text(step * math.ceil(films / step))}"


def ensemble_title(ensemble: Ensemble) -> str:
    """Name the average of several backbones."""
    return f"Average of {len(ensemble.members)} backbones"


def pick_note(comparison: Comparison, pick: NestedPick) -> str:
    """Say which backbones were chosen, the most frequent first."""
    titles = {result.name: result.title for result in comparison.backbones}
    chosen = sorted(pick.times_chosen.items(), key=lambda item: -item[1])
    named = joined([f"{titles[name]} for {films_text(count)}" for name, count in chosen if count])
    text = f"By validation films: {named}."
    if comparison.verdict.headline == "withheld":
        return text
    return f"{text} Quote this row for “the best of {len(chosen)}”."


def pick_text(pick: NestedPick) -> str:
    """Say which figure is to be quoted for the best of several."""
    accuracy = metric_text("accuracy", pick.evaluation.metrics["accuracy"])
    return (
        f"Chosen anew for every film, without that film: accuracy {accuracy}; that is the "
        f"figure to quote for “the best of {len(pick.times_chosen)}”."
    )


def further_text(comparison: Comparison) -> str:
    """Say what the average precision of chance is; empty where it was not measured."""
    if "average_precision" not in comparison.backbones[0].evaluation.metrics:
        return ""
    confusion = comparison.backbones[0].evaluation.confusion
    positives = confusion.tp + confusion.fn
    share = positives / (positives + confusion.tn + confusion.fp)
    return (
        "Average precision sums up how many of the films called positive are so, over all "
        f"thresholds; chance reaches the share of positive films, here {share:.3f}."
    )


def chosen_text(pick: NestedPick, name: str) -> str:
    """Say how often a backbone was chosen: `for 17 of 25 films`, `for every film`."""
    times, total = pick.times_chosen.get(name, 0), sum(pick.times_chosen.values())
    if times == total:
        return "for every film"
    return f"for {times:,} of {total:,} films" if times else "for no film"


def _closest_rival(comparison: Comparison) -> PairedComparison | None:
    """Find the tied pair of the first backbone that fewest films would split; None without one."""
    tier = comparison.tiers[0]
    tied = [
        pair
        for pair in comparison.comparisons
        if tier[0] in (pair.a, pair.b)
        and {pair.a, pair.b} <= set(tier)
        and pair.films_needed is not None
    ]
    return min(tied, key=lambda pair: pair.films_needed or 0, default=None)
