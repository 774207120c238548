"""Made-up results on top of the backbones' own: ensemble, pick, subgroups, films from elsewhere."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Exclusion, Film
from hilum.evaluation.metrics import evaluate
from hilum.evaluation.results import (
    Confusion,
    Estimate,
    Evaluation,
    Interval,
    NestedPick,
    OperatingPoint,
    OperatingPolicy,
    Subgroup,
    SubgroupComparison,
)
from hilum.studies.results import (
    Comparison,
    Ensemble,
    ExternalFigures,
    ExternalValidation,
    SourceTest,
    SourceValidation,
)
from scored import score_heads
from unit.report.make_comparison import CANARY, make_comparison
from unit.report.make_decisions import as_chosen, make_decisions, with_decisions

MADE_UP = "made up"
OUTSIDER = "OTHER-SMITH"
"""In every name of the other cohort, and nowhere else."""


def make_assessed(headline: str = "supported", backbones: int = 3) -> Comparison:
    """A comparison with all that can be said beyond the single backbones."""
    comparison = make_comparison(headline=headline, separation=1.6, backbones=backbones)
    comparison = with_decisions(with_naive_intervals(comparison))
    return replace(
        comparison,
        ensemble=make_ensemble(comparison),
        pick=make_pick(comparison),
        subgroups=make_subgroups(),
        by_source=make_by_source(comparison),
        external=make_external(comparison),
    )


def with_naive_intervals(comparison: Comparison) -> Comparison:
    """Bound every figure in other ways too: narrower, as if each film were another person's."""

    def checked(name: str, estimate: Estimate) -> Estimate:
        low, high = estimate.low, estimate.high
        third = (high - low) / 6
        check = "delong" if name == "auroc" else "wilson"
        return replace(
            estimate,
            also={
                check: Interval(low + 0.001, high - 0.001),
                "films_as_independent": Interval(low + third, high - third),
            },
        )

    results = []
    for result in comparison.backbones:
        metrics = {name: checked(name, m) for name, m in result.evaluation.metrics.items()}
        metrics["average_precision"] = Estimate(0.971, 0.942, 0.989, MADE_UP)
        results.append(replace(result, evaluation=replace(result.evaluation, metrics=metrics)))
    return replace(comparison, backbones=tuple(results))


def make_ensemble(comparison: Comparison) -> Ensemble:
    """The average of all backbones."""
    results = comparison.backbones
    scores = np.mean([result.heads.scores for result in results], axis=0)
    return Ensemble(
        members=tuple(result.name for result in results),
        evaluation=_evaluation(comparison, scores),
        decisions=results[0].decisions,
    )


def make_pick(comparison: Comparison) -> NestedPick:
    """The first backbone for two films of three, the second for the others."""
    results = comparison.backbones
    scores = results[0].heads.scores.copy()
    scores[:, ::3] = results[1].heads.scores[:, ::3]
    n_films = scores.shape[1]
    n_second = len(range(0, n_films, 3))
    counts = {result.name: 0 for result in results}
    counts |= {results[0].name: n_films - n_second, results[1].name: n_second}
    evaluation = _evaluation(comparison, scores)
    return NestedPick(
        evaluation=evaluation,
        times_chosen=counts,
        decisions=as_chosen(
            make_decisions(evaluation, (comparison.cohort.y == 0).astype(np.int64))
        ),
    )


def make_subgroups() -> tuple[SubgroupComparison, ...]:
    """No difference by sex, one by view, a level without positives, a small level."""
    nan = float("nan")
    return (
        SubgroupComparison(
            "sex", (_group("F", 70, 36, 0.95), _group("M", 84, 41, 0.94)), 6, 0.71, 0.64, 0.38, 1.0
        ),
        SubgroupComparison(
            "age",
            (
                _group("0-17", 6, 0, None, is_small=True),
                _group("18-39", 50, 22, 0.93),
                _group("40-64", 64, 34, 0.95),
                _group("65+", 40, 24, 0.96),
            ),
            0, 0.52, 0.49, 0.22, 0.88,
        ),
        SubgroupComparison(
            "view", (_group("AP", 60, 31, 0.84), _group("PA", 100, 49, 0.97)), 0,
            0.0021, 0.0009, 0.31, 0.0099,
        ),
        SubgroupComparison(
            "source", (_group("Hospital A", 107, 53, 0.95),), 53, nan, nan, nan, nan
        ),
    )  # fmt: skip


def make_by_source(comparison: Comparison) -> SourceValidation:
    """Two sources that were tested, one that could not be."""
    return SourceValidation(
        tests=(
            SourceTest("Hospital A", 107, 53, "", _external(comparison, (0.02, 0.015, 0.03))),
            SourceTest("Hospital B", 53, 27, "", _external(comparison, (0.19, 0.12, 0.24))),
            SourceTest(
                "Hospital C", 12, 12, "The other sources hold no film of class 'normal'.", ()
            ),
        ),
        seconds=12.5,
    )


def make_external(comparison: Comparison) -> ExternalValidation:
    """Another cohort with names of its own, on which the heads do worse."""
    films = []
    for k, label in enumerate(comparison.cohort.classes):
        for i in range(60 + 20 * k):
            sha256 = hashlib.sha256(f"{OUTSIDER}{label}{i}".encode()).hexdigest()
            path = Path(f"/data/{CANARY}-2/{label}/{OUTSIDER}-{i:04d}.png")
            films.append(Film(sha256[:12], path, sha256, label, f"{OUTSIDER}-PATIENT-{k}-{i}"))
    broken = Path(f"/data/{CANARY}-2/{OUTSIDER}-broken.png")
    cohort = Cohort(
        name="elsewhere",
        films=tuple(films),
        classes=comparison.cohort.classes,
        excluded=(
            Exclusion(
                "0e5751c026ff", broken, comparison.cohort.classes[0], "CORRUPT", "It ends.", "Copy."
            ),
        ),
        left_out={"Pneumonia": 1},
        is_external=True,
    )
    point = OperatingPoint(
        policy=OperatingPolicy(),
        threshold=0.31,
        threshold_sd=0.07,
        n_validation=12,
        promised=12 / 13,
        confusion=Confusion(41, 19, 70, 10),
        accuracy=Estimate(0.793, 0.716, 0.857, MADE_UP),
        sensitivity=Estimate(0.683, 0.550, 0.797, MADE_UP),
        specificity=Estimate(0.875, 0.782, 0.938, MADE_UP),
    )
    all_scored = _external(comparison, (0.09, 0.11, 0.08), with_ensemble=True)
    return ExternalValidation(
        cohort=cohort,
        n_known=12,
        n_shared_patients=3,
        transfers=tuple(replace(scored, operating_point=point) for scored in all_scored),
        seconds=4.1,
    )


def _external(
    comparison: Comparison, drops: tuple[float, float, float], *, with_ensemble: bool = False
) -> tuple[ExternalFigures, ...]:
    """Figures that lie below those here by `drops`: AUROC, sensitivity, specificity."""
    here = {result.name: result.evaluation for result in comparison.backbones}
    if with_ensemble:
        here["ensemble"] = comparison.backbones[0].evaluation
    by_metric = dict(zip(("auroc", "sensitivity", "specificity"), drops, strict=True))
    by_metric["accuracy"] = drops[0]
    all_scored = []
    for name, evaluation in here.items():
        metrics = {
            metric: _estimate(evaluation.metrics[metric].value - drop, 0.05)
            for metric, drop in by_metric.items()
        }
        all_scored.append(
            ExternalFigures(
                name=name,
                metrics=metrics,
                drops={
                    metric: Estimate(drop, drop - 0.06, drop + 0.06, MADE_UP)
                    for metric, drop in by_metric.items()
                    if metric != "accuracy"
                },
                confusion=Confusion(45, 15, 62, 18),
                roc=evaluation.roc,
                operating_point=None,
            )
        )
    return tuple(all_scored)


def _evaluation(comparison: Comparison, scores: np.ndarray) -> Evaluation:
    folds = comparison.folds
    heads = score_heads(scores, comparison.cohort.y, folds.splits, folds.groups, positive=0)
    return evaluate(heads, rng=np.random.default_rng(0), n_bootstraps=50)


def _group(
    level: str, films: int, positives: int, auroc: float | None, *, is_small: bool = False
) -> Subgroup:
    return Subgroup(
        level=level,
        n_films=films,
        n_positives=positives,
        n_groups=films // 2,
        auroc=None if auroc is None else _estimate(auroc, 0.03),
        sensitivity=None if auroc is None else _estimate(auroc - 0.06, 0.06),
        specificity=_estimate(0.91, 0.3 if is_small else 0.06),
        is_small=is_small,
    )


def _estimate(value: float, margin: float) -> Estimate:
    return Estimate(value, value - margin, min(1.0, value + 0.8 * margin), MADE_UP)
