"""Only out-of-fold scores count, each film once; what does not fit is refused at the door."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from jaxtyping import config

from hilum.evaluation.metrics import evaluate, measure
from hilum.evaluation.scored_films import HeadScores, ScoredFilms, fold_inflation
from hilum.folds.folds import Split, repeated_folds, single_split


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
HEADS = HeadScores(SCORES, np.array([0, 1, 0, 1]), SPLITS, np.array([7, 7, 8, 9]), positive=1)


def draw(seed=0, n_films=40, n_classes=3):
    rng = np.random.default_rng(seed)
    return ScoredFilms(
        films=np.sort(rng.permutation(3 * n_films)[:n_films]),
        y_true=rng.permutation(np.arange(n_films) % n_classes),
        scores=rng.dirichlet(np.ones(n_classes), size=n_films),
        groups=rng.integers(12, size=n_films),
        positive=n_classes - 1,
    )


@pytest.fixture
def as_installed(monkeypatch):
    """Hold no shapes by annotation, as in an installed Hilum: its own checks have to."""
    monkeypatch.setattr(config, "jaxtyping_disable", True)


def test_averages_each_film_over_the_heads_that_tested_it():
    tested = HEADS.tested()
    np.testing.assert_array_equal(tested.films, [0, 1, 3])
    np.testing.assert_allclose(tested.scores[:, 1], [0.15, 0.6, 0.65])
    np.testing.assert_array_equal(tested.y_pred, [0, 1, 1])
    np.testing.assert_array_equal(tested.y_true, [0, 1, 1])
    np.testing.assert_array_equal(tested.groups, [7, 7, 9])
    assert len(tested) == 3


def test_pools_each_repeat_by_itself():
    first, second = HEADS.tested_per_repeat()
    np.testing.assert_allclose(first.scores[:, 1], [0.2, 0.4, 0.6])
    np.testing.assert_allclose(second.scores[:, 1], [0.1, 0.8, 0.7])


def test_a_film_that_a_head_did_not_test_may_hold_anything():
    spoilt = SCORES.copy()
    for head, part in enumerate(SPLITS):
        spoilt[head, np.setdiff1d(range(4), part.test)] = np.nan
    np.testing.assert_array_equal(
        replace(HEADS, scores=spoilt).tested().scores, HEADS.tested().scores
    )


def test_a_tested_film_needs_a_number():
    spoilt = SCORES.copy()
    spoilt[2, 1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        replace(HEADS, scores=spoilt).tested()


def test_every_head_needs_its_split():
    with pytest.raises(ValueError, match="one split per head"):
        replace(HEADS, splits=SPLITS[:3])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"scores": np.full((39, 3), 0.5)}, "one row of scores per film; got 40, 40 and 39"),
        ({"groups": np.arange(41)}, "one group and one row"),
        ({"films": np.arange(39)}, "one row per film; got 39"),
        ({"scores": np.full((40, 3), np.inf)}, "finite"),
        ({"scores": np.full((2, 40, 3), 0.5)}, "2 axes; got 3"),
        ({"positive": 3}, "class 3 is not one of 3"),
        ({"positive": -1}, "class -1"),
        ({"y_true": np.full(40, 3)}, "between 0 and 2"),
        ({"y_true": np.full(40, -1)}, "between 0 and 2"),
    ],
)
@pytest.mark.usefixtures("as_installed")
def test_refuses_what_does_not_fit(changed, message):
    with pytest.raises(ValueError, match=message):
        replace(draw(), **changed)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"scores": SCORES[0]}, "3 axes; got 2"),
        ({"y_true": np.zeros(5, int)}, "one class, one group"),
        ({"positive": 2}, "class 2 is not one of 2"),
        ({"y_true": np.array([0, 1, 2, 1])}, "between 0 and 1"),
    ],
)
@pytest.mark.usefixtures("as_installed")
def test_refuses_heads_that_do_not_fit(changed, message):
    with pytest.raises(ValueError, match=message):
        replace(HEADS, **changed)


def test_no_film_at_all_is_admitted():
    nothing = draw().take(np.zeros(40, dtype=bool))
    assert (len(nothing), nothing.n_classes) == (0, 3)
    assert nothing.is_called.shape == (0,)


def test_views_follow_from_the_scores():
    films = ScoredFilms(
        films=np.array([2, 5, 6]),
        y_true=np.array([0, 2, 2]),
        scores=np.array([[0.2, 0.4, 0.4], [0.1, 0.2, 0.7], [0.5, 0.0, 0.5]]),
        groups=np.array([1, 1, 4]),
        positive=2,
    )
    np.testing.assert_array_equal(films.is_positive, [False, True, True])
    np.testing.assert_array_equal(films.y_score, [0.4, 0.7, 0.5])
    # The first of classes that tie is called.
    np.testing.assert_array_equal(films.y_pred, [1, 2, 0])
    np.testing.assert_array_equal(films.is_called, [False, True, False])


@given(st.integers(0, 2**32 - 1))
def test_films_are_taken_by_place_and_by_row(seed):
    films = draw(seed)
    places = np.sort(np.random.default_rng(seed).permutation(40)[:15])
    by_place, by_row = films.take(places), films.of(films.films[places])
    by_mask = films.take(np.isin(np.arange(40), places))
    for name in ("films", "y_true", "scores", "groups"):
        wanted = getattr(films, name)[places]
        for taken in (by_place, by_row, by_mask):
            np.testing.assert_array_equal(getattr(taken, name), wanted)
    assert by_row.positive == films.positive


def test_films_without_a_score_cannot_be_had():
    films = draw()
    missing = np.setdiff1d(np.arange(120), films.films)[:1]
    with pytest.raises(ValueError, match="not every film"):
        films.of(np.concatenate([films.films[:2], missing]))


@pytest.mark.parametrize("name", ["films", "y_true", "groups", "positive"])
def test_paired_figures_need_the_same_films(name):
    films = draw()
    films.check_same_films(replace(films, scores=films.scores[:, ::-1]))
    other = getattr(films, name)[::-1] if name != "positive" else 0
    with pytest.raises(ValueError, match="same films"):
        films.check_same_films(replace(films, **{name: other}))


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_films_changes_no_figure(seed):
    films = draw(seed)
    order = np.random.default_rng(seed).permutation(40)
    assert measure(films.take(order)) == pytest.approx(measure(films), abs=1e-12)


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_heads_and_the_names_of_groups_change_no_figure(seed):
    rng = np.random.default_rng(seed)
    groups = np.arange(40) // 2
    y_true = groups % 2
    splits = repeated_folds(y_true, groups, n_folds=4, n_repeats=2, seed=seed % 100).splits
    scores = rng.dirichlet(np.ones(2), size=(len(splits), 40))
    heads = HeadScores(scores, y_true, splits, groups, positive=1)
    order = rng.permutation(len(splits))
    other = HeadScores(
        scores[order], y_true, [splits[head] for head in order], 3 * groups + 5, positive=1
    )
    one, two = (
        evaluate(each, rng=np.random.default_rng(0), n_bootstraps=20) for each in (heads, other)
    )
    assert one.metrics["accuracy"] == two.metrics["accuracy"]
    assert one.metrics["auroc"].low == pytest.approx(two.metrics["auroc"].low)
    assert one.metrics["auroc"].high == pytest.approx(two.metrics["auroc"].high)
    assert one.confusion == two.confusion


@pytest.mark.parametrize(("n_folds", "factor"), [(5, 1.8), (4, 1.75), (2, 1.5)])
def test_folds_widen_what_chance_does(n_folds, factor):
    y = np.arange(60) % 2
    folds = repeated_folds(y, np.arange(60), n_folds=n_folds, n_repeats=3, seed=0)
    assert fold_inflation(folds.splits) == pytest.approx(factor)


def test_a_single_split_has_no_company():
    assert fold_inflation(single_split(np.arange(60) % 2).splits) == 1
