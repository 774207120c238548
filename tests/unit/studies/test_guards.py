"""The two promises that every figure stands on, tried on random cohorts.

No group ever stands on two sides of a split, and test films reach neither a fit, nor a
threshold, nor a choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import given, reject, settings, strategies as st

from hilum.auditing.baselines import score_by_table
from hilum.auditing.metadata import score_by_source
from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Film
from hilum.duplicates.duplicates import Duplicate, join_duplicates
from hilum.errors import FoldsError
from hilum.folds.folds import Folds, repeated_folds
from hilum.folds.groups import group_films
from hilum.heads.recipe import HeadRecipe
from hilum.heads.training import TrainedHeads, train_heads

CLASSES = ("Effusion", "Normal", "Opacity")
WIDTH = 6


@dataclass(frozen=True)
class Habits:
    """How the films of a random cohort are related."""

    n_films: int
    n_classes: int
    films_per_patient: float
    changing_share: float
    known_share: float
    copied_share: float
    seed: int


HABITS = st.builds(
    Habits,
    n_films=st.integers(24, 90),
    n_classes=st.integers(2, 3),
    films_per_patient=st.floats(0.5, 3),
    changing_share=st.sampled_from([0.0, 0.1, 0.4]),
    known_share=st.sampled_from([0.0, 0.5, 1.0]),
    copied_share=st.sampled_from([0.0, 0.1, 0.3]),
    seed=st.integers(0, 2**32 - 1),
)


def make_related(habits: Habits) -> tuple[Cohort, tuple[Duplicate, ...]]:
    """Films with patients, some unknown, identical files, and pairs of copies."""
    rng = np.random.default_rng(habits.seed)
    n_films = habits.n_films
    n_patients = max(2, round(n_films / habits.films_per_patient))
    class_of = rng.integers(habits.n_classes, size=n_patients)
    patients = rng.integers(n_patients, size=n_films)
    # Patients mostly keep their class, as people do; some change it.
    changes = rng.random(n_films) < habits.changing_share
    drawn = rng.integers(habits.n_classes, size=n_films)
    labels = np.where(changes, drawn, class_of[patients])
    labels[: habits.n_classes] = np.arange(habits.n_classes)
    is_known = rng.random(n_films) < habits.known_share
    is_copied = rng.random(n_films) < habits.copied_share
    contents = np.where(is_copied, rng.integers(n_films, size=n_films), np.arange(n_films))
    films = tuple(
        Film(
            film_id=f"{row:012x}",
            path=Path(f"{row}.png"),
            sha256=f"{contents[row]:064x}",
            label=CLASSES[labels[row]],
            patient=f"p{patients[row]}" if is_known[row] else None,
        )
        for row in range(n_films)
    )
    n_duplicates = round(habits.copied_share * n_films / 2)
    pairs = np.sort(rng.integers(n_films, size=(n_duplicates, 2)), axis=1).tolist()
    duplicates = tuple(
        Duplicate(first, second, "rotated", 5.0, 0.97) for first, second in pairs if first < second
    )
    return Cohort("made", films, CLASSES[: habits.n_classes]), duplicates


def torn_apart(folds: Folds, keys: Sequence[object]) -> list[object]:
    """Keys with films in more than one part of some split; None belongs to nobody."""
    torn = []
    for split in folds.splits:
        parts = [
            {keys[row] for row in part} - {None}
            for part in (split.train, split.validation, split.test)
        ]
        torn += [*(parts[0] & parts[1]), *(parts[0] & parts[2]), *(parts[1] & parts[2])]
    return torn


@given(habits=HABITS, seed=st.integers(0, 2**31), n_folds=st.integers(2, 5))
@settings(max_examples=150)
def test_no_group_ever_crosses_a_split(habits: Habits, seed: int, n_folds: int) -> None:
    cohort, duplicates = make_related(habits)
    groups = group_films(cohort, join_duplicates(duplicates, len(cohort)))
    try:
        folds = repeated_folds(cohort.y, groups, n_folds=n_folds, n_repeats=2, seed=seed)
    except FoldsError:  # too few groups of some class: refused, which crosses nothing
        reject()
    assert torn_apart(folds, groups.tolist()) == []
    # Not only by the numbers of groups, but by what they stand for.
    assert torn_apart(folds, [film.patient for film in cohort.films]) == []
    assert torn_apart(folds, [film.sha256 for film in cohort.films]) == []
    for duplicate in duplicates:
        pair: list[object] = [None] * len(cohort)
        pair[duplicate.first] = pair[duplicate.second] = "pair"
        assert torn_apart(folds, pair) == []
    for split in folds.splits:
        everyone = np.concatenate([split.train, split.validation, split.test])
        assert sorted(everyone.tolist()) == list(range(len(cohort)))
    assert len(folds.straddling_groups) == 0


def train(features: np.ndarray, y: np.ndarray, folds: Folds, recipe: HeadRecipe) -> TrainedHeads:
    return train_heads(features, y, folds.splits, recipe, n_classes=2, seed=3, keeps_weights=True)


@given(seed=st.integers(0, 2**32 - 1), is_balanced=st.booleans())
@settings(max_examples=8)
def test_films_under_test_reach_no_fit_and_no_choice(seed: int, is_balanced: bool) -> None:
    rng = np.random.default_rng(seed)
    y = np.repeat([0, 1], [24, 16])
    features = rng.normal(size=(40, 2, WIDTH)).astype(np.float32) + y[:, None, None]
    folds = repeated_folds(y, np.arange(40) // 2, n_folds=4, n_repeats=1, seed=seed % 1000)
    # Patience and the best epoch are choices on validation films; both are on.
    recipe = HeadRecipe(
        hidden_units=4, max_epochs=6, patience_epochs=2, balances_classes=is_balanced
    )
    honest = train(features, y, folds, recipe)
    for head, split in enumerate(folds.splits):
        tampered, flipped = features.copy(), y.copy()
        tampered[split.test] = rng.normal(scale=1e4, size=tampered[split.test].shape)
        flipped[split.test] = rng.integers(2, size=len(split.test))
        other = train(tampered, flipped, folds, recipe)
        for one, two in zip(
            vars(honest.weights[head]).values(), vars(other.weights[head]).values(), strict=True
        ):
            assert one.tobytes() == two.tobytes()
        for name in ("training_loss", "validation_loss", "validation_accuracy", "best_epoch"):
            curves = [getattr(trained.history, name)[head] for trained in (honest, other)]
            np.testing.assert_array_equal(*curves)
        seen = np.concatenate([split.train, split.validation])
        np.testing.assert_array_equal(honest.scores[head, seen], other.scores[head, seen])


def test_validation_films_do_reach_the_choice() -> None:
    """Shows that the guard above would notice: what does take part changes the head."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 20)
    features = rng.normal(size=(40, 2, WIDTH)).astype(np.float32) + y[:, None, None]
    folds = repeated_folds(y, np.arange(40), n_folds=4, n_repeats=1, seed=0)
    recipe = HeadRecipe(hidden_units=4, max_epochs=20, patience_epochs=2)
    honest = train(features, y, folds, recipe)
    for part in ("train", "validation"):
        tampered = features.copy()
        rows = getattr(folds.splits[0], part)
        tampered[rows] = tampered[rows][::-1]
        other = train(tampered, y, folds, recipe)
        assert not np.array_equal(
            honest.history.validation_loss[0], other.history.validation_loss[0]
        )


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=5)
def test_films_under_test_reach_no_baseline_either(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.repeat([0, 1], 20)
    table = rng.normal(size=(40, 3)) + y[:, None]
    sources = rng.choice(["A", "B", "C"], size=40).tolist()
    (split, *_) = repeated_folds(y, np.arange(40), n_repeats=1, seed=seed % 1000).splits
    flipped, tampered, moved = y.copy(), table.copy(), list(sources)
    flipped[split.test] = 1 - flipped[split.test]
    # One of them stays as it is: what is said of it must not depend on the others.
    for row in split.test[1:]:
        tampered[row] = rng.normal(scale=1e4, size=3)
        moved[row] = "elsewhere"
    kept = split.test[0]
    honest, other = (
        score_by_table(values, labels, [split], n_classes=2)[0, kept]
        for values, labels in ((table, y), (tampered, flipped))
    )
    assert honest.tobytes() == other.tobytes()
    honest, other = (
        score_by_source(places, labels, [split], n_classes=2)[0, kept]
        for places, labels in ((sources, y), (moved, flipped))
    )
    assert honest.tobytes() == other.tobytes()
