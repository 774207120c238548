"""Only out-of-fold scores count, and each film once."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.cohort.splitting import Split
from hilum.evaluation.pooling import pool_each_repeat, pool_tested


def split(repeat, fold, test):
    none = np.array([], dtype=np.int64)
    return Split(repeat=repeat, fold=fold, train=none, validation=none, test=np.array(test))


SPLITS = [split(0, 0, [0, 1]), split(0, 1, [3]), split(1, 0, [1, 3]), split(1, 1, [0])]
P_ILL = np.array(
    [
        [0.2, 0.4, 9.0, 9.0],
        [9.0, 9.0, 9.0, 0.6],
        [9.0, 0.8, 9.0, 0.7],
        [0.1, 9.0, 9.0, 9.0],
    ]
)
SCORES = np.stack([1 - P_ILL, P_ILL], axis=2)


def test_averages_each_film_over_the_heads_that_tested_it():
    pooled = pool_tested(SCORES, SPLITS)
    np.testing.assert_array_equal(pooled.films, [0, 1, 3])
    np.testing.assert_allclose(pooled.scores[:, 1], [0.15, 0.6, 0.65])
    np.testing.assert_array_equal(pooled.y_pred, [0, 1, 1])


def test_pools_each_repeat_by_itself():
    first, second = pool_each_repeat(SCORES, SPLITS)
    np.testing.assert_allclose(first.scores[:, 1], [0.2, 0.4, 0.6])
    np.testing.assert_allclose(second.scores[:, 1], [0.1, 0.8, 0.7])


def test_a_film_that_a_head_did_not_test_may_hold_anything():
    spoilt = SCORES.copy()
    for head, part in enumerate(SPLITS):
        spoilt[head, np.setdiff1d(range(4), part.test)] = np.nan
    np.testing.assert_array_equal(
        pool_tested(spoilt, SPLITS).scores, pool_tested(SCORES, SPLITS).scores
    )


def test_a_tested_film_needs_a_number():
    spoilt = SCORES.copy()
    spoilt[2, 1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        pool_tested(spoilt, SPLITS)


@pytest.mark.parametrize("pool", [pool_tested, pool_each_repeat])
def test_every_head_needs_its_split(pool):
    with pytest.raises(ValueError, match="one split per head"):
        pool(SCORES, SPLITS[:3])
