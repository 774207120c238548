"""The table of pairs: every two backbones, tested on the same films."""

from __future__ import annotations

from dataclasses import dataclass

from hilum.report.formatting import difference_text, p_text
from hilum.report.standings_wording import needed_text
from hilum.studies.comparison import Comparison


@dataclass(frozen=True)
class PairRow:
    """One pair of backbones.

    Attributes:
        a: Title of the first.
        b: Title of the second.
        accuracy: Of `a` less that of `b`, in points.
        auroc: Likewise.
        mcnemar: p of the calls.
        adjusted: The same after Holm's correction.
        delong: p of the AUROC.
        adjusted_delong: The same after Holm's correction.
        tied: Neither shows a difference.
        needed: How many films would; empty where none are known to.
    """

    a: str
    b: str
    accuracy: str
    auroc: str
    mcnemar: str
    adjusted: str
    delong: str
    adjusted_delong: str
    tied: bool
    needed: str


def make_pairs(comparison: Comparison) -> tuple[PairRow, ...]:
    """Write out every pair of backbones."""
    titles = {result.name: result.title for result in comparison.backbones}
    return tuple(
        PairRow(
            a=titles[pair.a],
            b=titles[pair.b],
            accuracy=difference_text("accuracy", pair.accuracy_difference),
            auroc=difference_text("auroc", pair.auroc_difference),
            mcnemar=p_text(pair.mcnemar_p),
            adjusted=p_text(pair.adjusted_p),
            delong=p_text(pair.delong_p),
            adjusted_delong=p_text(pair.adjusted_delong_p),
            tied=pair.tied,
            needed="" if pair.films_needed is None else needed_text(pair.films_needed),
        )
        for pair in comparison.comparisons
    )
