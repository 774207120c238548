"""Whole groups, fairly dealt: against scikit-learn's splitter and by bounds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from hilum.folds.folds import deal_groups


def counts_of(y, groups):
    counts = np.zeros((groups.max() + 1, y.max() + 1))
    np.add.at(counts, (groups, y), 1)
    return counts


def even_targets(counts, n_hands):
    return np.tile(counts.sum(axis=0) / n_hands, (n_hands, 1))


@given(
    st.lists(st.integers(1, 60), min_size=2, max_size=4), st.integers(2, 6), st.integers(0, 2**16)
)
def test_single_films_end_within_one_of_their_targets(films_per_class, n_hands, seed):
    y = np.repeat(np.arange(len(films_per_class)), films_per_class)
    counts = counts_of(y, np.arange(len(y)))
    hands = deal_groups(counts, even_targets(counts, n_hands), np.random.default_rng(seed))
    per_hand = np.stack([counts[hands == hand].sum(axis=0) for hand in range(n_hands)])
    assert np.ptp(per_hand, axis=0).max() <= 1
    assert np.ptp(per_hand.sum(axis=1)) <= 1


def test_unequal_hands_get_their_shares():
    counts = counts_of(np.repeat([0, 1], [50, 100]), np.arange(150))
    hands = deal_groups(counts, np.array([[40.0, 80.0], [10.0, 20.0]]), np.random.default_rng(0))
    np.testing.assert_array_equal(counts[hands == 1].sum(axis=0), [10, 20])


def test_one_large_patient_does_not_crowd_a_hand():
    """Twenty films of one patient, and forty single films: the rest makes up for it."""
    groups = np.concatenate([np.zeros(20, dtype=int), np.arange(1, 41)])
    counts = counts_of(np.zeros(60, dtype=int), groups)
    hands = deal_groups(counts, even_targets(counts, 3), np.random.default_rng(0))
    assert sorted(np.bincount(hands, weights=counts[:, 0])) == [20, 20, 20]


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
        hands = deal_groups(counts, even_targets(counts, 5), rng)[groups]
        ours.append(unevenness(y, [np.flatnonzero(hands == hand) for hand in range(5)]))
        splitter = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        theirs.append(unevenness(y, [test for _, test in splitter.split(y, y, groups)]))
    assert np.mean(ours) <= np.mean(theirs)
