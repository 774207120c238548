"""`hilum predict`: what a classifier says of films, as a table, JSON or CSV."""

from __future__ import annotations

import csv
import glob
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hilum.cli import options
from hilum.disk import exists
from hilum.errors import CohortError
from hilum.report import plain, printable
from hilum.spreadsheets import escape_cell

if TYPE_CHECKING:
    from rich.console import Console

    from hilum.classifier import Classifier, FilmFailure, Prediction, PredictJson

    Answer = Prediction | FilmFailure
    Answers = Sequence[tuple[Path, Answer]]


REFUSAL = "not like the training films"
"""What is said in the place of a call."""

Bundle = Annotated[Path, typer.Argument(help="What `hilum train` wrote.", metavar="BUNDLE")]

Films = Annotated[
    list[str],
    typer.Argument(
        help="Films, folders of films, patterns such as 'ward/*.png'; - reads names from "
        "standard input, one per line.",
        metavar="FILE...",
    ),
]

ShowRefused = Annotated[
    bool,
    typer.Option(
        "--show-refused",
        help="Give the probabilities of films outside the domain, too; they mean nothing there.",
    ),
]


def predict_command(
    bundle: Bundle,
    films: Films,
    is_json: options.Json = False,
    is_csv: Annotated[
        bool, typer.Option("--csv", help="A table for other programs on stdout.")
    ] = False,
    show_refused: ShowRefused = False,
    is_quiet: options.Quiet = False,
    cache_dir: options.CacheDir = None,
) -> None:
    """Say of each film which class it is, how probable that is, and whether it may be asked.

    The classes' calibrated probabilities, the call at the operating point, and the
    domain guard's word: a film that is not like the training films gets no call.

    Examples:

      hilum predict bundle film.png

      hilum predict bundle ward/ 'archive/*.dcm' --csv > answers.csv

      find . -name '*.jpeg' | hilum predict bundle - --json

    Exit code: 0 every film was answered, by a call or by a refusal; 1 some film could
    not be read; 2 the bundle or the command cannot be used.
    """
    if is_json and is_csv:
        raise typer.BadParameter("Choose one of --json and --csv.")
    from hilum.classifier import Classifier, FilmFailure

    paths = list_films(films)
    classifier = Classifier.load(bundle, cache_dir=cache_dir)
    answered = zip(paths, classifier.predict_each(paths), strict=True)
    answers: Answers
    if is_csv:
        answers = _print_csv(answered, classifier, shows_refused=show_refused)
    else:
        answers = list(answered)
    failed = [(path, answer) for path, answer in answers if isinstance(answer, FilmFailure)]
    if is_json:
        _print_json(answers, shows_refused=show_refused)
    elif not is_csv:
        _print_table(answers, classifier, shows_refused=show_refused, is_quiet=is_quiet)
    if not is_json:
        tell_failed("read", failed)
    raise typer.Exit(1 if failed else 0)


def tell_failed(what: str, failed: Iterable[tuple[Path, FilmFailure]]) -> None:
    """Say on standard error which films have no answer, and why; each on a line of its own."""
    for path, failure in failed:
        text = f"Not {what}: {path}: {failure.code}: {failure.message} {failure.fix}"
        typer.echo(printable(text.replace("\n", "\\n")), err=True)


def list_films(given: Iterable[str]) -> list[Path]:
    """List the files that arguments mean, each once, in their order.

    A name or a pattern that means nothing stays in the list among others: that there is no
    such file is an answer, too.

    Args:
        given: Names of files, of folders (their pictures at any depth), patterns with `*`,
            `?` or `[...]`, or `-` for a list on standard input, one name per line, or ended
            by NUL as `find -print0` writes them.

    Raises:
        CohortError: They mean no file at all.
    """
    films = list(dict.fromkeys(path for word in given for path in _meant(word)))
    if all(glob.has_magic(str(film)) and not exists(film) for film in films):
        raise CohortError(
            "There is no film to answer for.",
            fix="Name films, a folder that holds some, or a pattern such as 'films/*.png'.",
        )
    return films


def _meant(word: str) -> Iterator[Path]:
    if word == "-":
        for name in _listed(sys.stdin.buffer.read()):
            yield from _meant(name) if name != "-" else [Path(name)]
        return
    path = Path(word)
    if path.is_dir():
        yield from _inside(path)
    elif not exists(path) and glob.has_magic(word):
        found = map(Path, sorted(glob.glob(word, recursive=True)))  # noqa: PTH207  (Path takes no absolute one)
        yield from [name for name in found if not name.is_dir()] or [path]
    else:
        yield path


def _listed(names: bytes) -> Iterator[str]:
    """Take a list apart; names need not be valid text, and with NUL may hold line ends."""
    lines = names.split(b"\0") if b"\0" in names else names.splitlines()
    return (os.fsdecode(line) for line in lines if line)


def _inside(folder: Path) -> Iterator[Path]:
    """List a folder's pictures, whatever lies beside them; links to folders are not followed."""
    from hilum.films import is_picture_name

    unread: list[OSError] = []
    for here, folders, names in os.walk(folder, onerror=unread.append):
        folders.sort()
        for name in sorted(names):
            path = Path(here, name)
            if not name.startswith(".") and is_picture_name(path):
                yield path
    # A folder that may not be listed stays in the list, and is told of.
    yield from (Path(os.fsdecode(error.filename)) for error in unread)


def _print_json(answers: Answers, *, shows_refused: bool) -> None:
    from hilum.classifier import FilmFailure, describe_fault, describe_film

    told: PredictJson = {"films": [], "failed": []}
    for path, answer in answers:
        if isinstance(answer, FilmFailure):
            told["failed"].append({"path": str(path), **describe_fault(answer)})
        else:
            film = describe_film(answer, shows_refused=shows_refused)
            told["films"].append({"path": str(path), **film})
    typer.echo(json.dumps(told, indent=1, ensure_ascii=True))


def _print_csv(
    answered: Iterable[tuple[Path, Answer]],
    classifier: Classifier,
    *,
    shows_refused: bool,
) -> Answers:
    """Print each answer as soon as it is there: lists may be long."""
    from hilum.classifier import FilmFailure

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

    from hilum.classifier import Prediction
    from hilum.report import fits

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
    console.print(f"[bold]{_on_one_line(path)}[/]", soft_wrap=True)
    console.print(f"  {plain(answer.call) if answer.call else REFUSAL}")
    if answer.in_domain or shows_refused:
        told = ", ".join(f"{plain(label)} {p:.3f}" for label, p in answer.probabilities.items())
        console.print(f"  {told}")
    if answer.notes:
        console.print(f"  {'; '.join(answer.notes)}")


def _on_one_line(path: Path) -> str:
    """Write a name so that none can pass for a further film's answer."""
    return plain(str(path).replace("\n", "\\n"))


def _print_headline(console: Console, classifier: Classifier) -> None:
    from hilum.classifier import calling_text
    from hilum.report import training_text

    record = classifier.record
    verdict = plain(training_text(record.verdict))
    if record.verdict.headline == "withheld":
        verdict = f"[bold red]{verdict.replace(':', ':[/]', 1)}"
    elif record.verdict.headline == "limited":
        verdict = f"[yellow]{verdict}[/]"
    console.print(verdict)
    console.print(
        f"{calling_text(record, plain(record.positive))}. Probabilities are for films mixed as in "
        "training."
    )


def _summary(answers: Answers, classifier: Classifier) -> str:
    from hilum.classifier import Prediction
    from hilum.wording import counted

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
    films = counted(len(answers), "film", is_grouped=False)
    return f"{films}: {', '.join(parts)}."
