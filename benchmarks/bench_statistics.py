"""How long the statistics of a study take, beside one plain bootstrap loop.

600 films in 450 groups, 3 backbones, 5 folds x 5 repeats, 2,000 resamples: every
backbone's figures and decisions, the average of all, the nested pick, all paired tests
and the subgroups. The yardstick is what one interval of one backbone costs when
scikit-learn's `roc_auc_score` is called in a loop over as many resamples. All times are
of the processor, since none of this waits for anything.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.bench_heads import make_splits
from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Film
from hilum.folds.folds import Folds
from hilum.heads.training import History, TrainedHeads
from hilum.studies.options import ComparisonOptions
from hilum.studies.preparation import StudyDesign
from hilum.studies.recipes import RECIPES
from hilum.studies.results import BackboneResult, Seconds, WeightsRecord
from hilum.studies.statistics import assess, decide_by_scores, judge_scores

FILMS, PATIENTS, BACKBONES, RESAMPLES = 600, 450, 3, 2000


def make_ground(rng: np.random.Generator) -> StudyDesign:
    """Lay out films of two classes, with sexes, ages and views, and their folds."""
    films = tuple(
        Film(
            film_id=f"{k:012x}", path=None, sha256="", label="AB"[k % 2],  # type: ignore[arg-type]
            patient=str(k % PATIENTS), source=f"hospital {k % 3}", view=("PA", "AP")[k % 5 < 2],
            sex="FM"[int(rng.integers(2))], age=float(rng.integers(1, 95)),
        )
        for k in range(FILMS)
    )  # fmt: skip
    cohort = Cohort(name="made up", films=films, classes=("A", "B"))
    folds = Folds(tuple(make_splits(cohort.y, 1)), groups=np.arange(FILMS) % PATIENTS)
    return StudyDesign(
        cohort=cohort, positive="B", recipe=RECIPES["hilum"], seed=0, folds=folds,
        film_traits=None, relations=None,  # type: ignore[arg-type]
    )  # fmt: skip


def make_scores(design: StudyDesign, rng: np.random.Generator) -> np.ndarray:
    """Draw scores that find the class, more or less, a little differently per head."""
    y = design.cohort.y
    film = 1.6 * y - 0.8 + rng.normal(size=FILMS)
    logit = film + 0.4 * rng.normal(size=(len(design.folds.splits), FILMS))
    positive = 1 / (1 + np.exp(-2 * logit))
    return np.stack([1 - positive, positive], axis=2)


def run_stage(design: StudyDesign, scores: list[np.ndarray]) -> dict[str, float]:
    """Do what a study does once its heads are trained."""
    plan, seconds, results = ComparisonOptions().decisions(), {}, []
    nothing = np.empty((0, 0))
    history = History(nothing, nothing, nothing, nothing, np.empty(0, np.int64))
    started = time.process_time()
    for k, of_heads in enumerate(scores):
        evaluation = judge_scores(design, of_heads)
        judged = time.process_time()
        decisions = decide_by_scores(design, of_heads, plan)
        seconds["figures"] = seconds.get("figures", 0) + judged - started
        seconds["decisions"] = seconds.get("decisions", 0) + time.process_time() - judged
        results.append(
            BackboneResult(
                name=f"b{k}", title=f"B{k}", parameters=1, size_px=224, feature_width=1280,
                weights=WeightsRecord("", "", ""), heads=TrainedHeads(of_heads, history, 0.0),
                evaluation=evaluation, seconds=Seconds(0, 0), views_per_second=None,
                decisions=decisions,
            )
        )  # fmt: skip
        started = time.process_time()
    assess(design, results, plan)
    seconds["together"] = time.process_time() - started
    return seconds


def run_plain_loop(design: StudyDesign, scores: np.ndarray, rng: np.random.Generator) -> float:
    """Bound one AUROC the plain way."""
    y, score = design.cohort.y, scores[0, :, 1]
    started = time.process_time()
    for _ in range(RESAMPLES):
        rows = rng.integers(FILMS, size=FILMS)
        roc_auc_score(y[rows], score[rows])
    return time.process_time() - started


def main() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    design = make_ground(rng)
    scores = [make_scores(design, rng) for _ in range(BACKBONES)]
    run_stage(design, scores)  # what is loaded on first use is no statistics
    seconds = run_stage(design, scores)
    whole, loop = sum(seconds.values()), run_plain_loop(design, scores[0], rng)
    parts = ", ".join(f"{name} {value:.2f} s" for name, value in seconds.items())
    print(
        f"Statistics of {FILMS} films, {BACKBONES} backbones, 25 heads, {RESAMPLES} resamples: "
        f"{whole:.2f} s ({parts}); one AUROC interval by a plain loop {loop:.2f} s, "
        f"ratio {whole / loop:.2f}"
    )
    return {**seconds, "whole": whole, "plain_loop": loop, "ratio": whole / loop}


if __name__ == "__main__":
    main()
