"""What `hilum predict` does: answer film by film, and tell of it as a table, JSON or CSV."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from hilum.classifier.answers import PredictJson, describe_fault, describe_film
from hilum.classifier.classifier import Classifier
from hilum.classifier.predictions import FilmFailure, Prediction
from hilum.cli.film_lists import list_films
from hilum.cli.printing import printable
from hilum.cohort.spreadsheets import escape_cell

if TYPE_CHECKING:
    from rich.console import Console

Answers = Sequence[tuple[Path, Prediction | FilmFailure]]

Form = Literal["table", "json", "csv"]

REFUSAL = "not like the training films"
"""What is said in the place of a call."""


def run_predict(
    bundle: Path,
    words: Iterable[str],
    *,
    form: Form,
    shows_refused: bool,
    is_quiet: bool,
    cache_dir: Path | None,
) -> int:
    """Answer for films, and print the answers.

    Args:
        bundle: The classifier.
        words: Films as they were typed.
        form: How to print.
        shows_refused: Give the probabilities of refused films, too.
        is_quiet: Leave out what is no answer.
        cache_dir: Where the backbone is kept.

    Returns:
        The exit code: 0 every film was answered, 1 some could not be read.
    """
    films = list_films(words)
    classifier = Classifier.load(bundle, cache_dir=cache_dir)
    answered = zip(films, classifier.predict_each(films), strict=True)
    if form == "csv":
        answers = _print_csv(answered, classifier, shows_refused=shows_refused)
    else:
        answers = list(answered)
    failed = [(path, a) for path, a in answers if isinstance(a, FilmFailure)]
    if form == "json":
        _print_json(answers, shows_refused=shows_refused)
    elif form == "table":
        _print_table(answers, classifier, shows_refused=shows_refused, is_quiet=is_quiet)
    if form != "json":
        for path, failure in failed:
            text = f"Not read: {path}: {failure.code}: {failure.message} {failure.fix}"
            typer.echo(printable(text.replace("\n", "\\n")), err=True)
    return 1 if failed else 0


def _print_json(answers: Answers, *, shows_refused: bool) -> None:
    told: PredictJson = {"films": [], "failed": []}
    for path, answer in answers:
        if isinstance(answer, FilmFailure):
            told["failed"].append({"path": str(path), **describe_fault(answer)})
        else:
            film = describe_film(answer, shows_refused=shows_refused)
            told["films"].append({"path": str(path), **film})
    typer.echo(json.dumps(told, indent=1, ensure_ascii=True))


def _print_csv(
    answered: Iterable[tuple[Path, Prediction | FilmFailure]],
    classifier: Classifier,
    *,
    shows_refused: bool,
) -> Answers:
    """Print each answer as soon as it is there: lists may be long."""
    classes = classifier.record.classes
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(
        ["path", "call", "in_domain", "distance", *(f"probability_{label}" for label in classes),
         "notes", "code", "message"]
    )  # fmt: skip
    answers = []
    for path, answer in answered:
        answers.append((path, answer))
        name = escape_cell(printable(str(path)))
        if isinstance(answer, FilmFailure):
            blanks = [""] * (4 + len(classes))
            writer.writerow([name, *blanks, answer.code, answer.message])
            continue
        is_shown = answer.in_domain or shows_refused
        writer.writerow(
            [name, escape_cell(answer.call or ""), str(answer.in_domain).lower(),
             f"{answer.distance:.6g}",
             *(f"{p:.9g}" if is_shown else "" for p in answer.probabilities.values()),
             "; ".join(answer.notes), "", ""]
        )  # fmt: skip
    return answers


def _print_table(
    answers: Answers, classifier: Classifier, *, shows_refused: bool, is_quiet: bool
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from hilum.cli.printing import fits, plain

    console = Console(highlight=False)
    record = classifier.record
    read = [(path, answer) for path, answer in answers if isinstance(answer, Prediction)]
    has_notes = any(answer.notes for _, answer in read)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Film", overflow="fold")
    table.add_column("Call")
    for label in record.classes:
        table.add_column(plain(label), justify="right")
    if has_notes:
        table.add_column("Notes", overflow="fold")
    for path, answer in read:
        colour = "red" if answer.call == record.positive else "default"
        call = f"[{colour}]{plain(answer.call)}[/]" if answer.call else f"[yellow]{REFUSAL}[/]"
        is_shown = answer.in_domain or shows_refused
        row = [_on_one_line(path), call]
        row += [f"{p:.3f}" if is_shown else "–" for p in answer.probabilities.values()]
        table.add_row(*row, *(["; ".join(answer.notes)] if has_notes else []))
    if not is_quiet:
        _print_headline(console, classifier)
    if read and fits(console, table):
        console.print(table)
    else:
        for path, answer in read:
            _print_lines(console, path, answer, shows_refused=shows_refused)
    if not is_quiet:
        console.print(_summary(answers, classifier))
        console.print("Research use only.")


def _print_lines(console: Console, path: Path, answer: Prediction, *, shows_refused: bool) -> None:
    """Print one film on lines of its own, where a table would be too wide."""
    from hilum.cli.printing import plain

    console.print(f"[bold]{_on_one_line(path)}[/]", soft_wrap=True)
    console.print(f"  {plain(answer.call) if answer.call else REFUSAL}")
    if answer.in_domain or shows_refused:
        told = ", ".join(f"{plain(label)} {p:.3f}" for label, p in answer.probabilities.items())
        console.print(f"  {told}")
    if answer.notes:
        console.print(f"  {'; '.join(answer.notes)}")


def _on_one_line(path: Path) -> str:
    """Write a name so that none can pass for a further film's answer."""
    from hilum.cli.printing import plain

    return plain(str(path).replace("\n", "\\n"))


def _print_headline(console: Console, classifier: Classifier) -> None:
    from hilum.cli.printing import plain
    from hilum.report.calling_wording import calling_text

    record = classifier.record
    told = {
        "supported": "The training cohort supports this classifier's figures.",
        "limited": "[yellow]The training cohort supports this classifier's figures with limits.[/]",
        "withheld": "[bold red]Verdict withheld:[/] the training cohort does not show that this "
        "classifier sees the disease.",
    }
    console.print(told[record.verdict.headline])
    console.print(
        f"{calling_text(record, plain(record.positive))}. Probabilities are for films mixed as in "
        "training."
    )


def _summary(answers: Answers, classifier: Classifier) -> str:
    from hilum.cli.printing import plain

    calls = [answer.call for _, answer in answers if isinstance(answer, Prediction)]
    parts = [
        f"{calls.count(label)} called {plain(label)}"
        for label in classifier.record.classes
        if label in calls
    ]
    if refused := calls.count(None):
        parts.append(f"{refused} {REFUSAL}: no class is called")
    if unread := len(answers) - len(calls):
        parts.append(f"{unread} not read")
    films = "1 film" if len(answers) == 1 else f"{len(answers)} films"
    return f"{films}: {', '.join(parts)}."
