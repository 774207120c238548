"""What explanations compare a film with: mean feature maps of some of the training films."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import UInt8

from hilum.backbones.compiling import compile_backbone
from hilum.backbones.weights import Backbone
from hilum.classifier.graph import FeatureGraph
from hilum.classifier.references import ReferenceMaps, choose_reference_films, make_references
from hilum.cohort.manifest import Cohort
from hilum.cohort.reading import decode_film
from hilum.cohort.registering import load_registered
from hilum.features.views import resize_film
from hilum.studies.extracting import Workshop


def average_references(
    cohort: Cohort, backbone: Backbone, workshop: Workshop, rng: np.random.Generator
) -> ReferenceMaps | None:
    """Average the feature maps of some films of each class.

    Features are stored, maps are not, being 50 times as large: so these films are looked at
    once more.

    Args:
        cohort: The training films.
        backbone: The network, fed as in the study.
        workshop: Whose cache holds its graph.
        rng: Draws the films.

    Returns:
        The maps; None where the backbone shows none.

    Raises:
        FilmChangedError: A film has changed since it was registered.
    """
    record = backbone.record
    graph = FeatureGraph(
        compile_backbone(backbone, workshop.cache_dir),
        size_px=record.input.size_px,
        width=record.feature_width,
    )
    if not graph.has_map:
        return None
    rows = choose_reference_films(cohort.y, rng)
    workshop.watcher.begin("References", "films")

    def squares() -> Iterator[tuple[UInt8[np.ndarray, "size size"], int]]:
        for done, row in enumerate(rows, start=1):
            film = cohort.films[row]
            image = decode_film(
                load_registered(film), suffix=film.path.suffix, at_least_px=graph.size_px
            )
            yield resize_film(image.pixels, graph.size_px), int(cohort.y[row])
            workshop.watcher.advance(done, len(rows))

    references = make_references(graph, squares(), len(cohort.classes))
    workshop.watcher.end(f"{len(rows)} films that explanations compare with")
    return references
