"""Brier score and log-loss, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from hilum.errors import NoTrialsError
from hilum.evaluation.calibration import LARGEST_LOG_LOSS, brier_score, log_loss


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 50))
def test_agree_with_scikit_learn(seed, n):
    rng = np.random.default_rng(seed)
    is_positive, p = rng.random(n) < 0.4, rng.uniform(1e-6, 1 - 1e-6, size=n)
    assert brier_score(is_positive, p) == pytest.approx(
        metrics.brier_score_loss(is_positive, p, pos_label=True), rel=1e-9
    )
    assert log_loss(is_positive, p) == pytest.approx(
        metrics.log_loss(is_positive, p, labels=[False, True]), rel=1e-9
    )


def test_certainty_that_errs_costs_much_but_not_all():
    wrong = np.array([True, False]), np.array([0.0, 1.0])
    assert brier_score(*wrong) == 1
    assert log_loss(*wrong) == LARGEST_LOG_LOSS == pytest.approx(16.1, abs=0.05)
    assert log_loss(np.array([True, False]), np.array([1.0, 0.0])) == pytest.approx(1e-7, rel=1e-3)


@pytest.mark.parametrize("loss", [brier_score, log_loss])
def test_refuse_what_is_no_probability(loss):
    with pytest.raises(NoTrialsError):
        loss(np.zeros(0, dtype=bool), np.zeros(0))
    for p in (1.1, -0.1, np.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            loss(np.array([True]), np.array([p]))
