"""A run of the paper's recipe beside the paper's own table.

Source: Bansal and Sridhar (2020), Classification of X-ray images for detecting
COVID-19 using deep transfer learning, Table 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from hilum.backbones import PAPER_SIX
from hilum.published import (
    PublishedTable,
    ReplicatedRow,
    Replication,
    TableCheck,
    check_table,
    compare_replication,
    known_tables,
)
from hilum.studies.recipes import RECIPES
from hilum.studies.results import Comparison

SOURCE = "Bansal and Sridhar (2020), Table 1"

Withheld = Literal["did not run", "unverified weights"]
"""Why nothing of ours may stand beside a published figure."""


@dataclass(frozen=True)
class PaperTable:
    """The paper's table beside ours.

    Attributes:
        replication: The figures; of ours, those on the published weights alone.
        unverified: Models that ran on other weights: their figures say nothing of the
            network, so they stand beside nothing.
    """

    replication: Replication
    unverified: frozenset[str]

    def why_withheld(self, row: ReplicatedRow) -> Withheld | None:
        """Say why nothing of ours stands in a row; None if something does."""
        if row.model in self.unverified:
            return "unverified weights"
        return None if all(figure.repeated for figure in row.figures.values()) else "did not run"


def set_beside_paper(comparison: Comparison) -> PaperTable | None:
    """Set a run of the paper's recipe beside the paper's table.

    Args:
        comparison: A finished study. With more than two classes, the positive one is
            counted against all others, as the paper's measures are defined.

    Returns:
        The six rows; None if the recipe is another or was changed, or none of the six took part.
    """
    ran = {r.name: r for r in comparison.backbones if r.name in PAPER_SIX}
    if comparison.recipe != RECIPES["paper"] or not ran:
        return None
    check = _published()
    proven = {name: r.evaluation.confusion for name, r in ran.items() if r.weights.is_verified}
    return PaperTable(
        # The smallest test set that yields every row; the paper's digits fix its counts.
        replication=compare_replication(check.table, check.audits[0], proven),
        unverified=frozenset(ran.keys() - proven.keys()),
    )


def read_paper_table() -> PublishedTable:
    """Read the paper's Table 1, which comes with Hilum."""
    return known_tables()["paper"]


@cache
def _published() -> TableCheck:
    return check_table(read_paper_table())
