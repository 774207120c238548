"""A pretrained network as it is: which of its thousand things does it take films for?

The first of the paper's three ways to use one, and a lesson more than a method: ImageNet holds
photographs of things, and no radiograph. Nothing is trained here, so nothing is split, measured
or compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int

from hilum.backbones import Backbone, LocalWeights, graph_key, imagenet_classes
from hilum.cohort import Cohort
from hilum.features import rotated_views
from hilum.machine import peak_rss_bytes
from hilum.studies.extraction import StudyContext, open_context
from hilum.studies.options import NamingOptions, takes
from hilum.studies.preparation import check_cache, choose_backbones, hash_cohort
from hilum.studies.provenance import Provenance, describe_study
from hilum.studies.results import Unavailable, WeightsRecord

N_TOP = 5


@dataclass(frozen=True)
class ImagenetMatch:
    """One of the thousand things, and how much a group of films is taken for it.

    Attributes:
        thing: Name of the ImageNet class.
        index: Its number among the thousand.
        probability: Mean over the films, as a fraction.
        share_first: Share of the films for which it came first.
    """

    thing: str
    index: int
    probability: float
    share_first: float


@dataclass(frozen=True)
class ClassNames:
    """What one backbone takes the films of one class for.

    Attributes:
        label: The films' class.
        n_films: How many they are.
        top: The five things of the highest mean probability, the highest first.
        commonest: The thing that came first for the most films.
    """

    label: str
    n_films: int
    top: tuple[ImagenetMatch, ...]
    commonest: ImagenetMatch


@dataclass(frozen=True)
class BackboneNames:
    """What one backbone takes all films for.

    Attributes:
        name: The backbone's catalog name.
        title: The name as papers write it; it tells of unverified weights.
        size_px: Side of the square input.
        weights: Where the pretrained weights came from.
        per_class: One entry per class, in the cohort's order.
        things: Of each film, in the cohort's order, the numbers of the five things of the
            highest probability, the highest first.
        probabilities: Theirs, as fractions.
    """

    name: str
    title: str
    size_px: int
    weights: WeightsRecord
    per_class: tuple[ClassNames, ...]
    things: Int[np.ndarray, "films 5"]
    probabilities: Float32[np.ndarray, "films 5"]


@dataclass(frozen=True)
class Naming:
    """Everything that one study of networks as they are found.

    Attributes:
        cohort: The films that could be read; the others stand in its `excluded`.
        backbones: In the order asked for.
        unavailable: Backbones that could not take part.
        provenance: Versions, hardware, command line, hashes.
        peak_rss_bytes: The most memory that the study held; None where unknown.
    """

    cohort: Cohort
    backbones: tuple[BackboneNames, ...]
    unavailable: tuple[Unavailable, ...]
    provenance: Provenance
    peak_rss_bytes: int | None


@takes(NamingOptions)
def name_films(cohort: Cohort, options: NamingOptions) -> Naming:
    """Ask pretrained networks, as they are, what they see on the films.

    Args:
        cohort: The films and their labels.
        options: By keyword.

    Raises:
        CohortError: No film of a class can be read.
        UnknownBackboneError: A name is in no catalog.
        WeightsError: A named backbone's classifier is not available here, or it has none.
        UntrustedModelError: A weight file is not what it should be.
        CacheError: The cache folder cannot be written, or has no room.
    """
    return name_films_with(cohort, options, open_context(options))


def name_films_with(cohort: Cohort, options: NamingOptions, context: StudyContext) -> Naming:
    """Ask in a context of the caller's; see `name_films`."""
    chosen, unavailable = choose_backbones(
        options.backbones,
        LocalWeights(context.cache_dir, options.weights_dir),
        allows_unverified=options.allows_unverified_weights,
        needs_top=True,
    )
    check_cache(context.cache_dir)

    upright = rotated_views(0, seed=0)
    cohort, _ = context.store_features(cohort, chosen, upright, output="classes")
    named = []
    for backbone in chosen:  # once more, from the store: now all on the same films
        stored = context.load_features(cohort.films, backbone, upright, output="classes")
        named.append(_read_names(cohort, backbone, stored.values[:, 0]))
    return Naming(
        cohort=cohort,
        backbones=tuple(named),
        unavailable=unavailable,
        provenance=describe_study(
            context.command_line,
            films_sha256=hash_cohort(cohort),
            graphs={backbone.name: graph_key(backbone, "classes") for backbone in chosen},
        ),
        peak_rss_bytes=peak_rss_bytes(),
    )


def _read_names(
    cohort: Cohort, backbone: Backbone, scores: Float32[np.ndarray, "films things"]
) -> BackboneNames:
    things = _highest(scores)
    y = cohort.y
    return BackboneNames(
        name=backbone.name,
        title=backbone.title,
        size_px=backbone.record.input.size_px,
        weights=WeightsRecord.of(backbone),
        per_class=tuple(
            _sum_up(label, scores[y == k], things[y == k, 0])
            for k, label in enumerate(cohort.classes)
        ),
        things=things,
        probabilities=np.take_along_axis(scores, things, axis=1),
    )


def _sum_up(
    label: str, scores: Float32[np.ndarray, "films things"], first: Int[np.ndarray, " films"]
) -> ClassNames:
    mean = scores.mean(axis=0, dtype=np.float64)
    share_first = np.bincount(first, minlength=len(mean)) / len(first)

    def likeness(index: int) -> ImagenetMatch:
        return ImagenetMatch(
            thing=imagenet_classes()[index],
            index=index,
            probability=float(mean[index]),
            share_first=float(share_first[index]),
        )

    # Of things that came first equally often, the one of the higher probability.
    commonest = max(range(len(mean)), key=lambda index: (share_first[index], mean[index]))
    return ClassNames(
        label=label,
        n_films=len(first),
        top=tuple(likeness(int(index)) for index in _highest(mean)),
        commonest=likeness(commonest),
    )


def _highest(scores: Float[np.ndarray, "*films things"]) -> Int[np.ndarray, "*films 5"]:
    """Return the numbers of the five highest scores, the highest first."""
    return np.argsort(-scores, axis=-1, kind="stable")[..., :N_TOP]
