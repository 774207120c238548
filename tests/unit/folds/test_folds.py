"""Folds without leaks, fairly divided: against scikit-learn's splitter and by bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from hilum.errors import FoldsError
from hilum.folds.folds import Split, assign_groups, repeated_folds, single_split


@st.composite
def clustered_films(draw):
    """Classes and patients, some with many films, some with films of two classes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_classes = draw(st.integers(2, 4))
    n_films = draw(st.integers(30 * n_classes, 60 * n_classes))
    y = rng.permutation(np.arange(n_films) % n_classes)
    patients_of = rng.integers(draw(st.integers(20, 60)), size=n_films)
    is_mixed = rng.random(n_films) < draw(st.sampled_from([0, 0.1, 0.5]))
    return y, np.where(is_mixed, patients_of, patients_of * n_classes + y + 1000)


def assert_sound(folds, y, groups):
    """What holds for every split, whatever the cohort."""
    for split in folds.splits:
        parts = (split.train, split.validation, split.test)
        for part in parts:
            assert part.dtype == np.int64
            assert np.all(np.diff(part) > 0)
            assert set(y[part]) == set(y)
        np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(y)))
        seen = [set(groups[part]) for part in parts]
        assert not seen[0] & seen[1]
        assert not seen[0] & seen[2]
        assert not seen[1] & seen[2]


@settings(deadline=None, max_examples=60)
@given(clustered_films(), st.integers(2, 6), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_no_group_crosses_and_every_film_is_tested_once_per_repeat(films, n_folds, n_repeats, seed):
    y, groups = films
    folds = repeated_folds(y, groups, n_folds=n_folds, n_repeats=n_repeats, seed=seed)
    assert [(split.repeat, split.fold) for split in folds.splits] == [
        (repeat, fold) for repeat in range(n_repeats) for fold in range(n_folds)
    ]
    assert_sound(folds, y, groups)
    for repeat in range(n_repeats):
        tested = [split.test for split in folds.splits if split.repeat == repeat]
        np.testing.assert_array_equal(np.sort(np.concatenate(tested)), np.arange(len(y)))
    np.testing.assert_array_equal(folds.groups, groups)
    assert not folds.validates_on_test


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(10, 60), min_size=2, max_size=4),
    st.integers(2, 6),
    st.integers(0, 2**32 - 1),
)
def test_single_films_are_shared_out_evenly(films_per_class, n_folds, seed):
    y = np.repeat(np.arange(len(films_per_class)), films_per_class)
    folds = repeated_folds(y, np.arange(len(y)), n_folds=n_folds, n_repeats=1, seed=seed)
    for split in folds.splits:
        tested, validated = np.bincount(y[split.test]), np.bincount(y[split.validation])
        for k, n in enumerate(films_per_class):
            assert abs(tested[k] - n / n_folds) < 1
            assert abs(validated[k] - max(1, 0.2 * (n - tested[k]))) <= 1


def test_the_paper_s_cohort_in_five_folds():
    y = np.repeat([0, 1], [70, 90])
    folds = repeated_folds(y, np.arange(160), seed=0)
    assert len(folds.splits) == 25
    for split in folds.splits:
        np.testing.assert_array_equal(np.bincount(y[split.test]), [14, 18])
        np.testing.assert_array_equal(np.bincount(y[split.validation]), [11, 14])


def test_the_seed_decides_and_repeats_differ():
    y, groups = np.arange(60) % 2, np.arange(60) // 2 * 2 + np.arange(60) % 2

    def tested(seed, n_repeats):
        folds = repeated_folds(y, groups, n_repeats=n_repeats, seed=seed)
        return [tuple(split.test) for split in folds.splits]

    assert tested(7, 3) == tested(7, 3)
    assert tested(7, 3) != tested(8, 3)
    assert tested(7, 3)[:5] == tested(7, 1)
    assert len(set(tested(7, 3))) == 15


def test_scarce_classes_still_reach_every_part():
    y = np.repeat([0, 1], [100, 5])
    folds = repeated_folds(y, np.arange(105), n_repeats=3, seed=0)
    assert_sound(folds, y, np.arange(105))
    for split in folds.splits:
        np.testing.assert_array_equal(
            [np.sum(y[part]) for part in (split.train, split.validation, split.test)], [3, 1, 1]
        )


def test_fourteen_thousand_films_take_seconds_not_minutes():
    y = np.repeat([0, 1, 2], [9000, 4000, 1000])
    groups = np.random.default_rng(0).integers(6000, size=14_000)
    folds = repeated_folds(y, groups, n_repeats=1, seed=0)
    assert_sound(folds, y, groups)


def test_too_few_patients_are_named_with_a_way_out():
    y = np.repeat([0, 1], [30, 9])
    groups = np.concatenate([np.arange(30), 100 + np.arange(9) // 3])
    with pytest.raises(FoldsError) as refused:
        repeated_folds(y, groups, seed=0, class_names=["Normal", "Opacity"])
    assert refused.value.message == (
        "Class Opacity has 3 patients or single films, and 5 folds need at least 5."
    )
    assert refused.value.fix == "Collect more, or use --folds 3."
    folds = repeated_folds(y, groups, n_folds=3, seed=0)
    assert_sound(folds, y, groups)


@pytest.mark.parametrize(("n_scarce", "n_folds"), [(2, 3), (3, 2), (2, 5), (1, 2)])
def test_what_no_draw_can_give_is_refused_before_drawing(n_scarce, n_folds):
    y = np.repeat([0, 1], [30, n_scarce])
    with pytest.raises(FoldsError, match=f"Class 1 has {n_scarce} patients or single films"):
        repeated_folds(y, np.arange(len(y)), n_folds=n_folds, seed=0)


@pytest.mark.parametrize(("n_scarce", "n_folds"), [(3, 3), (4, 2), (4, 3), (5, 5)])
def test_what_the_check_admits_can_be_drawn(n_scarce, n_folds):
    y = np.repeat([0, 1], [30, n_scarce])
    folds = repeated_folds(y, np.arange(len(y)), n_folds=n_folds, n_repeats=10, seed=0)
    assert_sound(folds, y, np.arange(len(y)))


def test_patients_who_hold_every_class_between_them_are_refused():
    # Each class lies in three of four patients, but only one patient has all classes:
    # of three folds, one always holds a single patient who lacks one.
    films = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0), (2, 2), (3, 1), (3, 2)]
    groups, y = np.array(films).T
    with pytest.raises(FoldsError, match="unevenly"):
        repeated_folds(y, groups, n_folds=3, seed=0)


@pytest.mark.parametrize(("n_folds", "n_repeats"), [(1, 5), (0, 1), (5, 0)])
def test_folds_that_are_none_are_refused(n_folds, n_repeats):
    with pytest.raises(FoldsError, match="leave nothing"):
        repeated_folds(
            np.arange(20) % 2, np.arange(20), n_folds=n_folds, n_repeats=n_repeats, seed=0
        )


def test_no_films_are_refused():
    nothing = np.array([], dtype=np.int64)
    with pytest.raises(FoldsError, match="no films"):
        repeated_folds(nothing, nothing, seed=0)


def test_the_paper_s_split_tests_fourteen_and_eighteen():
    y = np.repeat([0, 1], [70, 90])
    folds = single_split(y)
    (split,) = folds.splits
    np.testing.assert_array_equal(np.bincount(y[split.test]), [14, 18])
    np.testing.assert_array_equal(np.bincount(y[split.train]), [56, 72])
    np.testing.assert_array_equal(split.validation, split.test)
    np.testing.assert_array_equal(folds.groups, np.arange(160))
    assert folds.validates_on_test
    assert not set(split.train) & set(split.test)
    for part in (split.train, split.test):
        assert part.dtype == np.int64
        assert np.all(np.diff(part) > 0)


def test_the_paper_s_split_is_that_of_scikit_learn():
    from sklearn.model_selection import train_test_split

    y = np.arange(50) % 2
    _, test = train_test_split(np.arange(50), test_size=0.2, stratify=y, random_state=42)
    np.testing.assert_array_equal(single_split(y).splits[0].test, np.sort(test))
    assert not np.array_equal(single_split(y, seed=1).splits[0].test, np.sort(test))


@pytest.mark.parametrize("films_per_class", [(30, 1), (60, 2), (2, 2), (1, 1), (5, 0, 5)])
def test_a_class_that_one_part_would_lack_is_refused(films_per_class):
    y = np.repeat(np.arange(len(films_per_class)), films_per_class)
    with pytest.raises(FoldsError, match="too few to train and to test"):
        single_split(y)


@settings(deadline=None)
@given(st.lists(st.integers(0, 12), min_size=2, max_size=4), st.integers(0, 2**32 - 1))
def test_one_split_is_sound_or_refused(films_per_class, seed):
    assume(films_per_class[-1] > 0)
    y = np.repeat(np.arange(len(films_per_class)), films_per_class)
    try:
        (split,) = single_split(y, seed=seed).splits
    except FoldsError:
        assert min(films_per_class) < 5
    else:
        assert set(y[split.train]) == set(y[split.test]) == set(range(len(films_per_class)))


def test_fits_on_validation_films_unless_they_are_tested():
    rows = np.arange(9)
    apart = Split(0, 0, train=rows[:4], validation=rows[4:6], test=rows[6:])
    same = Split(0, 0, train=rows[:6], validation=rows[6:], test=rows[6:])
    assert apart.fitting.tolist() == [0, 1, 2, 3, 4, 5]
    assert same.fitting.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_split_among_some_films_keep_who_is_where():
    y = np.arange(60) % 2
    splits = repeated_folds(y, np.arange(60), n_folds=5, n_repeats=2, seed=0).splits
    kept = np.arange(0, 60, 4)
    for whole in splits:
        part = whole.among(kept)
        assert (part.repeat, part.fold) == (whole.repeat, whole.fold)
        for name in ("train", "validation", "test"):
            rows = kept[getattr(part, name)]
            np.testing.assert_array_equal(rows, np.intersect1d(getattr(whole, name), kept))


def counts_of(y, groups):
    counts = np.zeros((groups.max() + 1, y.max() + 1))
    np.add.at(counts, (groups, y), 1)
    return counts


def even_targets(counts, n_parts):
    return np.tile(counts.sum(axis=0) / n_parts, (n_parts, 1))


@given(
    st.lists(st.integers(1, 60), min_size=2, max_size=4), st.integers(2, 6), st.integers(0, 2**16)
)
def test_single_films_end_within_one_of_their_targets(films_per_class, n_parts, seed):
    y = np.repeat(np.arange(len(films_per_class)), films_per_class)
    counts = counts_of(y, np.arange(len(y)))
    parts = assign_groups(counts, even_targets(counts, n_parts), np.random.default_rng(seed))
    per_part = np.stack([counts[parts == part].sum(axis=0) for part in range(n_parts)])
    assert np.ptp(per_part, axis=0).max() <= 1
    assert np.ptp(per_part.sum(axis=1)) <= 1


def test_unequal_parts_get_their_shares():
    counts = counts_of(np.repeat([0, 1], [50, 100]), np.arange(150))
    parts = assign_groups(counts, np.array([[40.0, 80.0], [10.0, 20.0]]), np.random.default_rng(0))
    np.testing.assert_array_equal(counts[parts == 1].sum(axis=0), [10, 20])


def test_one_large_patient_does_not_crowd_a_part():
    """Twenty films of one patient, and forty single films: the rest makes up for it."""
    groups = np.concatenate([np.zeros(20, dtype=int), np.arange(1, 41)])
    counts = counts_of(np.zeros(60, dtype=int), groups)
    parts = assign_groups(counts, even_targets(counts, 3), np.random.default_rng(0))
    assert sorted(np.bincount(parts, weights=counts[:, 0])) == [20, 20, 20]


def test_is_as_even_as_scikit_learn_on_patients_with_many_films():
    def unevenness(y, tests):
        shares = [np.bincount(y[test], minlength=2) / np.bincount(y) for test in tests]
        return np.std(shares, axis=0).mean()

    ours, theirs = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        y = rng.integers(2, size=150)
        sizes = np.minimum((3 * rng.pareto(0.8, size=150)).astype(int), 60)
        _, groups = np.unique(sizes, return_inverse=True)
        counts = counts_of(y, groups)
        parts = assign_groups(counts, even_targets(counts, 5), rng)[groups]
        ours.append(unevenness(y, [np.flatnonzero(parts == part) for part in range(5)]))
        splitter = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        theirs.append(unevenness(y, [test for _, test in splitter.split(y, y, groups)]))
    assert np.mean(ours) <= np.mean(theirs)
