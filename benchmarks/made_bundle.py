"""A bundle as `hilum train` writes it, with drawn numbers: as heavy as a real one, soon made."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hilum.backbones.catalog import CATALOG
from hilum.backbones.compilation import compile_backbone
from hilum.backbones.weights import LocalWeights
from hilum.classifier.bundle import Bundle, versions, write_bundle
from hilum.classifier.graph import hash_graph
from hilum.classifier.guard import DomainGuard, directions
from hilum.classifier.heads import HeadStack
from hilum.classifier.records import BundleRecord, CohortVerdict, FrozenBackbone, GraphReference
from hilum.evaluation.results import OperatingPolicy

N_HEADS, N_HIDDEN, N_TRAINED_ON = 25, 64, 300


def write_made_bundle(folder: Path, cache: Path, name: str = "efficientnet-lite0") -> Path:
    """Write the bundle; returns the folder of its graph."""
    backbone = LocalWeights(cache).find(CATALOG[name])
    record = backbone.record
    graph = compile_backbone(backbone, cache)
    width = record.feature_width
    rng = np.random.default_rng(0)

    def drawn(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.05, shape).astype(np.float32)

    heads = HeadStack(
        hidden_kernel=drawn(N_HEADS, width, N_HIDDEN),
        hidden_bias=drawn(N_HEADS, N_HIDDEN),
        output_kernel=drawn(N_HEADS, N_HIDDEN, 2),
        output_bias=drawn(N_HEADS, 2),
        temperatures=np.ones(N_HEADS, np.float32),
        log_prior_ratios=np.zeros((N_HEADS, 2), np.float32),
        positive=0,
        threshold=0.5,
    )
    guard = DomainGuard(directions(np.abs(drawn(N_TRAINED_ON, width))), 5, 2.0)
    bundle = BundleRecord(
        classes=("Disease", "Normal"),
        positive="Disease",
        backbone=FrozenBackbone(
            name=record.name,
            title=record.title,
            size_px=record.input.size_px,
            scaling=record.input.scaling,
            pooling=record.pooling,
            feature_width=width,
            weights={"origin": "drawn", "sha256": "0" * 64, "licence": "", "is_verified": True},
        ),
        graph=GraphReference("drawn", hash_graph(graph), is_included=True),
        n_heads=N_HEADS,
        policy=OperatingPolicy("youden", None),
        threshold=0.5,
        neighbours=5,
        distance_limit=2.0,
        verdict=CohortVerdict("withheld", ("The heads are drawn, not trained.",)),
        study={"cohort": {}, "metrics": {}, "operating_point": {}},
        made_with=versions(),
        created="2026-01-01T00:00:00+00:00",
        files={},
    )
    write_bundle(Bundle(bundle, heads, guard, None, graph, "# Drawn\n", {}), folder)
    return graph
