"""`hilum explain`: where on a film the classifier's reasons lie."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hilum.cli import options
from hilum.cli.predict import Bundle, Films, list_films, tell_failed
from hilum.errors import FilmError
from hilum.report import printable

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool

    from hilum.classifier import ExplainJson, Explanation, FilmFailure, NamedExplanationJson
    from hilum.report import ExplanationWords


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

_REFUSED = (
    "REFUSED",
    "The film is not like the training films, so its map would mean nothing.",
    "Use --show-refused to see it all the same.",
)


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
    from hilum.classifier import (
        Classifier,
        ExplanationOptions,
        FilmFailure,
        describe_explanation,
        explain_film,
        find_class,
    )
    from hilum.cli.progress import watching
    from hilum.report import (
        RESEARCH_ONLY,
        draw_explanation,
        place_pictures,
        save_picture,
        word_explanation,
    )

    paths = list_films(films)
    places = None if out is None else place_pictures(paths, out)
    lungs = {} if masks is None else _find_lungs(paths, masks)
    classifier = Classifier.load(bundle, cache_dir=cache_dir)
    find_class(classifier, label)
    told: list[NamedExplanationJson] = []
    failed: list[tuple[Path, FilmFailure]] = []
    with watching(is_quiet=is_quiet or not has_occlusion) as watcher:
        extras = ExplanationOptions(
            has_occlusion=has_occlusion,
            has_sanity=has_sanity,
            seed=seed,
            on_progress=watcher.advance,
        )
        for k, film in enumerate(paths):
            if has_occlusion:
                watcher.begin(f"Film {k + 1} of {len(paths)}", "covered patches")
            try:
                explanation = explain_film(
                    classifier, film, label, lungs=lungs.get(film), options=extras
                )
            except FilmError as error:
                failed.append((film, FilmFailure.from_error(error)))
                continue
            if has_occlusion:
                watcher.end("covered")
            if not (explanation.prediction.in_domain or show_refused):
                failed.append((film, FilmFailure(*_REFUSED)))
                continue
            said = word_explanation(explanation, classifier.record)
            picture = None if places is None else places[k]
            if picture is not None:
                save_picture(draw_explanation(explanation, said), picture)
            told.append(
                {
                    "path": str(film),
                    "picture": None if picture is None else str(picture),
                    **describe_explanation(explanation),
                }
            )
            if not is_json:
                _print(film, explanation, said, picture, is_quiet=is_quiet)
    if is_json:
        _print_json(told, failed)
    else:
        tell_failed("explained", failed)
        if not is_quiet:
            typer.echo(RESEARCH_ONLY)
    raise typer.Exit(1 if failed else 0)


def _find_lungs(
    films: Sequence[Path], folder: Path
) -> Mapping[Path, Bool[np.ndarray, "height width"]]:
    """Load the lungs of the films that have a mask: beside each other, or by class folder."""
    from hilum.cohort import Film
    from hilum.features import find_masks, load_mask

    rows = [Film(str(k), film, str(film), film.parent.name) for k, film in enumerate(films)]
    masks = find_masks(rows, folder)
    return {films[int(film_id)]: load_mask(mask) for film_id, mask in masks.items()}


def _print(
    film: Path,
    explanation: Explanation,
    words: ExplanationWords,
    picture: Path | None,
    *,
    is_quiet: bool,
) -> None:
    typer.echo(printable(str(film).replace("\n", "\\n")))
    typer.echo(f"  {printable(words.headline)}. {printable(words.call)}")
    if words.warning:
        typer.echo(f"  {words.warning}")
    for remark in words.remarks if not is_quiet else ():
        typer.echo(f"  {printable(remark)}")
    if explanation.exact is not None and not explanation.exact.has_reference and not is_quiet:
        typer.echo("  The bundle has no reference maps; train it again for a sharper map.")
    if picture is not None:
        typer.echo(f"  {printable(str(picture))}")


def _print_json(
    told: list[NamedExplanationJson], failed: Sequence[tuple[Path, FilmFailure]]
) -> None:
    from hilum.classifier import describe_fault

    answer: ExplainJson = {
        "films": told,
        "failed": [{"path": str(path), **describe_fault(f)} for path, f in failed],
    }
    typer.echo(json.dumps(answer, indent=1, ensure_ascii=True))
