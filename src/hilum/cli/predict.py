"""`hilum predict`: what a classifier says of films."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hilum.cli import options

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
    from hilum.cli.predicting import Form, run_predict

    if is_json and is_csv:
        raise typer.BadParameter("Choose one of --json and --csv.")
    form: Form = "json" if is_json else "csv" if is_csv else "table"
    code = run_predict(
        bundle,
        films,
        form=form,
        shows_refused=show_refused,
        is_quiet=is_quiet,
        cache_dir=cache_dir,
    )
    raise typer.Exit(code)
