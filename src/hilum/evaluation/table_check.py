"""The whole check of a published table: search the test sets, audit what is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hilum.errors import TableError
from hilum.evaluation.auditing import SetAudit, audit_set
from hilum.evaluation.published import MANNERS, Manner, PublishedTable
from hilum.evaluation.reaching import Miss, Search, SetSize, explain_miss, search_set_sizes

DEFAULT_PREVALENCE = 0.02
DEFAULT_MAX_FILMS = 200
_MOST_FILMS_SEARCHED = 5000
_MOST_FILMS_GIVEN = 10_000


@dataclass(frozen=True)
class TableCheck:
    """What a published table turned out to be.

    Attributes:
        table: The figures.
        asked: The one test set asked about; None where all up to a size were tried.
        max_films: That size; None where one set was asked about.
        prevalence: The one that was asked about.
        searches: What the search found under each manner; empty without a search.
        audits: Of the smallest sets that yield every row: by rounding, then by truncation.
        missed_at: Where no set yields every row: the set asked about, or the closest.
        misses: What fails there, under rounding.
    """

    table: PublishedTable
    asked: SetSize | None
    max_films: int | None
    prevalence: float
    searches: Mapping[Manner, Search]
    audits: tuple[SetAudit, ...]
    missed_at: SetSize | None
    misses: tuple[Miss, ...]

    @property
    def is_reached(self) -> bool:
        """Whether some test set yields every row."""
        return bool(self.audits)

    @property
    def n_reached(self) -> int:
        """How many sets yield every row, a set counting under either manner."""
        if self.asked:
            return len(self.audits)
        return sum(search.n_reached for search in self.searches.values())


def check_table(
    table: PublishedTable,
    *,
    positives: int | None = None,
    negatives: int | None = None,
    max_films: int | None = None,
    prevalence: float = DEFAULT_PREVALENCE,
    n_audits: int = 1,
) -> TableCheck:
    """Find the test sets that can stand behind a table, and what they imply.

    Args:
        table: The published figures.
        positives: Films of the positive class, where the test set is known.
        negatives: The other films, where it is.
        max_films: Else: films at most (200).
        prevalence: Where to give predictive values, beside that of the test set.
        n_audits: How many sets to audit under either manner, the smallest first.

    Returns:
        All that could be found out.

    Raises:
        TableError: The numbers asked for contradict each other or are out of range.
    """
    if not 0 < prevalence < 1:
        raise TableError(
            f"A prevalence of {prevalence:g} is out of range.",
            fix="Give a fraction between 0 and 1: --prevalence 0.02 means 2 %.",
        )
    asked = _asked_size(positives, negatives, max_films)
    searches: dict[Manner, Search] = {}
    if asked is None:
        max_films = DEFAULT_MAX_FILMS if max_films is None else max_films
        if not 2 <= max_films <= _MOST_FILMS_SEARCHED:
            raise TableError(
                f"--max-films {max_films} is out of range.",
                fix=f"Give a number from 2 to {_MOST_FILMS_SEARCHED}.",
            )
        searches = {
            manner: search_set_sizes(table, max_films=max_films, manner=manner)
            for manner in MANNERS
        }
    tried = {
        manner: [asked] if asked else searches[manner].smallest[:n_audits] for manner in MANNERS
    }
    audits = [
        audit_set(table, size, manner, [prevalence]) for manner in MANNERS for size in tried[manner]
    ]
    found = tuple(audit for audit in audits if audit is not None)
    missed_at = None if found else asked or searches["rounding"].closest
    misses = [explain_miss(row, missed_at, "rounding") for row in table.rows] if missed_at else []
    return TableCheck(
        table=table,
        asked=asked,
        max_films=max_films,
        prevalence=prevalence,
        searches=searches,
        audits=found,
        missed_at=missed_at,
        misses=tuple(miss for miss in misses if miss is not None),
    )


def _asked_size(
    positives: int | None, negatives: int | None, max_films: int | None
) -> SetSize | None:
    if positives is None and negatives is None:
        return None
    if max_films is not None:
        raise TableError(
            "--max-films looks for the test set, and --positives and --negatives give it.",
            fix="Leave out one or the other.",
        )
    if positives is None or negatives is None:
        given = "positives" if negatives is None else "negatives"
        other = "negatives" if negatives is None else "positives"
        raise TableError(
            f"--{given} alone does not make a test set.", fix=f"Give --{other} as well."
        )
    size = SetSize(positives, negatives)
    if min(positives, negatives) < 1 or size.n_films > _MOST_FILMS_GIVEN:
        raise TableError(
            f"A test set of {positives} positive and {negatives} negative films is out of range.",
            fix=f"Give at least one film of either class, {_MOST_FILMS_GIVEN:,} at most in all.",
        )
    return size
