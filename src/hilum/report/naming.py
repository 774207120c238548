"""The page of a naming: what networks as they are take films for; and its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from hilum.backbones import imagenet_classes
from hilum.cohort import Film
from hilum.machine import default_cache_dir, peak_rss_bytes
from hilum.report.films import choose_examples, data_uri, load_thumbnails
from hilum.report.pages import day_of, list_entries, render_page
from hilum.report.sections.cohort import view_excluded
from hilum.report.sections.verdict import unverified_text
from hilum.runs import (
    check_run_folder,
    describe_naming,
    excluded_table,
    imagenet_table,
    redacted,
    redactor,
    to_json,
    write_run,
)
from hilum.studies import BackboneNames, ImagenetMatch, Naming
from hilum.wording import bytes_text, films_text, joined, percent_text

LESSON = (
    "ImageNet holds photographs of 1,000 kinds of things: dogs, ships, mushrooms, things of the "
    "household. It has no radiograph, and none of the 1,000 is a lung. A network trained on it "
    "must share 100 % out among them and cannot say that it sees none, so a name tells what a "
    "film resembles, and nothing of the patient.",
    "Where two classes of films get different names, the network may see a difference. Whether "
    "that is the disease, the frame, the exposure, the device or mere chance, no name can tell.",
    "Used as a feature extractor, the network loses its last layer, which holds the 1,000 names, "
    "and a small head learns your classes from what comes before it. That is `hilum compare` "
    "without `--head none`.",
)
"""What a person is to take home, a paragraph each."""

_BACKBONES_PER_FILM = 3
_HEADLINES_AT_MOST = 6


def films_named(naming: Naming) -> tuple[Film, ...]:
    """Choose the films whose thumbnails the page wants: six per class."""
    cohort = naming.cohort
    return tuple(film for label in cohort.classes for film in choose_examples(cohort, label))


def headline_texts(naming: Naming) -> tuple[str, ...]:
    """Say of each backbone what it takes the films of each class for most often."""
    return tuple(
        f"{backbone.title} takes "
        + joined(
            [
                f"{names.label} films most often for “{names.commonest.thing}” "
                f"({percent_text(names.commonest.share_first, 0)} of them)"
                for names in backbone.per_class
            ]
        )
        + "."
        for backbone in naming.backbones
    )


def render_naming(naming: Naming, thumbnails: Mapping[str, bytes]) -> str:
    """Write the page of a naming.

    Args:
        naming: A finished study.
        thumbnails: JPEG bytes by film id, for the films of `films_named`; a film without
            one is shown by its id alone.

    Returns:
        A whole HTML page. The same arguments always give the same text.
    """
    cohort = naming.cohort
    redact = redactor(cohort)
    return render_page(
        "naming",
        cohort=cohort,
        date=day_of(naming.provenance),
        n_films=films_text(len(cohort)),
        headlines=headline_texts(naming)[:_HEADLINES_AT_MOST],
        n_untold=max(len(naming.backbones) - _HEADLINES_AT_MOST, 0),
        unverified=unverified_text(naming),
        lesson=[_with_code(paragraph) for paragraph in LESSON],
        backbones=[_backbone_view(backbone, _longest(naming)) for backbone in naming.backbones],
        examples=_examples(naming, thumbnails),
        n_unnamed=max(len(naming.backbones) - _BACKBONES_PER_FILM, 0),
        excluded=view_excluded(cohort),
        absent=[entry.name for entry in naming.unavailable if not entry.is_refused],
        refused=[
            (entry.name, redact(entry.why)) for entry in naming.unavailable if entry.is_refused
        ],
        provenance=list_entries(naming.provenance, redact),
        peak_memory=bytes_text(naming.peak_rss_bytes),
    )


def _with_code(text: str) -> Markup:
    """Set what stands between backticks as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if k % 2 else part for k, part in enumerate(parts)
    )


def _longest(naming: Naming) -> float:
    """Find the highest probability shown, for which the longest bar stands."""
    return max(
        likeness.probability
        for backbone in naming.backbones
        for names in backbone.per_class
        for likeness in names.top
    )


def _backbone_view(backbone: BackboneNames, longest: float) -> dict[str, Any]:
    return {
        "title": backbone.title,
        "size_px": backbone.size_px,
        "weights": backbone.weights,
        "classes": [
            {
                "label": names.label,
                "films": films_text(names.n_films),
                "commonest": names.commonest.thing,
                "share": percent_text(names.commonest.share_first, 0),
                "top": [_row(likeness, longest) for likeness in names.top],
            }
            for names in backbone.per_class
        ],
    }


def _row(likeness: ImagenetMatch, longest: float) -> dict[str, str]:
    return {
        "thing": likeness.thing,
        "probability": percent_text(likeness.probability),
        "bar": f"{likeness.probability / longest:.4f}",
        "first": percent_text(likeness.share_first, 0),
    }


def _examples(naming: Naming, thumbnails: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Per class, a few films, and what the first backbones take each of them for."""
    shown, things = films_named(naming), imagenet_classes()
    rows = {film.film_id: row for row, film in enumerate(naming.cohort.films)}

    def answers(film: Film) -> list[tuple[str, str, str]]:
        row = rows[film.film_id]
        return [
            (
                backbone.title,
                things[backbone.things[row, 0]],
                percent_text(float(backbone.probabilities[row, 0]), 0),
            )
            for backbone in naming.backbones[:_BACKBONES_PER_FILM]
        ]

    return [
        {
            "label": label,
            "films": [
                (film.film_id, data_uri(film, thumbnails), answers(film))
                for film in shown
                if film.label == label
            ],
        }
        for label in naming.cohort.classes
    ]


def save_naming(
    naming: Naming, folder: str | Path, *, cache_dir: str | Path | None = None
) -> Naming:
    """Write a finished naming as a run folder.

    Args:
        naming: What `name_films` returned.
        folder: Created whole; an earlier run of that name is replaced.
        cache_dir: Where small copies of the shown films are kept; the user's cache
            if not given.

    Returns:
        The naming as written, its peak memory brought up to date.

    Raises:
        OutputError: The place is taken by something else, cannot be written, or is full.
    """
    folder = Path(folder)
    check_run_folder(folder)
    cache = Path(cache_dir) if cache_dir is not None else default_cache_dir()
    report = render_naming(naming, load_thumbnails(films_named(naming), cache))
    naming = replace(naming, peak_rss_bytes=peak_rss_bytes())
    files = {
        "report.html": report,
        "results.json": to_json(describe_naming(naming, LESSON)),
        "imagenet.csv": imagenet_table(naming),
        "provenance.json": to_json(redacted(naming.provenance, redactor(naming.cohort))),
    }
    if naming.cohort.excluded:
        files["excluded.csv"] = excluded_table(naming.cohort)
    write_run(folder, files)
    return naming
