"""A trained classifier as a bundle on disk, with its model card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hilum.backbones.compiling import compile_backbone
from hilum.classifier.bundle import Bundle, check_bundle_place, versions, write_bundle
from hilum.classifier.graph_places import hash_graph
from hilum.classifier.records import (
    BundleRecord,
    CohortVerdict,
    FrozenBackbone,
    GraphReference,
)
from hilum.errors import CacheError
from hilum.report.model_card import render_card
from hilum.report.run_folder import results, to_json
from hilum.studies.comparison import Comparison, WeightsRecord
from hilum.studies.training import TrainedClassifier

_OF_COHORT = ("name", "n", "per_class", "patients", "groups")
_OF_POINT = ("sensitivity", "specificity", "accuracy", "n_validation", "promised")


def save_bundle(
    trained: TrainedClassifier, folder: str | Path, *, standalone: bool = False
) -> BundleRecord:
    """Write a classifier as a bundle.

    Args:
        trained: What `train` returned.
        folder: Created whole; an earlier bundle of that name is replaced.
        standalone: Put the backbone into the bundle. Otherwise the bundle names it by its
            hash, and the cache of the machine that uses it must have it or be able to
            compile it.

    Returns:
        What the bundle says of itself.

    Raises:
        OutputError: The place is taken by something else, cannot be written, or is full.
    """
    folder = Path(folder)
    check_bundle_place(folder)
    study = _study(trained.study)
    (told,) = (each for each in study["backbones"] if each["name"] == trained.backbone.name)
    graph_folder = compile_backbone(trained.backbone, trained.cache_dir)
    try:
        graph = GraphReference(graph_folder.name, hash_graph(graph_folder), standalone)
    except OSError as error:
        raise CacheError(
            "The compiled backbone cannot be read from the cache.", fix="Run the command again."
        ) from error
    record = BundleRecord(
        classes=trained.classes,
        positive=trained.positive,
        backbone=_describe_backbone(trained),
        graph=graph,
        n_heads=len(trained.heads.temperatures),
        policy=trained.policy,
        threshold=trained.heads.threshold,
        neighbours=trained.guard.neighbours,
        distance_limit=trained.guard.threshold,
        verdict=CohortVerdict(study["verdict"]["headline"], tuple(study["verdict"]["reasons"])),
        study=_summary(trained, study, told),
        made_with=versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        files={},
    )
    bundle = Bundle(
        record=record,
        heads=trained.heads,
        guard=trained.guard,
        references=trained.references,
        graph_folder=graph_folder,
        card=render_card(record, study),
        study=study,
    )
    return write_bundle(bundle, folder)


def _study(study: Comparison | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(study, Comparison):
        plain: dict[str, Any] = json.loads(to_json(results(study)))
        return plain
    return dict(study)


def _describe_backbone(trained: TrainedClassifier) -> FrozenBackbone:
    backbone, weights = trained.backbone, WeightsRecord.of(trained.backbone)
    record = backbone.record
    return FrozenBackbone(
        name=backbone.name,
        title=backbone.title,
        size_px=record.input.size_px,
        scaling=record.input.scaling,
        pooling=record.pooling,
        feature_width=record.feature_width,
        weights={
            "origin": weights.origin,
            "sha256": weights.sha256,
            "licence": weights.licence,
            "is_verified": weights.is_verified,
        },
    )


def _summary(
    trained: TrainedClassifier, study: Mapping[str, Any], told: Mapping[str, Any]
) -> dict[str, Any]:
    """Keep of the study what every answer should have at hand."""
    point = told["decisions"]["operating_point"]
    is_picked = trained.choice == "smallest of the best tier" and study["pick"] is not None
    return {
        "cohort": {name: study["cohort"][name] for name in _OF_COHORT},
        "recipe": study["recipe"]["name"],
        "seed": study["seed"],
        "choice": trained.choice,
        "metrics": told["metrics"],
        "metrics_of_choosing": study["pick"]["metrics"] if is_picked else None,
        "operating_point": {name: point[name] for name in _OF_POINT},
    }
