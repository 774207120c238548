"""A random forest for each split: what a table of plain numbers tells about the class.

For baselines of few columns, such as what the files are like. It needs no scaling, finds
rules such as "1024 px wide means no COVID-19", and has nothing to be tuned on the films.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from hilum.cohort.splitting import Split
from hilum.evaluation.folding import fitting_films

# Every film is tested by all repeats, so its score is averaged over several forests: with 25
# splits 50 trees each are enough, and a single split gets more.
_TREES_IN_ALL = 1250
_LEAST_TREES = 50
_MOST_TREES = 300

# A leaf of one film would only remember it.
_FILMS_PER_LEAF = 3

# More films per tree cost time and change no baseline's AUROC by more than a few thousandths.
_FILMS_PER_TREE = 1500


def score_by_forest(
    table: Float[np.ndarray, "films columns"],
    y: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    *,
    n_classes: int,
    seed: int,
) -> Float[np.ndarray, "heads films classes"]:
    """Fit one forest per split, and score the films that it never saw.

    A forest is fitted on the training and validation films of its split, as it has no use
    for validation, without any film that is tested. Classes weigh the same, however many
    films they have. What comes out depends on `seed` and the splits.

    Args:
        table: What is known of each film, as finite numbers.
        y: Class index of each film.
        splits: Who is fitted and who is tested.
        n_classes: Classes of the study.
        seed: Where every draw begins; not negative.

    Returns:
        Share of the vote for each class, for the test films of each split; the rows of all
        other films are NaN.

    Source: Breiman (2001), Machine Learning 45:5-32.
    """
    n_trees = int(np.clip(_TREES_IN_ALL // max(1, len(splits)), _LEAST_TREES, _MOST_TREES))
    seeds = np.random.SeedSequence(seed).generate_state(len(splits))
    scores = np.full((len(splits), len(y), n_classes), np.nan)

    # One after the other: trees this small hold the interpreter, so threads gain nothing.
    for head, split in enumerate(splits):
        fitted, test = fitting_films(split), split.test
        if not len(test):
            continue
        if not table.shape[1]:  # all films alike: nothing to tell them apart by
            scores[head, test] = np.bincount(y[fitted], minlength=n_classes) / len(fitted)
            continue
        votes = np.zeros((len(test), n_classes))
        classes, shares = _vote(
            table[fitted], y[fitted], table[test], n_trees=n_trees, seed=int(seeds[head])
        )
        votes[:, classes] = shares
        scores[head, test] = votes
    return scores


def _vote(
    fitted: Float[np.ndarray, "fitted columns"],
    y: Int[np.ndarray, " fitted"],
    test: Float[np.ndarray, "test columns"],
    *,
    n_trees: int,
    seed: int,
) -> tuple[Int[np.ndarray, " classes"], Float[np.ndarray, "test classes"]]:
    # here, because scikit-learn takes a second to load
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(
        n_trees,
        min_samples_leaf=_FILMS_PER_LEAF,
        max_samples=min(len(fitted), _FILMS_PER_TREE),
        class_weight="balanced",
        random_state=seed,
        n_jobs=1,
    )
    forest.fit(fitted, y)
    return forest.classes_, forest.predict_proba(test)
