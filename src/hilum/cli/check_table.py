"""`hilum check-table`: can a published table be, and how sure is it?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hilum.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from hilum.published import SetAudit, Share, TableCheck


_SETS_SHOWN_WHOLE = 3
_SETS_IN_JSON = 100
_PAIRS_SHOWN = 45


def check_table_command(
    table: Annotated[
        str,
        typer.Argument(
            help="A CSV with columns model, accuracy, sensitivity and specificity; or `paper`, "
            "the table of Bansal and Sridhar (2020) that comes with Hilum.",
            metavar="TABLE",
        ),
    ],
    positives: Annotated[
        int | None, typer.Option(help="Positive films of the test set, where it is known.")
    ] = None,
    negatives: Annotated[
        int | None, typer.Option(help="Negative films of the test set, where it is known.")
    ] = None,
    max_films: Annotated[
        int | None,
        typer.Option(help="Else: try every test set of at most so many films (200)."),
    ] = None,
    prevalence: Annotated[
        float, typer.Option(help="Share of the diseased, for predictive values.")
    ] = 0.02,
    is_json: options.Json = False,
) -> None:
    """Check a published table: which test sets can yield it, and how sure is it?

    Accuracy, sensitivity and specificity of one test set are whole films over
    whole films, so the printed digits betray its size. For the sets that yield
    every row: the counts, exact 95 % intervals, the paired tests that the counts
    allow, and what a positive call means at a prevalence. Digits count as
    printed: 97.0 says more than 97. Percent and fractions are told apart.

    Examples:

      hilum check-table paper --max-films 63

      hilum check-table paper --positives 14 --negatives 16

      hilum check-table table.csv --prevalence 0.05 --json

    The first finds one set: 14 positive + 18 negative films. The second finds
    that 14 + 16, which the paper states, cannot be: with them, InceptionV3's
    accuracy would be 90.0 and not 91.

    Exit code: 0 some test set yields every row; 1 none does; 2 the table or an
    option cannot be used.
    """
    from hilum.published import check_table, known_tables, parse_published
    from hilum.report import reading_texts
    from hilum.runs import describe_table_check

    check = check_table(
        known_tables().get(table) or parse_published(_read(table)),
        positives=positives,
        negatives=negatives,
        max_films=max_films,
        prevalence=prevalence,
        n_audits=_SETS_IN_JSON if is_json else _SETS_SHOWN_WHOLE,
    )
    if is_json:
        told = describe_table_check(check, name=table, reading=reading_texts(check))
        typer.echo(json.dumps(told, indent=1))
    else:
        _tell(check)
    raise typer.Exit(0 if check.is_reached else 1)


def _read(table: str) -> str:
    from hilum.errors import FilmError, TableError
    from hilum.films import load_bytes

    try:
        return load_bytes(Path(table)).decode("utf-8-sig")
    except FilmError as error:
        raise TableError(
            f"The table '{table}' cannot be read: {error.message}",
            fix="Name a CSV file, or `paper` for the table that comes with Hilum.",
        ) from error
    except UnicodeDecodeError:
        raise TableError(
            f"'{table}' is no table in UTF-8.", fix="Save it as CSV in UTF-8."
        ) from None


def _tell(check: TableCheck) -> None:
    from rich.console import Console
    from rich.padding import Padding

    from hilum.report import MISS_MARK, gloss_texts, plain, reading_texts

    console = Console(highlight=False)
    first, *others = (plain(text) for text in reading_texts(check))
    console.print(f"[bold]{first}[/]")
    for text in others:
        is_miss = text.startswith(MISS_MARK)
        console.print(Padding(text, (0, 0, 0, 2)) if is_miss else text)
    # Of a few sets all is told; of many, the smallest speaks for them.
    is_few = check.n_reached <= _SETS_SHOWN_WHOLE
    for audit in check.audits if is_few else check.audits[:1]:
        _tell_set(console, check, audit)
    if not is_few:
        console.print("For another set: --positives and --negatives. For more at once: --json.")
    console.print()
    for text in gloss_texts():
        console.print(text)


def _tell_set(console: Console, check: TableCheck, audit: SetAudit) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from hilum.published import wrong_counts
    from hilum.report import FILMS_NOTE, basis_text, plain, set_title
    from hilum.wording import p_text, printed_percent_text, range_text

    size = audit.size
    names = {row.model: plain(row.model) for row in audit.rows}
    console.rule(f"[bold]{set_title(audit)}[/]")
    counts = Table(
        box=SIMPLE_HEAD, caption="In percent; below each figure, its exact 95 % interval."
    )
    counts.add_column("Model")
    # One above the other, so that ranges have room on 80 columns.
    for heading in ("TP\nFN", "TN\nFP", "Accuracy", "Sensitivity", "Specificity"):
        counts.add_column(heading, justify="right", no_wrap=True)
    for row in audit.rows:
        counts.add_row(
            names[row.model],
            *(
                f"{range_text(right)}\n{range_text(wrong_counts(right, trials))}"
                for right, trials in (
                    (row.counts.tp, size.positives),
                    (row.counts.tn, size.negatives),
                )
            ),
            *map(_share_text, (row.accuracy, row.sensitivity, row.specificity)),
        )
    console.print(counts)

    shown = [
        pair for pair in audit.pairs if len(audit.pairs) <= _PAIRS_SHOWN or pair.verdict != "tied"
    ][:_PAIRS_SHOWN]
    if shown:
        pairs = Table(box=SIMPLE_HEAD, caption=FILMS_NOTE)
        pairs.add_column("Pair")
        for heading in ("smallest p", "largest p"):
            pairs.add_column(heading, justify="right", no_wrap=True)
        pairs.add_column("")
        for pair in shown:
            pairs.add_row(
                f"{names[pair.a]} – {names[pair.b]}",
                p_text(pair.smallest_p),
                p_text(pair.largest_p),
                pair.verdict,
            )
        console.print(pairs)
    if len(shown) < len(audit.pairs):
        console.print(f"{len(audit.pairs) - len(shown)} further pairs: --json.")

    predictive = Table(
        box=SIMPLE_HEAD, caption=plain(basis_text(check, audit)), caption_justify="left"
    )
    predictive.add_column("Model")
    for values in audit.rows[0].predictive:
        for name in ("PPV", "NPV"):
            predictive.add_column(
                f"{name} at\n{printed_percent_text(values.prevalence)} %",
                justify="right",
                no_wrap=True,
            )
    for row in audit.rows:
        predictive.add_row(
            names[row.model],
            *(_share_text(share) for each in row.predictive for share in (each.ppv, each.npv)),
        )
    console.print(predictive)


def _share_text(share: Share | None) -> str:
    if share is None:
        return "–"
    value = f"{100 * share.lowest:.1f}"
    if f"{100 * share.highest:.1f}" != value:
        value += f"–{100 * share.highest:.1f}"
    return f"{value}\n[dim]{100 * share.interval.low:.1f}–{100 * share.interval.high:.1f}[/]"
