"""The lines of the terminal: what a finished study says there."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console
    from rich.table import Table

    from hilum.auditing import AuditReport, Verdict
    from hilum.classifier import CohortVerdict
    from hilum.cohort import Cohort
    from hilum.evaluation import Estimate, Evaluation
    from hilum.studies import Audit, Comparison, RecipeContrast


def plain(text: str) -> str:
    """Make a text safe for the terminal, and free of what rich would read as markup."""
    from rich.markup import escape

    return escape(printable(text))


def printable(text: str) -> str:
    """Show control characters instead of obeying them: file names may hold any."""
    return "".join(
        character
        if character == "\n" or unicodedata.category(character)[0] != "C"
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )


def _bounds(estimate: Estimate) -> str:
    """Write an interval as narrowly as 80 columns want it."""
    return f"{estimate.low:.3f}–{estimate.high:.3f}"


def _headed(cohort: Cohort, positive: str) -> str:
    """Head what follows: `films: 40 COVID-19, 40 normal; positive: COVID-19`."""
    counts = ", ".join(f"{n} {label}" for label, n in cohort.n_per_class.items())
    return f"{cohort.name}: {counts}; positive: {positive}"


def fits(console: Console, table: Table) -> bool:
    """Tell whether a table has room without a cell being broken or cut."""
    from rich.measure import Measurement

    boundless = console.options.update(max_width=10_000)
    return Measurement.get(console, boundless, table).maximum <= console.width


def tell_statistics(console: Console, comparison: Comparison) -> None:
    """Print tiers, nested pick, operating point, subgroups that differ, and any drop.

    Under a withheld headline nothing is told but the tiers: no figure is to be quoted.
    """
    from hilum.report.sections.external import external_texts
    from hilum.report.sections.standings import pick_text
    from hilum.report.sections.subgroups import answer_text, has_difference as is_different

    for line in _tiers(comparison):
        console.print(plain(line))
    if comparison.verdict.headline == "withheld":
        return
    if comparison.pick is not None:
        console.print(plain(pick_text(comparison.pick)))
    operating = _operating_point(comparison)
    if operating:
        console.print(plain(operating))
    if any(map(is_different, comparison.subgroups)):
        console.print(plain(f"For everybody? {answer_text(comparison.subgroups)}"))
    for text in external_texts(comparison):
        console.print(plain(text))


def _tiers(comparison: Comparison) -> list[str]:
    """Name the tiers that hold several backbones, and who stands alone."""
    from hilum.report.sections.standings import tier_heading
    from hilum.wording import joined

    if sum(map(len, comparison.tiers)) < 2:
        return []
    titles = {result.name: result.title for result in comparison.backbones}
    lines = []
    for number, tier in enumerate(comparison.tiers):
        heading, _, meaning = tier_heading(number, comparison).partition(": ")
        lines.append(f"{heading}: {joined([titles[name] for name in tier])} ({meaning}).")
    return lines


def _operating_point(comparison: Comparison) -> str:
    """Say in one sentence how the thresholds were fixed; empty where none were.

    As in the report, they are those of the network chosen anew for every film where there was
    a choice, and the leader's where there was none. What they reach stands in the line to quote.
    """
    from hilum.report.sections.decisions import aim_text, find_quoted
    from hilum.wording import probability_text

    quoted = find_quoted(comparison)
    if quoted.decisions is None or not quoted.is_verified:
        return ""
    point = quoted.decisions.operating_point
    aim = aim_text(point.policy, comparison.positive, is_promised=point.promised is None)
    typically = (
        f", typically {probability_text(point.threshold)}" if math.isfinite(point.threshold) else ""
    )
    return (
        f"Operating point of {quoted.title}, with thresholds from validation films{typically}, "
        f"{aim}."
    )


HEADLINE_COLOURS = {"supported": "green", "limited": "yellow", "withheld": "red"}
_STYLES = {"fail": "bold red", "warn": "yellow", "note": "dim", "muted": "dim"}

_EFFECTS = {
    "withholds": "[red]withholds[/]",
    "limits": "[yellow]limits[/]",
    "describes": "describes",
    None: "",
}


def tell_audit(audit: Audit) -> None:
    """Print the verdict, the shortcuts, and every finding."""
    from rich.console import Console

    from hilum.auditing import TITLES
    from hilum.report.sections.cohort import severity_word
    from hilum.studies import summarise_audit

    console = Console(highlight=False)
    console.print(plain(_headed(audit.cohort, audit.positive)))
    tell_verdict(console, audit.report.verdict, summarise_audit(audit))
    if audit.model is not None:
        tell_shortcuts(console, audit.report, audit.model.title)
    shown_already = {*TITLES, "leak-worth"}
    for finding in audit.report.findings:
        if finding.check in shown_already and not finding.is_muted:
            continue
        word = f"[{_STYLES[finding.state]}]{severity_word(finding)}[/]"
        console.print(f"{word} {plain(finding.title)} [dim]({finding.check})[/]")
        if finding.what_to_do and finding.state in ("fail", "warn"):
            console.print(f"  [dim]{plain(finding.what_to_do)}[/]")
    tell_summary(console, summarise_audit(audit))


def tell_verdict(console: Console, verdict: Verdict, first: CohortVerdict) -> None:
    """Print the verdict and its reasons, the weightiest first."""
    from hilum.report.sections.verdict import weighing_reasons

    colour = HEADLINE_COLOURS[verdict.headline]
    scope = plain(verdict.scope.text)
    console.print(f"Verdict: [bold {colour}]{verdict.headline}[/] {scope}.")
    for reason in weighing_reasons(verdict):  # the others stand in the table of shortcuts
        console.print(f"  · {plain(reason.text)}")
    tell_looked(console, first)


def tell_looked(console: Console, first: CohortVerdict) -> None:
    """Print what was tried and what was not, and what stands beside the verdict."""
    for caution in first.cautions:
        console.print(f"  · Not counted: {plain(caution)}")
    for text in first.looked:
        console.print(f"  {plain(text)}")


def tell_summary(console: Console, first: CohortVerdict) -> None:
    """Print what stands first in the report, for it is last that a terminal shows."""
    colour = HEADLINE_COLOURS[first.headline]
    console.print(f"[bold {colour}]{plain(first.heading)}.[/] {plain(first.text)}".rstrip())
    if first.quote:
        console.print(f"[bold]Quote:[/] {plain(first.quote)}")
    if first.elsewhere:
        console.print(f"[bold]Elsewhere:[/] {plain(first.elsewhere)}")
    for text in first.confirmed:
        console.print(f"[bold]Confirmed:[/] {plain(text)}")
    for step in first.next_steps:
        console.print(f"[bold]Next:[/] {plain(step)}")
    console.print("Research use only.")


def tell_shortcuts(console: Console, report: AuditReport, model: str) -> None:
    """Print what predicts the label without the disease, beside the network called `model`."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from hilum.report.sections.duplicates import leak_text
    from hilum.report.sections.shortcuts import bare_share_text, baseline_line
    from hilum.studies import weights_of

    if not report.baselines:
        return
    weights = weights_of(report)
    table = Table(box=SIMPLE_HEAD, title="What predicts without the disease")
    table.add_column("What is seen", no_wrap=True)
    table.add_column("AUROC", justify="right", no_wrap=True)
    table.add_column("Share", justify="right", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    for baseline in report.baselines:
        auroc = baseline.auroc
        table.add_row(
            plain(baseline.title),
            f"{auroc.value:.3f} [dim]{_bounds(auroc)}[/]",
            bare_share_text(baseline.share),
            _EFFECTS[weights.get(baseline.name)],
        )
    if fits(console, table):
        console.print(table)
    else:
        for baseline in report.baselines:
            console.print(plain(baseline_line(baseline, weights.get(baseline.name))))
    console.print(
        "[dim]Share: of what the network reaches above chance. What may hold disease never "
        "withholds; the film without small objects should keep its share.[/]"
    )
    if report.leak is not None:
        console.print(plain(leak_text(report.leak, model)))


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
    from hilum.wording import joined

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

    from hilum.report.sections.standings import headline_metrics
    from hilum.studies import summarise

    console = Console(highlight=False)
    tell_unverified(console, comparison)
    first = summarise(comparison)
    tell_verdict(console, comparison.verdict, first)
    reference = next(r for r in comparison.backbones if r.name == comparison.audit.model)
    tell_shortcuts(console, comparison.audit, reference.title)
    table = _make_table(comparison)
    if fits(console, table):
        console.print(table)
        console.print("95 % intervals in grey.")
    else:
        for title, evaluation, _ in _lines(comparison):
            console.print(f"[bold]{plain(title)}[/]")
            for name in headline_metrics(comparison):
                m = evaluation.metrics[name]
                console.print(f"  {name.replace('_', ' ')} {m.value:.3f} ({_bounds(m)})")
    tell_statistics(console, comparison)
    tell_refused(console, comparison)
    _tell_published(console, comparison)
    tell_summary(console, first)


def tell_unverified(console: Console, comparison: Comparison) -> None:
    """Say first of all which networks ran on other weights than the published ones."""
    from hilum.report.sections.verdict import unverified_text

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

    from hilum.report.sections.standings import headline_metrics
    from hilum.report.sections.verdict import UNVERIFIED, UNVERIFIED_MARK

    is_withheld = comparison.verdict.headline == "withheld"
    title = _headed(comparison.cohort, comparison.positive)
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
            *(f"{m.value:.3f}\n[dim]{_bounds(m)}[/]" for m in figures),
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

    from hilum.report.sections.replication import make_paper_rows, reading_texts
    from hilum.studies import SOURCE, set_beside_paper

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


_TABLE_WIDTH = 76

_RECIPES_ON_ONE_LINE = 2
"""Of more recipes than these, intervals stand below their figures, to fit 80 columns."""


def tell_recipes(contrast: RecipeContrast) -> None:
    """Print the figures side by side, and what each difference is worth."""
    from rich.console import Console

    from hilum.report import recipes as words
    from hilum.report.sections.verdict import gravest
    from hilum.studies import summarise

    console = Console(highlight=False)
    last = contrast.comparisons[-1]
    tell_unverified(console, last)
    title = plain(_headed(last.cohort, last.positive))
    console.print(f"[italic]{title}[/]", justify="center")
    if console.width >= _TABLE_WIDTH:
        _tell_table(console, contrast)
    else:
        _tell_list(console, contrast)
    tell_refused(console, last)

    console.print("[bold]What the difference is worth[/]")
    for difference in contrast.differences:
        console.print(
            f"· [bold]{plain(difference.title)}[/]: {plain(words.worth_text(difference))}"
        )
    notes = f"{words.HOLM_NOTE} {words.groups_note(contrast)}".strip()
    for text in (*words.standing_texts(contrast), words.widths_text(contrast), notes):
        if text:
            console.print(f"· {plain(text)}")
    console.print()
    if contrast.path:
        _tell_path(console, contrast)
    for text in words.external_texts(contrast):
        console.print(plain(text))
    for comparison in contrast.comparisons:
        if comparison.folds.validates_on_test:
            console.print(f"[bold]Same films.[/] {plain(words.validation_text(comparison))}")
    console.print(f"Verdict: {_verdicts(contrast)}.")
    for reason in words.reasons(contrast):
        console.print(f"  · {plain(reason)}")
    first = summarise(gravest(contrast.comparisons))
    tell_looked(console, first)
    console.print(plain(first.text))
    console.print("Research use only.")


def _tell_table(console: Console, contrast: RecipeContrast) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from hilum.report.sections.verdict import UNVERIFIED, bare_title

    table = Table(box=SIMPLE_HEAD, caption="95 % intervals in grey.", caption_justify="left")
    table.add_column("Backbone", no_wrap=True)
    between = " " if len(contrast.comparisons) <= _RECIPES_ON_ONE_LINE else "\n"
    for comparison in contrast.comparisons:
        table.add_column(plain(comparison.recipe.name), justify="right", no_wrap=True)
    table.add_row("films tested", *(f"{s.tested:,}" for s in contrast.standings), end_section=True)
    for last in contrast.comparisons[-1].backbones:
        is_verified = last.weights.is_verified
        mark = "" if is_verified else f"\n  [red]{UNVERIFIED}[/]"
        table.add_row(f"[bold]{plain(bare_title(last))}[/]{mark}")
        for metric, texts in _figures(contrast, last.name):
            table.add_row(
                f"  {metric}",
                *(f"{value}{between}[dim]{interval}[/]" for value, interval in texts),
                style="" if is_verified else "dim",
            )
    console.print(table)


def _tell_list(console: Console, contrast: RecipeContrast) -> None:
    for last in contrast.comparisons[-1].backbones:
        console.print(f"[bold]{plain(last.title)}[/]")
        for metric, texts in _figures(contrast, last.name):
            for comparison, (value, interval) in zip(contrast.comparisons, texts, strict=True):
                recipe = plain(comparison.recipe.name)
                console.print(f"  {metric} {recipe} {value} ({interval})")


def _tell_path(console: Console, contrast: RecipeContrast) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from hilum.report import recipes as words

    console.print("[bold]What each setting is worth[/]")
    console.print(plain(words.path_text(contrast)))
    table = Table(box=SIMPLE_HEAD)
    table.add_column("Setting")
    table.add_column("becomes", ratio=1)
    table.add_column("points", justify="right")
    table.add_column("films", justify="right")
    for step in contrast.path:
        table.add_row(
            plain(words.step_title(step)),
            plain("; ".join(step.after)),
            words.step_change(step).replace(" (", "\n[dim](").replace(")", ")[/]"),
            words.step_films(step).replace(", then ", ",\nthen "),
        )
    console.print(table)


def _figures(contrast: RecipeContrast, name: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Write a backbone's figures, a row per metric, a value and an interval per recipe."""
    from hilum.report.sections.standings import headline_metrics

    found = [_evaluated(comparison, name) for comparison in contrast.comparisons]
    return [
        (
            metric,
            [(f"{metrics[metric].value:.3f}", _bounds(metrics[metric])) for metrics in found],
        )
        for metric in headline_metrics(contrast.comparisons[-1])
    ]


def _evaluated(comparison: Comparison, name: str) -> Mapping[str, Estimate]:
    return next(r.evaluation.metrics for r in comparison.backbones if r.name == name)


def _verdicts(contrast: RecipeContrast) -> str:
    """Say each recipe's headline with its scope; once, where all have the same."""
    told = [
        f"[bold]{comparison.verdict.headline}[/] {plain(comparison.verdict.scope.text)}"
        for comparison in contrast.comparisons
    ]
    if len(set(told)) == 1:
        return told[0]
    return "; ".join(
        f"{plain(comparison.recipe.name)} {verdict}"
        for comparison, verdict in zip(contrast.comparisons, told, strict=True)
    )
