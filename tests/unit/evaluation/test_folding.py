"""What is fitted on, and by how much folds widen the spread of a figure."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.evaluation.scored_films import fitting_films, fold_inflation
from hilum.folds.folds import Split, repeated_folds, single_split


def test_fits_on_validation_films_unless_they_are_tested():
    rows = np.arange(9)
    apart = Split(0, 0, train=rows[:4], validation=rows[4:6], test=rows[6:])
    same = Split(0, 0, train=rows[:6], validation=rows[6:], test=rows[6:])
    assert fitting_films(apart).tolist() == [0, 1, 2, 3, 4, 5]
    assert fitting_films(same).tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("n_folds", "factor"), [(5, 1.8), (4, 1.75), (2, 1.5)])
def test_folds_widen_what_chance_does(n_folds, factor):
    y = np.arange(60) % 2
    folds = repeated_folds(y, np.arange(60), n_folds=n_folds, n_repeats=3, seed=0)
    assert fold_inflation(folds.splits) == pytest.approx(factor)


def test_a_single_split_has_no_company():
    assert fold_inflation(single_split(np.arange(60) % 2).splits) == 1
