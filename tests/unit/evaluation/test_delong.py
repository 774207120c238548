"""The covariance of AUROCs, against plain sums over pairs and against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilum.evaluation.comparison import delong_test
from hilum.evaluation.discrimination import delong_aurocs

SEEDS = st.integers(0, 2**32 - 1)


def drawn_films(seed: int, n_films: int = 30, n_scores: int = 3):
    rng = np.random.default_rng(seed)
    is_positive = rng.permutation(np.arange(n_films) % 3 == 0)
    y_scores = (rng.normal(size=(n_scores, n_films)) + is_positive).round(1)
    return is_positive, y_scores


def kernels(is_positive, y_score):
    """Win, tie or loss of every positive film against every other one."""
    positives, others = y_score[is_positive][:, None], y_score[~is_positive][None]
    return (positives > others) + 0.5 * (positives == others)


@given(SEEDS)
def test_agrees_with_delong_s_definition(seed):
    is_positive, y_scores = drawn_films(seed)
    wins = np.stack([kernels(is_positive, y_score) for y_score in y_scores])
    _, m, n = wins.shape
    covariance = np.cov(wins.mean(axis=2)) / m + np.cov(wins.mean(axis=1)) / n
    aurocs = delong_aurocs(is_positive, y_scores, np.arange(m + n))
    np.testing.assert_allclose(aurocs.values, wins.mean(axis=(1, 2)), atol=1e-12)
    np.testing.assert_allclose(aurocs.covariance, covariance, atol=1e-12)


@given(SEEDS, st.integers(4, 12))
def test_agrees_with_obuchowski_s_sums_over_clusters(seed, n_groups):
    is_positive, y_scores = drawn_films(seed, n_scores=1)
    groups = np.random.default_rng(seed).permutation(np.arange(len(is_positive)) % n_groups)
    wins = kernels(is_positive, y_scores[0])
    m, n = wins.shape
    auroc = wins.mean()
    sum_10, sum_01, sum_11 = 0.0, 0.0, 0.0
    for group in range(n_groups):
        positives, others = (groups == group)[is_positive], (groups == group)[~is_positive]
        from_positives = (wins.mean(axis=1)[positives] - auroc).sum()
        from_others = (wins.mean(axis=0)[others] - auroc).sum()
        sum_10 += from_positives**2
        sum_01 += from_others**2
        sum_11 += from_positives * from_others
    with_positives = len(set(groups[is_positive]))
    with_others = len(set(groups[~is_positive]))
    s_10 = with_positives / ((with_positives - 1) * m) * sum_10
    s_01 = with_others / ((with_others - 1) * n) * sum_01
    s_11 = n_groups / (n_groups - 1) * sum_11
    variance = s_10 / m + s_01 / n + 2 * s_11 / (m * n)
    assert delong_aurocs(is_positive, y_scores, groups).covariance[0, 0] == pytest.approx(variance)


def test_says_how_many_groups_the_smaller_side_has():
    aurocs = delong_aurocs(
        np.array([True, True, True, False, False]),
        np.arange(5.0)[np.newaxis],
        np.array([3, 3, 8, 1, 2]),
    )
    assert aurocs.n_scarcest == 2


def test_films_of_one_patient_are_no_separate_witnesses():
    """Two worthless scores differ 'significantly' too often unless films are grouped."""
    rng = np.random.default_rng(5)
    n_patients, n_films = 40, 6
    groups = np.repeat(np.arange(n_patients), n_films)
    is_positive = groups < n_patients // 2
    false_alarms = {"grouped": 0, "single": 0}
    n_trials = 300
    for _ in range(n_trials):
        of_patient = rng.normal(size=(2, n_patients))[:, groups]
        y_scores = of_patient + 0.3 * rng.normal(size=(2, len(groups)))
        for name, unit in (("grouped", groups), ("single", np.arange(len(groups)))):
            aurocs = delong_aurocs(is_positive, y_scores, unit)
            false_alarms[name] += delong_test(aurocs, 0, 1) < 0.05
    assert false_alarms["grouped"] / n_trials < 0.10
    assert false_alarms["single"] / n_trials > 0.25
