"""Tells several recipes, side by side, on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hilum.cli.printing import plain
from hilum.cli.telling import tell_refused, tell_unverified

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from hilum.evaluation.results import Estimate
    from hilum.studies.comparison import Comparison
    from hilum.studies.contrasting import RecipeContrast

_TABLE_WIDTH = 76
_RECIPES_ON_ONE_LINE = 2
"""Of more recipes than these, intervals stand below their figures, to fit 80 columns."""


def tell_recipes(contrast: RecipeContrast) -> None:
    """Print the figures side by side, and what each difference is worth."""
    from rich.console import Console

    from hilum.report import recipes_wording as words

    console = Console(highlight=False)
    last = contrast.comparisons[-1]
    tell_unverified(console, last)
    counts = ", ".join(f"{n} {label}" for label, n in last.cohort.n_per_class.items())
    title = f"{last.cohort.name}: {counts}; positive: {last.positive}"
    console.print(f"[italic]{plain(title)}[/]", justify="center")
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
    console.print("Research use only.")


def _tell_table(console: Console, contrast: RecipeContrast) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from hilum.report.wording import UNVERIFIED, bare_title

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

    from hilum.report import recipes_wording as words

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
    from hilum.report.standings import headline_metrics

    found = [_evaluated(comparison, name) for comparison in contrast.comparisons]
    return [
        (
            metric,
            [
                (
                    f"{metrics[metric].value:.3f}",
                    f"{metrics[metric].low:.3f}–{metrics[metric].high:.3f}",
                )
                for metrics in found
            ],
        )
        for metric in headline_metrics(contrast.comparisons[-1])
    ]


def _evaluated(comparison: Comparison, name: str) -> Mapping[str, Estimate]:
    return next(r.evaluation.metrics for r in comparison.backbones if r.name == name)


def _verdicts(contrast: RecipeContrast) -> str:
    headlines = [comparison.verdict.headline for comparison in contrast.comparisons]
    if len(set(headlines)) == 1:
        return f"[bold]{headlines[0]}[/]"
    return ", ".join(
        f"{plain(comparison.recipe.name)} [bold]{headline}[/]"
        for comparison, headline in zip(contrast.comparisons, headlines, strict=True)
    )
