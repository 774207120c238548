"""What ImageNet classes the films get, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from hilum.backbones import imagenet_classes
from hilum.classifier import WeightsJson
from hilum.runs.documents import as_document
from hilum.runs.figures import CohortJson, UnavailableJson, describe_cohort
from hilum.studies import BackboneNames, ImagenetMatch, Naming

ThingJson = TypedDict("ThingJson", {"class": str, "probability": float})

LikenessJson = TypedDict(
    "LikenessJson", {"class": str, "index": int, "probability": float, "share_first": float}
)


class ClassNamesJson(TypedDict):
    """What the films of one class are taken for.

    Attributes:
        top: The five things of the highest mean probability.
        commonest: The thing that came first most often.
    """

    label: str
    n_films: int
    top: list[LikenessJson]
    commonest: LikenessJson


class FilmNamesJson(TypedDict):
    """The five things that one film is taken for."""

    film_id: str
    top: list[ThingJson]


class BackboneNamesJson(TypedDict):
    """What one backbone takes the films for."""

    name: str
    title: str
    size_px: int
    weights: WeightsJson
    per_class: list[ClassNamesJson]
    films: list[FilmNamesJson]


class NamingJson(TypedDict):
    """What ImageNet classes the films get."""

    schema: Literal["hilum.naming/1"]
    classes: list[str]
    cohort: CohortJson
    lesson: list[str]
    backbones: list[BackboneNamesJson]
    unavailable: list[UnavailableJson]
    peak_rss_bytes: int | None


def describe_naming(naming: Naming, lesson: Sequence[str]) -> NamingJson:
    """Tell what the films are taken for; neither paths nor file names are told.

    Args:
        naming: What `name_films` returned.
        lesson: What to learn from it, in sentences.
    """
    return {
        "schema": "hilum.naming/1",
        "classes": list(naming.cohort.classes),
        "cohort": describe_cohort(naming.cohort),
        "lesson": list(lesson),
        "backbones": [_describe_backbone(naming, backbone) for backbone in naming.backbones],
        "unavailable": [as_document(absent, UnavailableJson) for absent in naming.unavailable],
        "peak_rss_bytes": naming.peak_rss_bytes,
    }


def _describe_backbone(naming: Naming, backbone: BackboneNames) -> BackboneNamesJson:
    things = imagenet_classes()
    return {
        "name": backbone.name,
        "title": backbone.title,
        "size_px": backbone.size_px,
        "weights": as_document(backbone.weights, WeightsJson),
        "per_class": [
            {
                "label": names.label,
                "n_films": names.n_films,
                "top": [_describe_likeness(likeness) for likeness in names.top],
                "commonest": _describe_likeness(names.commonest),
            }
            for names in backbone.per_class
        ],
        "films": [
            {
                "film_id": film.film_id,
                "top": [
                    {"class": things[thing], "probability": probability}
                    for thing, probability in zip(numbers, probabilities, strict=True)
                ],
            }
            for film, numbers, probabilities in zip(
                naming.cohort.films, backbone.things, backbone.probabilities, strict=True
            )
        ],
    }


def _describe_likeness(likeness: ImagenetMatch) -> LikenessJson:
    return {
        "class": likeness.thing,
        "index": likeness.index,
        "probability": likeness.probability,
        "share_first": likeness.share_first,
    }
