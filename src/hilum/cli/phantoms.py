"""`hilum phantoms`: generated films."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hilum.cli import options


def phantoms_command(
    folder: Annotated[Path, typer.Argument(help="Folder to create.", metavar="DIR")],
    n: Annotated[int, typer.Option("--n", help="Films in all.")] = 160,
    classes: Annotated[
        int, typer.Option(help="2: Normal, Opacity; 3: and Effusion; 4: and Cardiomegaly.")
    ] = 2,
    seed: options.Seed = 0,
    is_quiet: options.Quiet = False,
) -> None:
    """Draw chest films with and without disease: to try Hilum, to test, to teach.

    Writes one subfolder per class, and films.csv, which also names the patients.

    Examples:

      hilum phantoms films --n 160 --classes 2 --seed 0

      hilum compare films/films.csv --positive Opacity
    """
    table = draw_with_progress(folder, n_films=n, n_classes=classes, seed=seed, is_quiet=is_quiet)
    if not is_quiet:
        typer.echo(f"{n} films: {table}")


def draw_with_progress(
    folder: Path, *, n_films: int, n_classes: int, seed: int, is_quiet: bool
) -> Path:
    """Draw phantoms and show how far it is."""
    from hilum.cli.progress import watching
    from hilum.cohort.phantoms import write_phantoms

    with watching(is_quiet=is_quiet) as watcher:
        watcher.begin("Generated films", "films")
        table = write_phantoms(
            folder, n_films=n_films, n_classes=n_classes, seed=seed, on_film=watcher.advance
        )
        watcher.end(f"{n_films} drawn")
    return table
