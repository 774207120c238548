"""Baselines and the leak's worth, from scores on the folds of a study."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from hilum.auditing.baselines import measure_baseline, weigh_leak
from hilum.evaluation.scored_films import fold_inflation
from hilum.folds.folds import repeated_folds, single_split
from scored import score_heads


def scores_of(splits, y, strength, seed=0):
    """Scores of heads; NaN for every film that a head did not test."""
    rng = np.random.default_rng(seed)
    positive = rng.normal(size=len(y)) + strength * y
    scores = np.full((len(splits), len(y), 2), np.nan)
    for head, split in enumerate(splits):
        scores[head, split.test, 1] = positive[split.test]
        scores[head, split.test, 0] = -positive[split.test]
    return scores, positive


def study(n_films=60, per_group=1, n_repeats=2):
    groups = np.arange(n_films) // per_group
    y = groups % 2
    return y, groups, repeated_folds(y, groups, n_repeats=n_repeats, seed=0).splits


def measured(baseline, model, y, splits, groups):
    """Measure a baseline of all films, on the folds of the model."""
    baseline, model = (score_heads(scores, y, splits, groups) for scores in (baseline, model))
    return measured_films(baseline.tested(), model.tested(), fold_inflation(splits))


def measured_films(baseline, model, inflation):
    return measure_baseline(
        "frame",
        baseline,
        model,
        inflation=inflation,
        rng=np.random.default_rng(0),
        details={"a": 0.7},
        seconds=1.5,
        n_bootstraps=100,
    )


def test_a_baseline_stands_beside_the_model():
    y, groups, splits = study()
    baseline, b = scores_of(splits, y, 0.5, seed=1)
    model, m = scores_of(splits, y, 2.0, seed=2)
    record = measured(baseline, model, y, splits, groups)
    assert record.name == "frame"
    assert record.n_films == 60
    assert record.auroc.value == pytest.approx(roc_auc_score(y, b))
    assert record.model_auroc.value == pytest.approx(roc_auc_score(y, m))
    assert record.share.low <= record.share.value <= record.share.high
    assert record.p_below < 0.01
    assert record.details == {"a": 0.7}
    assert record.seconds == 1.5


def test_the_other_class_may_be_the_positive_one():
    y, groups, splits = study()
    scores, positive = scores_of(splits, y, 1.0)
    tested = score_heads(scores, y, splits, groups, positive=0).tested()
    record = measure_baseline(
        "blur", tested, tested, inflation=fold_inflation(splits),
        rng=np.random.default_rng(0), details={}, seconds=0.0, n_bootstraps=20,
    )  # fmt: skip
    assert record.auroc.value == pytest.approx(roc_auc_score(y == 0, -positive))
    assert record.p_below == 0.5


def test_a_baseline_of_some_films_is_compared_on_these():
    y, groups, splits = study()
    kept = np.flatnonzero(np.arange(60) % 3 > 0)
    among = [split.among(kept) for split in splits]
    baseline, b = scores_of(among, y[kept], 1.0, seed=1)
    model, m = scores_of(splits, y, 2.0, seed=2)
    of_kept = score_heads(baseline, y[kept], among, groups[kept]).tested()
    record = measured_films(
        replace(of_kept, films=kept[of_kept.films]),
        score_heads(model, y, splits, groups).tested(),
        fold_inflation(splits),
    )
    assert record.n_films == len(kept) == 40
    assert record.auroc.value == pytest.approx(roc_auc_score(y[kept], b))
    assert record.model_auroc.value == pytest.approx(roc_auc_score(y[kept], m[kept]))


def test_a_single_split_compares_the_films_that_it_tests():
    y = np.arange(60) % 2
    splits = single_split(y).splits
    scores, _ = scores_of(splits, y, 1.0)
    record = measured(scores, scores, y, splits, np.arange(60))
    assert record.n_films == 12


def test_refuses_a_baseline_of_films_that_the_model_did_not_test():
    y, groups, splits = study(n_repeats=1)
    scores, _ = scores_of(splits, y, 1.0)
    more = np.nan_to_num(scores)
    with pytest.raises(ValueError, match="finite"):
        measured(np.full_like(scores, np.nan), scores, y, splits, groups)
    with pytest.raises(ValueError, match="one split per head"):
        measured(more[:2], more[:2], y, splits, groups)
    tested = score_heads(more, y, splits, groups).tested()
    with pytest.raises(ValueError, match="not every film"):
        measured_films(tested, tested.take(np.arange(30)), 1.0)


def test_a_leak_is_worth_what_torn_groups_gain():
    y, groups, splits = study(n_films=90, per_group=3)
    torn = repeated_folds(y, np.arange(90), n_repeats=1, seed=1).splits
    grouped, before = scores_of(splits, y, 0.5, seed=1)
    ungrouped, after = scores_of(torn, y, 3.0, seed=2)
    leak = weigh_leak(
        "lite0",
        score_heads(grouped, y, splits, groups),
        score_heads(ungrouped, y, torn, groups),
        rng=np.random.default_rng(0),
        n_bootstraps=200,
    )
    assert (leak.backbone, leak.n_films, leak.n_groups) == ("lite0", 90, 30)
    assert leak.grouped.value == pytest.approx(roc_auc_score(y, before))
    assert leak.ungrouped.value == pytest.approx(roc_auc_score(y, after))
    assert leak.gain.value == pytest.approx(leak.ungrouped.value - leak.grouped.value)
    assert 0 < leak.gain.low < leak.gain.value < leak.gain.high


def test_films_alone_in_their_group_are_not_counted_as_leaking():
    y = np.arange(40) % 2
    groups = np.arange(40)
    groups[2] = 0
    splits = repeated_folds(y, groups, n_repeats=1, seed=0).splits
    scores, _ = scores_of(splits, y, 1.0)
    heads = score_heads(scores, y, splits, groups)
    leak = weigh_leak("lite0", heads, heads, rng=np.random.default_rng(0), n_bootstraps=20)
    assert (leak.n_films, leak.n_groups) == (2, 1)
    assert leak.gain.value == 0
    assert leak.gain.low < 0 < leak.gain.high
