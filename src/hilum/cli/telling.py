"""Tells a finished comparison on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from hilum.cli.printing import fits, plain, printable
from hilum.cli.telling_audit import tell_shortcuts, tell_verdict
from hilum.cli.telling_statistics import tell_statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from hilum.cohort.manifest import Cohort
    from hilum.evaluation.results import Evaluation
    from hilum.studies.comparison import Comparison

_EXCLUDED_SHOWN = 20


def tell_excluded(cohort: Cohort) -> None:
    """Name the files that could not be read, and count what was not studied."""
    of = f"External cohort {cohort.name}: " if cohort.is_external else ""
    for e in cohort.excluded[:_EXCLUDED_SHOWN]:
        text = f"{of}Not read: {e.path}: {e.code}: {e.message} {e.fix}"
        typer.echo(printable(text.replace("\n", "\\n")), err=True)
    if len(cohort.excluded) > _EXCLUDED_SHOWN:
        n_more = len(cohort.excluded) - _EXCLUDED_SHOWN
        typer.echo(printable(f"{of}… and {n_more} more: excluded.csv"), err=True)
    if cohort.left_out:
        counts = ", ".join(f"{n} {label}" for label, n in sorted(cohort.left_out.items()))
        typer.echo(printable(f"{of}Left out, by label: {counts}"), err=True)
    if cohort.ignored:
        text = f"{of}Ignored: {cohort.ignored} files that are no pictures"
        typer.echo(printable(text), err=True)


def tell_undecided(comparisons: Sequence[Comparison], options: Sequence[str]) -> None:
    """Say which options meant nothing, as a recipe leaves no films to fix a threshold on.

    Args:
        comparisons: Finished studies, one per recipe.
        options: Those that were given and speak of a threshold.
    """
    from hilum.report.wording import joined

    recipes = [c.recipe.name for c in comparisons if c.folds.validates_on_test]
    if recipes and options:
        fixes = "validates on its" if len(recipes) == 1 else "validate on their"
        text = (
            f"{joined(recipes)} {fixes} test films, so there is no operating point, and "
            f"{joined(options)} changed nothing there."
        )
        typer.echo(printable(text), err=True)


def tell_result(comparison: Comparison) -> None:
    """Print the verdict before any figure, then the tables."""
    from rich.console import Console

    from hilum.report.standings import headline_metrics

    console = Console(highlight=False)
    tell_unverified(console, comparison)
    tell_verdict(console, comparison.verdict)
    champion = next(r for r in comparison.backbones if r.name == comparison.audit.model)
    tell_shortcuts(console, comparison.audit, champion.title)
    table = _make_table(comparison)
    if fits(console, table):
        console.print(table)
        console.print("95 % intervals in grey.")
    else:
        for title, evaluation, _ in _lines(comparison):
            console.print(f"[bold]{plain(title)}[/]")
            for name in headline_metrics(comparison):
                m = evaluation.metrics[name]
                console.print(
                    f"  {name.replace('_', ' ')} {m.value:.3f} ({m.low:.3f}–{m.high:.3f})"
                )
    tell_statistics(console, comparison)
    tell_refused(console, comparison)
    _tell_published(console, comparison)
    console.print("Research use only.")


def tell_unverified(console: Console, comparison: Comparison) -> None:
    """Say first of all which networks ran on other weights than the published ones."""
    from hilum.report.wording import unverified_text

    text = unverified_text(comparison)
    if text:
        console.print(f"[bold red]Unverified weights.[/] {plain(text)}")


def tell_refused(console: Console, comparison: Comparison) -> None:
    """Name the weight files that are here and were not taken."""
    for absent in comparison.unavailable:
        if absent.is_refused:
            console.print(f"[bold]Refused:[/] {plain(absent.why)}")


def _make_table(comparison: Comparison) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from hilum.report.standings import headline_metrics
    from hilum.report.wording import UNVERIFIED, UNVERIFIED_MARK

    cohort = comparison.cohort
    counts = ", ".join(f"{n} {label}" for label, n in cohort.n_per_class.items())
    is_withheld = comparison.verdict.headline == "withheld"
    title = f"{cohort.name}: {counts}; positive: {comparison.positive}"
    if is_withheld:
        title += "; withheld, for inspection only"
    table = Table(box=SIMPLE_HEAD, title=plain(title))
    table.add_column("Backbone", no_wrap=True)
    metrics = headline_metrics(comparison)
    for name in metrics:
        table.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for title, evaluation, ends_block in _lines(comparison):
        is_verified = not title.endswith(UNVERIFIED_MARK)
        name = plain(title.removesuffix(UNVERIFIED_MARK))
        figures = (evaluation.metrics[metric] for metric in metrics)
        table.add_row(
            name if is_verified else f"{name}\n[red]{UNVERIFIED}[/]",
            *(f"{m.value:.3f}\n[dim]{m.low:.3f}–{m.high:.3f}[/]" for m in figures),
            style="" if is_verified and not is_withheld else "dim",
            end_section=ends_block,
        )
    return table


def _lines(comparison: Comparison) -> list[tuple[str, Evaluation, bool]]:
    """List who stands in the table, tier by tier, and after whom a block ends."""
    tier_of = {name: k for k, tier in enumerate(comparison.tiers) for name in tier}
    last = len(comparison.tiers)
    ranked = sorted(comparison.backbones, key=lambda r: tier_of.get(r.name, last))
    places = [tier_of.get(result.name, last) for result in ranked]
    lines = [
        (result.title, result.evaluation, place != following)
        for result, place, following in zip(ranked, places, [*places[1:], None], strict=True)
    ]
    if comparison.ensemble is not None:
        n_members = len(comparison.ensemble.members)
        lines.append((f"Average of {n_members}", comparison.ensemble.evaluation, False))
    if comparison.pick is not None:
        lines.append(("Chosen anew", comparison.pick.evaluation, False))
    return lines


def _tell_published(console: Console, comparison: Comparison) -> None:
    """Print the paper's table beside ours, where the run follows the paper's recipe."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from hilum.report.replication import make_paper_rows, reading_texts
    from hilum.studies.replicating import SOURCE, set_beside_paper

    published = set_beside_paper(comparison)
    if published is None:
        return
    rows = make_paper_rows(published)
    table = Table(box=SIMPLE_HEAD, title=f"Beside {SOURCE}, in percent", pad_edge=False)
    table.add_column("Model", no_wrap=True)
    table.add_column("")
    for cell in rows[0].cells:
        table.add_column(cell.title, justify="right", no_wrap=True)
    for row in rows:
        theirs = [_with_interval(cell.published, cell.published_interval) for cell in row.cells]
        ours = [
            _with_interval(f"{cell.ours}{'*' * cell.is_different}", cell.ours_interval)
            if cell.ours
            else "–"
            for cell in row.cells
        ]
        ours = [row.withheld, "–", "–"] if row.is_withheld else ours
        table.add_row(row.model, "paper", *theirs)
        table.add_row("", "here", *ours)
    if fits(console, table):
        console.print(table)
    else:
        console.print(f"Beside {SOURCE}, in percent")
        for row in rows:
            console.print(f"[bold]{row.model}[/]")
            for cell in row.cells:
                paper = _with_interval(cell.published, cell.published_interval)
                here = _with_interval(cell.ours, cell.ours_interval) if cell.ours else row.withheld
                console.print(f"  {cell.title} {paper}; here {here}{'*' * cell.is_different}")
    if any(cell.is_different for row in rows for cell in row.cells):
        console.print("* differs from the paper's beyond chance.")
    for text in reading_texts(published, comparison):
        console.print(plain(text))


def _with_interval(figure: str, interval: str) -> str:
    """Write a figure and its interval as narrowly as 80 columns want it."""
    low, high = interval.strip("[]").split(", ")
    return f"{figure} [dim]{low}–{high}[/]"
