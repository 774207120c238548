"""The choice of a backbone: by validation films, and by nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from sklearn.metrics import log_loss

from hilum.evaluation.metrics import evaluate
from hilum.evaluation.selection import pick_by_validation
from hilum.folds.folds import repeated_folds, single_split
from scored import score_heads


def study(seed=0, n_films=60, n_backbones=3, n_repeats=1):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n_films) % 3 == 0).astype(int)
    splits = repeated_folds(y, np.arange(n_films), n_repeats=n_repeats, seed=seed).splits
    scores = [rng.dirichlet([1, 1], size=(len(splits), n_films)) for _ in range(n_backbones)]
    return scores, y, splits


def pick(scores, y, splits, **options):
    backbones = [score_heads(of_heads, y, splits) for of_heads in scores]
    return pick_by_validation(backbones, **options)


@given(st.integers(0, 2**32 - 1))
def test_what_a_film_is_never_moves_the_choice_for_it(seed):
    scores, y, splits = study(seed, n_repeats=2)
    _, chosen = pick(scores, y, splits)
    rng = np.random.default_rng(seed)
    film = int(rng.integers(len(y)))
    changed_y = y.copy()
    changed_y[film] = 1 - y[film]
    changed = [heads.copy() for heads in scores]
    for heads in changed:
        heads[:, film] = rng.dirichlet([1, 1], size=len(splits))
    picked, chosen_again = pick(changed, changed_y, splits)
    assert chosen_again[film] == chosen[film]
    of_film = changed[chosen[film]]
    for head, split in enumerate(splits):
        if film in split.test:
            np.testing.assert_array_equal(picked.scores[head, film], of_film[head, film])


@pytest.mark.parametrize("balances_classes", [True, False])
def test_the_lowest_cross_entropy_is_chosen_as_scikit_learn_computes_it(balances_classes):
    scores, y, splits = study(4, n_repeats=3)
    _, chosen = pick(scores, y, splits, balances_classes=balances_classes)
    assert len(set(chosen)) > 1
    for film in range(len(y)):
        losses = []
        for heads in scores:
            total = 0.0
            for head, split in enumerate(splits):
                if film in split.test:
                    rows = split.validation
                    weights = 1 / np.bincount(y[rows])[y[rows]] if balances_classes else None
                    total += log_loss(
                        y[rows], heads[head, rows], labels=[0, 1], sample_weight=weights
                    )
            losses.append(total)
        assert chosen[film] == np.argmin(losses)


def test_of_equals_the_first_is_chosen():
    scores, y, splits = study()
    _, chosen = pick([scores[0], scores[0].copy()], y, splits)
    assert set(chosen) == {0}


def test_one_backbone_is_chosen_by_all_and_certainty_of_the_wrong_class_is_finite():
    _, y, splits = study()
    wrong = np.zeros((len(splits), len(y), 2), np.float32)
    wrong[:, np.arange(len(y)), 1 - y] = 1
    picked, chosen = pick([wrong], y, splits)
    assert set(chosen) == {0}
    for head, split in enumerate(splits):
        np.testing.assert_array_equal(picked.scores[head, split.test], wrong[head, split.test])
        assert np.isnan(np.delete(picked.scores[head], split.test, axis=0)).all()


def test_films_that_no_head_tested_have_no_backbone():
    scores, y, splits = study()
    _, chosen = pick([heads[:1] for heads in scores], y, splits[:1])
    assert set(np.flatnonzero(chosen >= 0)) == set(splits[0].test)
    assert set(np.delete(chosen, splits[0].test)) == {-1}


def test_refuses_a_choice_that_would_be_made_on_test_films():
    y = np.arange(40) % 2
    splits = single_split(y).splits
    with pytest.raises(ValueError, match="apart from the test films"):
        pick([np.full((1, 40, 2), 0.5)], y, splits)


def test_refuses_nothing_to_choose_from_and_what_does_not_fit():
    scores, y, splits = study()
    with pytest.raises(ValueError, match="no backbone"):
        pick([], y, splits)
    with pytest.raises(ValueError, match="one split per head"):
        pick(scores, y, splits[:2])
    scores[1][2, splits[2].validation[0]] = np.nan
    with pytest.raises(ValueError, match="finite"):
        pick(scores, y, splits)


def test_the_best_of_20_coins_flatters_and_the_nested_pick_does_not():
    """Backbones that know nothing: their best test accuracy is far above that of a coin."""
    best, nested = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        y = rng.permutation(np.arange(60) % 2)
        splits = repeated_folds(y, np.arange(60), n_repeats=1, seed=seed).splits
        scores = [rng.dirichlet([2, 2], size=(5, 60)) for _ in range(20)]
        accuracies = [
            np.mean((tested := score_heads(heads, y, splits).tested()).y_pred == y[tested.films])
            for heads in scores
        ]
        picked, _ = pick(scores, y, splits)
        figures = evaluate(picked, rng=rng, n_bootstraps=10)
        best.append(max(accuracies))
        nested.append(figures.metrics["accuracy"].value)
    assert np.mean(best) > 0.58
    # 40 cohorts of 60 films: the standard error of the mean is one hundredth.
    assert np.mean(nested) == pytest.approx(0.5, abs=0.03)
