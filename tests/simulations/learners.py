"""Learners on folds: two that are equally good, and the tests that should not tell them apart."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from hilum.evaluation.scored_films import fold_inflation
from hilum.folds.folds import repeated_folds
from scored import score_heads
from simulations.counting import COMMON, compare_both, count_findings, draw_noise
from simulations.drawing import SimulatedRow

_COLUMNS = 12
_REPEATS = 2


def simulate_learners(
    films: int,
    n_simulations: int = 1000,
    *,
    strength: float = 1.5,
    share_positive: float = 0.5,
    per_patient: int = 1,
) -> list[SimulatedRow]:
    """Two equally good learners on folds of the same films, by logistic regression.

    Args:
        films: Films of the cohort.
        n_simulations: Cohorts.
        strength: How far apart the classes are, in standard deviations.
        share_positive: Of the patients.
        per_patient: Films of each.
    """
    groups = np.arange(films) // per_patient
    is_positive = groups % round(1 / share_positive) == 0
    y = is_positive.astype(int)
    is_harsh = strength == 0 or share_positive != 0.5

    def p_values(rng: np.random.Generator) -> dict[str, float]:
        splits = repeated_folds(y, groups, n_repeats=_REPEATS, seed=int(rng.integers(2**31))).splits
        common = draw_noise(groups, _COLUMNS, rng)
        scores = []
        for _ in range(2):
            features = np.sqrt(COMMON) * common
            features += np.sqrt(1 - COMMON) * draw_noise(groups, _COLUMNS, rng)
            features += strength / np.sqrt(_COLUMNS) * y[:, np.newaxis]
            of_heads = np.full((len(splits), films, 2), np.nan)
            for head, split in enumerate(splits):
                fitted = np.union1d(split.train, split.validation)
                model = LogisticRegression(class_weight="balanced").fit(features[fitted], y[fitted])
                of_heads[head, split.test] = model.predict_proba(features[split.test])
            scores.append(score_heads(of_heads, y, splits).tested().y_score)
        inflation = fold_inflation(splits)
        stacked = np.stack(scores)
        plain = compare_both(is_positive, stacked, groups, threshold=0.5)
        widened = compare_both(is_positive, stacked, groups, threshold=0.5, inflation=inflation)
        return {
            "DeLong, scores as given": plain["DeLong"],
            "DeLong, inflated": widened["DeLong"],
            # Exact for calls given in advance, and so a little too bold for heads on folds.
            "McNemar, calls as given" if is_harsh else "McNemar": plain["McNemar"],
        }

    apart = f"classes {strength} SD apart" if strength else "nothing to learn"
    setting = f"5 folds, {_REPEATS} repeats, {apart}, {share_positive:.0%} positive"
    if per_patient > 1:
        setting += f", {per_patient} films a patient"
    # So small a problem is solved sooner by one thread than shared out among several.
    with threadpool_limits(1):
        return count_findings(p_values, films, setting, n_simulations)
