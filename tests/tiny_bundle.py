"""A classifier made in milliseconds: a tiny graph, three heads, films that it knows.

Bright films have the disease. Its films are smooth; noise and chequers are not like them.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from hilum.classifier.bundle import READS, Bundle, versions, write_bundle
from hilum.classifier.explain.references import make_references
from hilum.classifier.graph import FeatureGraph, hash_graph
from hilum.classifier.guard import fit_guard
from hilum.classifier.heads import HeadStack
from hilum.classifier.records import BundleRecord, CohortVerdict, FrozenBackbone, GraphReference
from hilum.evaluation.results import OperatingPolicy

SIZE_PX, CELLS, CHANNELS = 64, 8, 12
CLASSES = ("Disease", "Normal")
CARD = "---\nlicense: apache-2.0\n---\n# A tiny classifier for tests\n"


def tiny_film(brightness: float, seed: int = 0) -> np.ndarray:
    """Draw a smooth film; from a brightness of about 0.5 on it has the disease."""
    rng = np.random.default_rng(seed)
    across, down = np.meshgrid(*[np.linspace(-1, 1, SIZE_PX)] * 2)
    tilt = 25 * (rng.uniform(-1, 1) * across + rng.uniform(-1, 1) * down)
    bump = 30 * np.exp(-4 * (across**2 + down**2))
    film = 255 * brightness + tilt + bump + rng.normal(0, 2, (SIZE_PX, SIZE_PX))
    return np.clip(film, 0, 255).astype(np.uint8)


def strange_film(seed: int = 0) -> np.ndarray:
    """Draw what is no film: chequers with noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((SIZE_PX, SIZE_PX))
    chequers = 255 * ((rows // 2 + columns // 2) % 2)
    return np.clip(chequers + rng.normal(0, 20, chequers.shape), 0, 255).astype(np.uint8)


def as_png(film: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(film).save(buffer, "PNG")
    return buffer.getvalue()


def write_tiny_graph(folder: Path) -> Path:
    """Write a graph of Hilum's kind: a strided convolution, its map and the map's mean."""
    import openvino
    from openvino import opset13 as ops

    rng = np.random.default_rng(0)
    side = SIZE_PX // CELLS
    filters = rng.normal(0, 0.4, (CHANNELS, 1, side, side)).astype(np.float32)
    filters[0] = 1 / side**2  # the cell's brightness
    films = ops.parameter([-1, SIZE_PX, SIZE_PX, 1], np.uint8, name="films")
    scaled = ops.divide(ops.convert(films, "f32"), np.float32(255))
    seen = ops.convolution(
        ops.transpose(scaled, [0, 3, 1, 2]), filters, [side, side], [0, 0], [0, 0], [1, 1]
    )
    last_map = ops.transpose(ops.relu(seen), [0, 2, 3, 1])
    pooled = ops.reduce_mean(last_map, [1, 2])
    folder.mkdir(parents=True, exist_ok=True)
    openvino.serialize(openvino.Model([pooled, last_map], [films], "tiny"), folder / "graph.xml")
    return folder


def tiny_verdict(headline: str) -> CohortVerdict:
    """A verdict in words, with a line to quote unless it is withheld."""
    quote = "Sensitivity 90.0 % (95 % CI 80.0 to 95.0; 27 of 30): Disease against Normal, 60 films"
    is_withheld = headline == "withheld"
    return CohortVerdict(
        headline,
        ("Patients are unknown.", "Few films."),
        title=f"{headline.capitalize()} on films of one source",
        text="It is limited by unknown patients: read the figures with that in mind.",
        looked=("Tried: frame of the film.", "All 5 draws of the folds lead to this verdict."),
        quote="" if is_withheld else quote,
        elsewhere="" if is_withheld else "Not tried on films from elsewhere.",
        next_steps=("Name the patient of every film: a column `patient`.",),
    )


def tiny_heads(n_heads: int = 3) -> HeadStack:
    """Make heads that look at brightness alone, each a little differently."""
    rng = np.random.default_rng(1)
    hidden_kernel = rng.normal(0, 0.01, (n_heads, CHANNELS, 4)).astype(np.float32)
    hidden_kernel[:, 0, 0], hidden_kernel[:, 0, 1] = 10, -10
    hidden_bias = np.tile(np.float32([-5, 5, 0.1, 0.1]), (n_heads, 1))
    output_kernel = rng.normal(0, 0.01, (n_heads, 4, 2)).astype(np.float32)
    output_kernel[:, 0], output_kernel[:, 1] = (1, -1), (-1, 1)
    return HeadStack(
        hidden_kernel=hidden_kernel,
        hidden_bias=hidden_bias,
        output_kernel=output_kernel,
        output_bias=rng.normal(0, 0.05, (n_heads, 2)).astype(np.float32),
        temperatures=np.float32(rng.uniform(0.8, 1.3, n_heads)),
        log_prior_ratios=np.tile(np.float32([-0.1, 0.1]), (n_heads, 1)),
        positive=0,
        threshold=0.4,
    )


def write_tiny_bundle(folder: Path, *, headline: str = "limited") -> Path:
    """Write a standalone bundle to `folder`, and return it."""
    graph_folder = write_tiny_graph(folder.with_name(f"{folder.name}-graph"))
    graph = FeatureGraph(graph_folder, size_px=SIZE_PX, width=CHANNELS)
    films = np.stack([tiny_film(0.15 + 0.7 * k / 59, seed=k) for k in range(60)])
    guard = fit_guard(
        graph.look(films).features, np.arange(60), rng=np.random.default_rng(0), kept_share=1.0
    )
    share = {"value": 0.9, "low": 0.8, "high": 0.95, "method": "Clopper-Pearson", "also": {}}
    record = BundleRecord(
        classes=CLASSES,
        positive="Disease",
        backbone=FrozenBackbone(
            name="tiny",
            title="Tiny",
            size_px=SIZE_PX,
            scaling="unit",
            pooling="average",
            feature_width=CHANNELS,
            weights={"origin": "drawn", "sha256": "0" * 64, "licence": "Apache-2.0",
                     "is_verified": True},
        ),
        graph=GraphReference("tiny-graph", hash_graph(graph_folder), is_included=True),
        n_heads=3,
        policy=OperatingPolicy("sensitivity", 0.95),
        threshold=0.4,
        neighbours=guard.neighbours,
        distance_limit=guard.threshold,
        verdict=tiny_verdict(headline),
        study={
            "cohort": {"name": "tiny films", "n": 60, "per_class": {"Disease": 30, "Normal": 30},
                       "patients": None, "groups": 60},
            "recipe": "hilum",
            "seed": 0,
            "choice": "only",
            "metrics": dict.fromkeys(("accuracy", "sensitivity", "specificity", "auroc"), share),
            "metrics_of_choosing": None,
            "operating_point": {"sensitivity": share, "specificity": share, "accuracy": share,
                                "n_validation": 10, "promised": None},
        },
        made_with=versions(),
        created="2026-01-01T00:00:00+00:00",
        files={},
    )  # fmt: skip
    assert READS.items() <= record.made_with.items()
    study = {"schema": "hilum.results/1", "positive": "Disease"}
    squares = ((film, int(k < 30)) for k, film in enumerate(films))
    references = make_references(graph, squares, len(CLASSES))
    bundle = Bundle(record, tiny_heads(), guard, references, graph_folder, CARD, study)
    write_bundle(bundle, folder)
    return folder
