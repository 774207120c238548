"""What folds do to figures: which films a head was fitted on, and how alike the heads are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from hilum.cohort.splitting import Split


def fold_inflation(splits: Sequence[Split]) -> float:
    """Say by how much folds widen the spread of an AUROC, beyond what DeLong's variance tells.

    The folds of a repeat share most of their training films, so what chance does in one of
    them it tends to do in the others. One split alone has no such company. Without this,
    one-sided tests of 5 % err in about 10 % of small cohorts.

    Args:
        splits: Of the study.

    Returns:
        Factor on the variance, 1 + (folds - 1) * share of the films that are tested at a
        time: 1.8 for five folds, 1 for a single split.

    Source: Nadeau and Bengio (2003), Machine Learning 52:239-281: the correlation between
    the folds' errors is taken as the share of films that each tests.
    """
    n_folds = len(splits) / len({split.repeat for split in splits})
    tested = [
        len(split.test) / len(np.union1d(split.test, fitting_films(split))) for split in splits
    ]
    return 1 + (n_folds - 1) * float(np.mean(tested))


def fitting_films(split: Split) -> Int[np.ndarray, " fitted"]:
    """List the films of a split that something without validation may be fitted on.

    Where the validation films are the test films, only the training films are left.
    """
    return np.setdiff1d(np.union1d(split.train, split.validation), split.test)
