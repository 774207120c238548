"""Tells several recipes, side by side, on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hilum.cli.printing import printable

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
    from rich.markup import escape

    from hilum.report import recipes_wording as words

    console = Console(highlight=False)
    last = contrast.comparisons[-1]
    counts = ", ".join(f"{n} {label}" for label, n in last.cohort.n_per_class.items())
    title = f"{last.cohort.name}: {counts}; positive: {last.positive}"
    console.print(f"[italic]{escape(printable(title))}[/]", justify="center")
    if console.width >= _TABLE_WIDTH:
        _tell_table(console, contrast)
    else:
        _tell_list(console, contrast)

    console.print("[bold]What the difference is worth[/]")
    for difference in contrast.differences:
        console.print(
            f"· [bold]{escape(difference.title)}[/]: {escape(words.worth_text(difference))}"
        )
    for text in words.standing_texts(contrast):
        console.print(f"· {escape(text)}")
    console.print(f"· {words.widths_text(contrast)}")
    console.print()
    if contrast.path:
        _tell_path(console, contrast)
    for comparison in contrast.comparisons:
        if comparison.folds.validates_on_test:
            console.print(f"[bold]Same films.[/] {words.validation_text(comparison)}")
    console.print(f"Verdict: {_verdicts(contrast)}.")
    for reason in words.reasons(contrast):
        console.print(f"  · {escape(reason)}")
    console.print("Research use only.")


def _tell_table(console: Console, contrast: RecipeContrast) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, caption="95 % intervals in grey.", caption_justify="left")
    table.add_column("Backbone", no_wrap=True)
    between = " " if len(contrast.comparisons) <= _RECIPES_ON_ONE_LINE else "\n"
    for comparison in contrast.comparisons:
        table.add_column(comparison.recipe.name, justify="right", no_wrap=True)
    table.add_row("films tested", *(f"{s.tested:,}" for s in contrast.standings), end_section=True)
    for last in contrast.comparisons[-1].backbones:
        table.add_row(f"[bold]{escape(last.title)}[/]")
        for metric, texts in _figures(contrast, last.name):
            table.add_row(
                f"  {metric}",
                *(f"{value}{between}[dim]{interval}[/]" for value, interval in texts),
            )
    console.print(table)


def _tell_list(console: Console, contrast: RecipeContrast) -> None:
    for last in contrast.comparisons[-1].backbones:
        console.print(f"[bold]{last.title}[/]")
        for metric, texts in _figures(contrast, last.name):
            for comparison, (value, interval) in zip(contrast.comparisons, texts, strict=True):
                console.print(f"  {metric} {comparison.recipe.name} {value} ({interval})")


def _tell_path(console: Console, contrast: RecipeContrast) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from hilum.report import recipes_wording as words

    console.print("[bold]What each setting is worth[/]")
    console.print(words.path_text(contrast))
    table = Table(box=SIMPLE_HEAD)
    table.add_column("Setting")
    table.add_column("becomes", ratio=1)
    table.add_column("points", justify="right")
    table.add_column("films", justify="right")
    for step in contrast.path:
        table.add_row(
            words.step_title(step),
            "; ".join(step.after),
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
        f"{comparison.recipe.name} [bold]{headline}[/]"
        for comparison, headline in zip(contrast.comparisons, headlines, strict=True)
    )
