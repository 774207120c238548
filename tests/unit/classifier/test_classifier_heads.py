"""The stacked heads say exactly what the heads of the study said."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logit

from hilum.classifier.heads import HeadStack, average_heads, mean_log_odds
from hilum.evaluation.calibration import calibrate, pool_calibrated
from hilum.evaluation.operating_point import Threshold, call_tested
from hilum.evaluation.results import Calibrator
from hilum.folds.folds import Split
from hilum.heads.recipe import HeadWeights
from scored import score_heads


def draw_heads(n_heads: int, n_classes: int, width: int = 20) -> list[HeadWeights]:
    rng = np.random.default_rng(n_heads)
    return [
        HeadWeights(
            mean=rng.normal(1, 1, width).astype(np.float32),
            scale=rng.uniform(0, 3, width).astype(np.float32),
            hidden_kernel=rng.normal(0, 0.4, (width, 7)).astype(np.float32),
            hidden_bias=rng.normal(0, 0.3, 7).astype(np.float32),
            output_kernel=rng.normal(0, 1, (7, n_classes)).astype(np.float32),
            output_bias=rng.normal(0, 0.3, n_classes).astype(np.float32),
        )
        for _ in range(n_heads)
    ]


def draw_calibrators(n_heads: int, n_classes: int) -> list[Calibrator]:
    rng = np.random.default_rng(n_classes)
    return [
        Calibrator(float(rng.uniform(0.5, 2)), rng.normal(0, 0.5, n_classes))
        for _ in range(n_heads)
    ]


@pytest.mark.parametrize(("n_heads", "n_classes"), [(1, 2), (5, 2), (4, 3)])
def test_probabilities_and_calls_equal_those_of_the_study(n_heads: int, n_classes: int) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(1, 1, (30, 20)).astype(np.float32)
    heads, calibrators = draw_heads(n_heads, n_classes), draw_calibrators(n_heads, n_classes)
    calibrated = np.stack(
        [
            calibrate(calibrator, head.predict_scores(features))
            for head, calibrator in zip(heads, calibrators, strict=True)
        ]
    )
    all_films = np.arange(len(features))
    none = np.empty(0, np.int64)
    splits = [Split(0, k, none, none, all_films) for k in range(n_heads)]
    cuts = rng.uniform(0.2, 0.6, n_heads)
    threshold = 1 / (1 + np.exp(-logit(cuts).mean()))
    stack = HeadStack.of(heads, calibrators, positive=1, threshold=threshold)
    probabilities = score_heads(calibrated, np.zeros(len(features), int), splits)

    logs = stack.log_probabilities(features)
    np.testing.assert_allclose(np.exp(logs), calibrated, atol=2e-6)
    np.testing.assert_allclose(
        stack.probabilities(features), pool_calibrated(probabilities).scores, atol=2e-6
    )
    np.testing.assert_array_equal(
        stack.reaches(logs),
        call_tested(probabilities, [Threshold(c, 9, None) for c in cuts]),
    )
    np.testing.assert_allclose(
        stack.log_odds(features, 0), logit(calibrated[:, :, 0]).mean(axis=0), rtol=1e-4, atol=1e-5
    )


def test_a_head_that_is_all_too_sure_stays_finite() -> None:
    heads = draw_heads(2, 2)
    stack = HeadStack.of(heads, draw_calibrators(2, 2), positive=0, threshold=0.5)
    logs = stack.log_probabilities(np.full((3, 20), 1e4, np.float32))
    assert np.isfinite(logs).all()
    assert np.isfinite(mean_log_odds(logs, 0)).all()
    np.testing.assert_allclose(average_heads(logs).sum(axis=1), 1)


def test_a_film_that_just_meets_the_threshold_is_called() -> None:
    features = np.random.default_rng(3).normal(1, 1, (1, 20)).astype(np.float32)
    heads, calibrators = draw_heads(3, 2), draw_calibrators(3, 2)
    odds = HeadStack.of(heads, calibrators, positive=0, threshold=0.5).log_odds(features, 0)
    stack = HeadStack.of(heads, calibrators, positive=0, threshold=1 / (1 + np.exp(-odds[0])))
    assert stack.reaches(stack.log_probabilities(features)).all()
