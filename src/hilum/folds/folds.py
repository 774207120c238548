"""Folds: which films train, validate and test each head.

`repeated_folds` keeps groups together; `single_split` is the paper's way, faults included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from hilum.errors import FoldsError

_TRAIN, _VALIDATION, _TEST = range(3)

# A validation part is this share of the films that are not tested.
_VALIDATION_SHARE = 0.2

# Patients with films of several classes can leave a part without a class. Each further draw
# gives chance more weight and fairness less; a cohort that fails this often cannot be split.
_MAX_DRAWS = 50
_NOISE_PER_DRAW = 0.2


@dataclass(frozen=True)
class Split:
    """The three parts of one head's films, as sorted rows of the cohort."""

    repeat: int
    fold: int
    train: Int[np.ndarray, " train"]
    validation: Int[np.ndarray, " validation"]
    test: Int[np.ndarray, " test"]

    @property
    def fitting(self) -> Int[np.ndarray, " fitting"]:
        """Rows to fit something on that needs no validation: all but the test films."""
        return np.setdiff1d(np.union1d(self.train, self.validation), self.test)

    def among(self, kept: Int[np.ndarray, " kept"]) -> Split:
        """Restrict the split to some films, and count rows among these.

        Args:
            kept: Rows of the cohort, ascending.

        Returns:
            The same split; a part may be empty.
        """
        train, validation, test = (
            np.flatnonzero(np.isin(kept, rows)) for rows in (self.train, self.validation, self.test)
        )
        return replace(self, train=train, validation=validation, test=test)


@dataclass(frozen=True)
class Folds:
    """All splits of a study.

    Attributes:
        splits: Ordered by repeat, then fold.
        groups: Group of each film. Repeated folds keep a group on one side of every
            split; a single split by film does not.
        validates_on_test: Validation and test are the same films (the paper's way).
    """

    splits: tuple[Split, ...]
    groups: Int[np.ndarray, " films"]
    validates_on_test: bool = False

    @property
    def straddling_groups(self) -> Int[np.ndarray, " straddling"]:
        """Groups with films on both the training and the test side of some split."""
        shared = [
            np.intersect1d(self.groups[split.train], self.groups[split.test])
            for split in self.splits
        ]
        return np.unique(np.concatenate(shared))


def repeated_folds(
    y: Int[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
    *,
    n_folds: int = 5,
    n_repeats: int = 5,
    seed: int,
    class_names: Sequence[str] | None = None,
) -> Folds:
    """Test every film once per repeat, by a head that never saw its group.

    The classes are shared out evenly over the folds, as far as whole groups allow.
    Each head's validation films are about a fifth of those that it does not test.

    Args:
        y: Class index of each film; every index up to the largest has a film.
        groups: Group of each film, any integers.
        n_folds: Parts into which each repeat cuts the films; at least 2.
        n_repeats: How often the films are cut anew; at least 1.
        seed: Where the draws come from. A repeat's draw does not depend on how many
            others there are.
        class_names: What messages call the classes.

    Returns:
        `n_folds * n_repeats` splits. Every part of each holds every class.

    Raises:
        FoldsError: A class lies in too few groups, or the groups are so uneven that
            no draw gave every part every class.
    """
    if n_folds < 2 or n_repeats < 1:
        raise FoldsError(
            f"{n_folds} folds repeated {n_repeats} times leave nothing to train or to test.",
            fix="Use at least 2 folds and 1 repeat.",
        )
    _, rows = np.unique(groups, return_inverse=True)
    counts = np.zeros((rows.max(initial=-1) + 1, y.max(initial=-1) + 1))
    np.add.at(counts, (rows, y), 1)
    _check_groups_per_class(counts, n_folds, class_names)

    splits: list[Split] = []
    for repeat, stream in enumerate(np.random.SeedSequence(seed).spawn(n_repeats)):
        rng = np.random.default_rng(stream)
        for draw in range(_MAX_DRAWS):
            parts_per_fold = _draw_repeat(counts, n_folds, rng, noise=draw * _NOISE_PER_DRAW)
            if all(_holds_every_class(counts, parts) for parts in parts_per_fold):
                break
        else:
            raise FoldsError(
                f"The patients' films lie so unevenly over the classes that "
                f"{_MAX_DRAWS} draws of {n_folds} folds each left some part without a class.",
                fix="Use fewer --folds, or collect more patients.",
            )
        splits.extend(
            Split(
                repeat=repeat,
                fold=fold,
                train=np.flatnonzero(parts[rows] == _TRAIN),
                validation=np.flatnonzero(parts[rows] == _VALIDATION),
                test=np.flatnonzero(parts[rows] == _TEST),
            )
            for fold, parts in enumerate(parts_per_fold)
        )
    return Folds(splits=tuple(splits), groups=groups)


def single_split(
    y: Int[np.ndarray, " films"],
    *,
    test_fraction: float = 0.2,
    seed: int = 42,
    class_names: Sequence[str] | None = None,
) -> Folds:
    """Cut the films once, by image, and validate on the test films: the paper's way.

    It reproduces published figures, faults included: films of one patient may stand
    on both sides, and the curves and the figures come from the same films.

    Args:
        y: Class index of each film; every index up to the largest has a film.
        test_fraction: Share of each class that is tested, between 0 and 1.
        seed: Seed of scikit-learn's `train_test_split`, 0 to 2**32 - 1.
        class_names: What messages call the classes.

    Returns:
        One split; each film is its own group.

    Raises:
        FoldsError: The training part or the test part would lack a class.
    """
    from sklearn.model_selection import train_test_split

    films = np.arange(len(y))
    n_classes = int(y.max(initial=-1)) + 1
    n_test = int(np.ceil(test_fraction * len(y)))
    scarcest = int(np.argmin(np.bincount(y, minlength=1)))
    error = FoldsError(
        f"{len(y)} films are too few to train and to test on every class at "
        f"{test_fraction:.0%} of the films: class {_name(scarcest, class_names)} has only "
        f"{int(np.sum(y == scarcest))}.",
        fix=f"Collect more films of class {_name(scarcest, class_names)}.",
    )
    if n_classes > min(n_test, len(y) - n_test) or np.sum(y == scarcest) < 2:
        raise error
    train, test = train_test_split(films, test_size=test_fraction, stratify=y, random_state=seed)
    if any(len(np.unique(y[part])) < n_classes for part in (train, test)):
        raise error
    train, test = np.sort(train), np.sort(test)
    split = Split(repeat=0, fold=0, train=train, validation=test, test=test)
    return Folds(splits=(split,), groups=films, validates_on_test=True)


def _draw_repeat(
    counts: Float[np.ndarray, "groups classes"],
    n_folds: int,
    rng: np.random.Generator,
    *,
    noise: float,
) -> list[Int[np.ndarray, " groups"]]:
    """Assign each group to one of the three parts, for each fold."""
    films = counts.sum(axis=0)
    fold_of = rng.permutation(n_folds)[
        assign_groups(counts, np.tile(films / n_folds, (n_folds, 1)), rng, noise=noise)
    ]
    parts_per_fold = []
    for fold in range(n_folds):
        kept = np.flatnonzero(fold_of != fold)
        films = counts[kept].sum(axis=0)
        n_groups = np.count_nonzero(counts[kept], axis=0)
        # A class in fewer groups than a fifth can be cut from still gives one of them.
        share = np.maximum(_VALIDATION_SHARE, 1 / np.maximum(1, n_groups))
        parts = np.full(len(counts), _TEST)
        parts[kept] = assign_groups(
            counts[kept], np.stack([films * (1 - share), films * share]), rng, noise=noise
        )
        parts_per_fold.append(parts)
    return parts_per_fold


def assign_groups(
    counts: Float[np.ndarray, "groups classes"],
    targets: Float[np.ndarray, "parts classes"],
    rng: np.random.Generator,
    *,
    noise: float = 0.0,
) -> Int[np.ndarray, " groups"]:
    """Assign whole groups to parts so that each part gets close to its films of each class.

    The largest groups go first, each to the part where it lowers the squared misses most, in
    units of the class's films; among equals, to the part that lacks most films in all. So
    single films end within one film of their targets. A shuffle would not do: a cohort with
    one patient of twenty films among forty of one film has few fair divisions.

    Args:
        counts: Films of each class in each group.
        targets: Films of each class that each part should get.
        rng: Orders groups of the same size.
        noise: How far chance may overrule the order of sizes. 0 gives the fairest division;
            more gives others, where that one will not do.

    Returns:
        The part of each group.
    """
    per_class = np.maximum(1, counts.sum(axis=0))
    rarest = np.argmin(np.where(counts > 0, per_class, np.inf), axis=1)
    sizes = counts.sum(axis=1) * np.exp(noise * rng.normal(size=len(counts)))
    order = np.lexsort((rng.random(len(counts)), rarest, -sizes))
    # The tie-break must never outvote a real difference.
    worths = counts / per_class**2 + 1e-9 / per_class.sum() ** 2
    parts = np.empty(len(counts), dtype=np.int64)
    surplus = -targets
    for group in order:
        added = counts[group]
        part = int(np.argmin((2 * surplus + added) @ worths[group]))
        surplus[part] += added
        parts[group] = part
    return parts


def _holds_every_class(
    counts: Float[np.ndarray, "groups classes"], parts: Int[np.ndarray, " groups"]
) -> bool:
    return all(
        bool(np.all(counts[parts == part].sum(axis=0) > 0)) for part in (_TRAIN, _VALIDATION, _TEST)
    )


def _check_groups_per_class(
    counts: Float[np.ndarray, "groups classes"],
    n_folds: int,
    class_names: Sequence[str] | None,
) -> None:
    """Refuse, before any work, what no draw can give."""
    if len(counts) == 0:
        raise FoldsError("There are no films to split.", fix="Add films of at least two classes.")
    groups_per_class = np.count_nonzero(counts, axis=0)
    # Outside the test part there must be two: one to train, one to validate.
    needed = max(n_folds, 4 if n_folds == 2 else 3)
    if groups_per_class.min() >= needed:
        return
    scarcest = int(np.argmin(groups_per_class))
    name, found = _name(scarcest, class_names), int(groups_per_class[scarcest])
    raise FoldsError(
        f"Class {name} has {found} patients or single films, and {n_folds} folds need at "
        f"least {needed}.",
        fix="Collect more" + (f", or use --folds {found}." if found >= 3 else "."),
    )


def _name(index: int, class_names: Sequence[str] | None) -> str:
    return class_names[index] if class_names is not None else str(index)
