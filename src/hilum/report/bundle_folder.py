"""A trained classifier as a bundle on disk, with its model card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from hilum.backbones.compiling import compile_backbone
from hilum.classifier.bundle import Bundle, check_bundle_place, versions, write_bundle
from hilum.classifier.graph_places import hash_graph
from hilum.classifier.records import (
    BundleRecord,
    CohortVerdict,
    FrozenBackbone,
    GraphReference,
    StudyJson,
)
from hilum.errors import CacheError
from hilum.report.model_card import render_card
from hilum.runs.comparison import ResultsJson, describe_comparison
from hilum.runs.figures import BackboneJson, describe_weights
from hilum.runs.schema import conform, to_json
from hilum.studies.comparison import Comparison, WeightsRecord
from hilum.studies.training import TrainedClassifier


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
        study={**study},
    )
    return write_bundle(bundle, folder)


def _study(study: Comparison | Mapping[str, object]) -> ResultsJson:
    """Return the study's `results.json`, with null in the place of NaN."""
    plain = (
        json.loads(to_json(describe_comparison(study))) if isinstance(study, Comparison) else study
    )
    return conform(plain, ResultsJson)


def _describe_backbone(trained: TrainedClassifier) -> FrozenBackbone:
    backbone, record = trained.backbone, trained.backbone.record
    return FrozenBackbone(
        name=backbone.name,
        title=backbone.title,
        size_px=record.input.size_px,
        scaling=record.input.scaling,
        pooling=record.pooling,
        feature_width=record.feature_width,
        weights=describe_weights(WeightsRecord.of(backbone)),
    )


def _summary(trained: TrainedClassifier, study: ResultsJson, told: BackboneJson) -> StudyJson:
    """Keep of the study what every answer should have at hand."""
    cohort, pick = study["cohort"], study["pick"]
    assert told["decisions"] is not None, "a classifier has a threshold"
    point = told["decisions"]["operating_point"]
    chosen = pick if trained.choice == "smallest of the best tier" else None
    return {
        "cohort": {
            "name": cohort["name"],
            "n": cohort["n"],
            "per_class": cohort["per_class"],
            "patients": cohort["patients"],
            "groups": cohort["groups"],
        },
        "recipe": study["recipe"]["name"],
        "seed": study["seed"],
        "choice": trained.choice,
        "metrics": told["metrics"],
        "metrics_of_choosing": None if chosen is None else chosen["metrics"],
        "operating_point": {
            "sensitivity": point["sensitivity"],
            "specificity": point["specificity"],
            "accuracy": point["accuracy"],
            "n_validation": point["n_validation"],
            "promised": point["promised"],
        },
    }
