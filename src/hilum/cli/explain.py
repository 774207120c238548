"""`hilum explain`: where on a film the classifier's reasons lie."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hilum.cli import options
from hilum.cli.predict import Bundle, Films

Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="Picture to write, ending in .png; for several films a folder.",
        metavar="PNG|DIR",
    ),
]
Label = Annotated[
    str | None,
    typer.Option("--class", help="The class to explain (default: positive).", metavar="LABEL"),
]
Masks = Annotated[
    Path | None,
    typer.Option(
        help="A folder of lung masks, named as the films are and ending in .png: how much of the "
        "map lies inside the lungs, rather than in the centre of the film.",
        metavar="DIR",
    ),
]


def explain_command(
    bundle: Bundle,
    films: Films,
    out: Out = None,
    label: Label = None,
    masks: Masks = None,
    has_occlusion: Annotated[
        bool,
        typer.Option(
            "--occlusion", help="Cover patches of the film as well: a check, 170 passes a film."
        ),
    ] = False,
    has_sanity: Annotated[
        bool,
        typer.Option("--sanity", help="Explain with shuffled heads as well: the map must change."),
    ] = False,
    show_refused: Annotated[
        bool,
        typer.Option(
            "--show-refused",
            help="Explain films outside the domain, too; the map means nothing there.",
        ),
    ] = False,
    is_json: options.Json = False,
    is_quiet: options.Quiet = False,
    seed: options.Seed = 0,
    cache_dir: options.CacheDir = None,
) -> None:
    """Show where on a film the reasons for a class lie.

    A picture for each film: the film, the film under its map, and in words what the map
    adds up to. Red speaks for the class, blue against it, compared with the average
    training film of the other classes. The map has as few cells as the network's last
    feature map; it shows what moved the network, not where disease begins and ends.

    Examples:

      hilum explain bundle film.png -o why.png

      hilum explain bundle ward/ -o pictures --masks lungs --json > shares.json

      hilum explain bundle film.png -o why.png --occlusion --sanity

    Exit code: 0 every film was explained; 1 some film was refused or could not be read;
    2 the bundle or the command cannot be used.
    """
    from hilum.classifier.explaining import Extras
    from hilum.cli.explaining import run_explain

    extras = Extras(has_occlusion=has_occlusion, has_sanity=has_sanity, seed=seed)
    code = run_explain(
        bundle,
        films,
        out=out,
        label=label,
        masks=masks,
        extras=extras,
        shows_refused=show_refused,
        is_json=is_json,
        is_quiet=is_quiet,
        cache_dir=cache_dir,
    )
    raise typer.Exit(code)
