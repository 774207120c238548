"""What `hilum explain` does: explain film by film, draw, and tell of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import typer
from jaxtyping import Bool

from hilum.classifier.answers import (
    ExplainJson,
    NamedExplanationJson,
    describe_explanation,
    describe_fault,
)
from hilum.classifier.classifier import Classifier
from hilum.classifier.explaining import Explanation, Extras, explain_film, find_class
from hilum.classifier.predictions import FilmFailure
from hilum.cli.film_lists import list_films
from hilum.cli.printing import printable
from hilum.cli.progress import watching
from hilum.cohort.manifest import Film
from hilum.errors import FilmError
from hilum.features.masks import find_masks, load_mask
from hilum.report.explanation_picture import draw_explanation
from hilum.report.explanation_wording import RESEARCH_ONLY, ExplanationWords, word_explanation
from hilum.report.picture_places import place_pictures, save_picture

REFUSED = FilmFailure(
    "REFUSED",
    "The film is not like the training films, so its map would mean nothing.",
    "Use --show-refused to see it all the same.",
)


def run_explain(
    bundle: Path,
    words: Iterable[str],
    *,
    out: Path | None,
    label: str | None,
    masks: Path | None,
    extras: Extras,
    shows_refused: bool,
    is_json: bool,
    is_quiet: bool,
    cache_dir: Path | None,
) -> int:
    """Explain films, write the pictures, and print what they say.

    Args:
        bundle: The classifier.
        words: Films as they were typed.
        out: Where the pictures go; none are drawn if not given.
        label: The class to explain.
        masks: A folder of lung masks.
        extras: Checks that are wanted beside the map.
        shows_refused: Explain films outside the domain, too.
        is_json: Print figures rather than sentences.
        is_quiet: Leave out what is no answer.
        cache_dir: Where the backbone is kept.

    Returns:
        The exit code: 0 every film was explained, 1 some were not.
    """
    films = list_films(words)
    places = None if out is None else place_pictures(films, out)
    lungs = {} if masks is None else _find_lungs(films, masks)
    classifier = Classifier.load(bundle, cache_dir=cache_dir)
    find_class(classifier, label)
    told: list[NamedExplanationJson] = []
    failed: list[tuple[Path, FilmFailure]] = []
    with watching(is_quiet=is_quiet or not extras.has_occlusion) as watcher:
        for k, film in enumerate(films):
            if extras.has_occlusion:
                watcher.begin(f"Film {k + 1} of {len(films)}", "covered patches")
            try:
                explanation = explain_film(
                    classifier,
                    film,
                    label,
                    lungs=lungs.get(film),
                    extras=replace(extras, on_progress=watcher.advance),
                )
            except FilmError as error:
                failed.append((film, FilmFailure.from_error(error)))
                continue
            if extras.has_occlusion:
                watcher.end("covered")
            if not (explanation.prediction.in_domain or shows_refused):
                failed.append((film, REFUSED))
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
    _print_end(told, failed, is_json=is_json, is_quiet=is_quiet)
    return 1 if failed else 0


def _find_lungs(
    films: Sequence[Path], folder: Path
) -> Mapping[Path, Bool[np.ndarray, "height width"]]:
    """Load the lungs of the films that have a mask: beside each other, or by class folder."""
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


def _print_end(
    told: list[NamedExplanationJson],
    failed: Sequence[tuple[Path, FilmFailure]],
    *,
    is_json: bool,
    is_quiet: bool,
) -> None:
    if is_json:
        answer: ExplainJson = {
            "films": told,
            "failed": [{"path": str(path), **describe_fault(f)} for path, f in failed],
        }
        typer.echo(json.dumps(answer, indent=1, ensure_ascii=True))
        return
    for path, failure in failed:
        text = f"Not explained: {path}: {failure.code}: {failure.message} {failure.fix}"
        typer.echo(printable(text.replace("\n", "\\n")), err=True)
    if not is_quiet:
        typer.echo(RESEARCH_ONLY)
