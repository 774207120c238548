"""`hilum phantoms`: generated films."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hilum.cli import options

if TYPE_CHECKING:
    from hilum.phantoms import Plants


def phantoms_command(
    folder: Annotated[Path, typer.Argument(help="Folder to create.", metavar="DIR")],
    n: Annotated[int, typer.Option("--n", help="Films in all, before planting.")] = 160,
    classes: Annotated[
        int, typer.Option(help="2: Normal, Opacity; 3: and Effusion; 4: and Cardiomegaly.")
    ] = 2,
    seed: options.Seed = 0,
    plant: Annotated[
        list[str] | None,
        typer.Option(
            "--plant",
            help="A fault that the films shall have; see below. May be repeated, or hold "
            "several with commas between them.",
            metavar="FAULT",
        ),
    ] = None,
    is_quiet: options.Quiet = False,
) -> None:
    """Draw chest films with and without disease: to try Hilum, to test, to teach.

    Writes one subfolder per class, and films.csv, which also names the patients.

    Examples:

      hilum phantoms films --n 160 --classes 2 --seed 0

      hilum compare films/films.csv --positive Opacity

      hilum phantoms faulty --n 400 --plant duplicates=14,rotated=6 --plant marker-shortcut

    Without --plant, nothing but the disease tells the classes apart, and no film
    stands twice. Planted faults are listed film by film in planted.csv:

      duplicates=N: N further films that are copies under another patient: the same
      bytes, re-encoded, resized, mirrored, of another contrast, cropped

      rotated=N: N further films that are copies turned by 5 to 15 degrees

      relabelled=N: N further films that are the same bytes in another class

      patients-in-both-classes=N: N patients with one more film, in another class

      size-shortcut: films with disease are smaller

      marker-shortcut: films with disease carry a letter in a corner

      frame-shortcut: films with disease show the edges of the collimator

      source-shortcut: films.csv names a source, another one for each class

      exposure-shortcut: films with disease are fogged and of low contrast

    Exit code: 0 drawn; 2 nothing was written.
    """
    from hilum.phantoms import parse_plants

    plants = parse_plants(plant or [])
    table = draw_with_progress(
        folder, n_films=n, n_classes=classes, seed=seed, plants=plants, is_quiet=is_quiet
    )
    if not is_quiet:
        typer.echo(f"{n + plants.n_further_films} films: {table}")
        if plant:
            typer.echo(f"What was planted: {table.with_name('planted.csv')}")


def draw_with_progress(
    folder: Path,
    *,
    n_films: int,
    n_classes: int,
    seed: int,
    is_quiet: bool,
    plants: Plants | None = None,
) -> Path:
    """Draw phantoms and show how far it is."""
    from hilum.cli.progress import watching
    from hilum.phantoms import Plants, write_phantoms

    plants = plants or Plants()
    with watching(is_quiet=is_quiet) as watcher:
        watcher.begin("Generated films", "films")
        table = write_phantoms(
            folder,
            n_films=n_films,
            n_classes=n_classes,
            seed=seed,
            plants=plants,
            on_film=watcher.advance,
        )
        watcher.end(f"{n_films + plants.n_further_films} drawn")
    return table
