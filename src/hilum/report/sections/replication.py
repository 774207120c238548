"""The paper's table beside ours: rows and words.

A row that ran on unverified weights shows nothing of its own: a figure beside the
published one would be read as the network's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hilum.published import ReplicatedFigure, agreeing_counts
from hilum.report.published import size_text
from hilum.report.section import section
from hilum.report.sections.standings import Whisker, scaled, tenth_below
from hilum.report.sections.verdict import UNVERIFIED
from hilum.studies import Comparison, PaperTable, set_beside_paper
from hilum.wording import joined, metric_title, p_text, percents_interval

_POSITIVE = "COVID-19"


@dataclass(frozen=True)
class PaperCell:
    """One figure twice, in percent: `97 [83.8, 99.9]` and `93.8 [79.2, 99.2]`.

    Attributes:
        title: The metric as a heading.
        published: As printed.
        published_interval: Exact, from the counts that the print implies.
        published_bar: The same, drawn.
        ours: Empty where nothing of ours may stand.
        ours_interval: Exact; empty likewise.
        ours_bar: On the scale of the published one.
        adjusted_p: Of the difference; empty likewise.
        is_different: Whether the two differ beyond chance.
    """

    title: str
    published: str
    published_interval: str
    published_bar: Whisker
    ours: str
    ours_interval: str
    ours_bar: Whisker | None
    adjusted_p: str
    is_different: bool


@dataclass(frozen=True)
class PaperRow:
    """One model; `withheld` says why nothing of ours stands in its row, if nothing does."""

    model: str
    cells: tuple[PaperCell, ...]
    withheld: str

    @property
    def is_withheld(self) -> bool:
        """Whether the model ran, and its figures are kept back."""
        return self.withheld == UNVERIFIED


def make_paper_rows(table: PaperTable) -> tuple[PaperRow, ...]:
    """Write out the rows, in the order of print."""
    start = paper_scale_start(table)
    return tuple(
        PaperRow(
            model=row.model,
            cells=tuple(_cell(metric, figure, start) for metric, figure in row.figures.items()),
            withheld=table.why_withheld(row) or "",
        )
        for row in table.replication.rows
    )


def paper_scale_start(table: PaperTable) -> float:
    """Choose where all bars begin: a tenth below which no interval reaches."""
    figures = [figure for row in table.replication.rows for figure in row.figures.values()]
    lows = [figure.published.interval.low for figure in figures]
    lows += [figure.repeated.interval.low for figure in figures if figure.repeated]
    return tenth_below(lows)


def reading_texts(table: PaperTable, comparison: Comparison) -> list[str]:
    """Say what the table shows, what it cannot show, and where its intervals come from."""
    here = comparison.positive
    whose = (
        f"In both, sensitivity speaks of {here}"
        if here.casefold() == _POSITIVE.casefold()
        else f"Sensitivity speaks of {_POSITIVE} there and of {here} here"
    )
    if len(comparison.cohort.classes) > 2:
        whose += "; all other classes of this run count as one"
    return [
        _outcome_text(table),
        "The films are other films, so neither agreement nor difference speaks for or against the "
        f"paper. {whose}.",
        "The published percents come without counts. Their intervals rest on the counts that the "
        f"digits imply: {size_text(table.replication.size)}, the smallest test set that yields "
        "every row. All intervals are exact (Clopper-Pearson, 95 %) and take each film as a "
        "witness of its own.",
    ]


def _cell(metric: str, figure: ReplicatedFigure, start: float) -> PaperCell:
    published, ours = figure.published, figure.repeated
    return PaperCell(
        title=metric_title(metric),
        published=figure.printed,
        published_interval=percents_interval(published.interval.low, published.interval.high),
        published_bar=scaled(
            published.interval.low, published.lowest, published.interval.high, start
        ),
        ours=f"{100 * ours.value:.1f}" if ours else "",
        ours_interval=percents_interval(ours.interval.low, ours.interval.high) if ours else "",
        ours_bar=scaled(ours.interval.low, ours.value, ours.interval.high, start) if ours else None,
        adjusted_p=p_text(ours.adjusted_p) if ours else "",
        is_different=ours is not None and ours.is_different,
    )


def _outcome_text(table: PaperTable) -> str:
    repeated = [
        (row.model, metric, figure.repeated)
        for row in table.replication.rows
        for metric, figure in row.figures.items()
        if figure.repeated
    ]
    if not repeated:
        return (
            "None of these networks ran on its published weights, so nothing of this run stands "
            "beside the published figures."
        )
    test = f"Fisher's exact test, Holm's correction over {len(repeated)} figures"
    different = [
        f"{model}'s {metric} (p {p_text(test.adjusted_p)})"
        for model, metric, test in repeated
        if test.is_different
    ]
    if different:
        verb = "differs" if len(different) == 1 else "differ"
        return (
            f"{len(different)} of {len(repeated)} figures {verb} from the published ones beyond "
            f"chance: {joined(different)}. {test}."
        )
    smallest = min(test.adjusted_p for _, _, test in repeated)
    return (
        f"No figure differs from the published one beyond chance ({test}; smallest p "
        f"{p_text(smallest)}). {_power_text(table)}"
    )


def _power_text(table: PaperTable) -> str:
    """Show on the first accuracy how little it takes to pass as the same."""
    model, figure, ours = next(
        (row.model, figure, figure.repeated)
        for row in table.replication.rows
        if (figure := row.figures["accuracy"]).repeated
    )
    agreeing = agreeing_counts(figure.counts[0], figure.trials, ours.trials)
    low, high = (100 * count / ours.trials for count in (agreeing[0], agreeing[-1]))
    return (
        f"That says little: with {figure.trials} published films, even uncorrected, any accuracy "
        f"here from {low:.0f} to {high:.0f} % would pass beside {model}'s {figure.printed} %."
    )


@section("replication", place=80, variable="paper", is_optional=True)
def view_replication(comparison: Comparison) -> dict[str, Any] | None:
    """Set the paper's table beside ours, where the run follows the paper's recipe."""
    table = set_beside_paper(comparison)
    if table is None:
        return None
    return {
        "rows": make_paper_rows(table),
        "start": paper_scale_start(table),
        "reading": reading_texts(table, comparison),
    }
