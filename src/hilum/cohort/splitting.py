"""Folds: which films train, validate and test each head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int


@dataclass(frozen=True)
class Split:
    """The three parts of one head's films, as sorted rows of the cohort."""

    repeat: int
    fold: int
    train: Int[np.ndarray, " train"]
    validation: Int[np.ndarray, " validation"]
    test: Int[np.ndarray, " test"]


@dataclass(frozen=True)
class Folds:
    """All splits of a study; groups never stand on two sides of one.

    Attributes:
        splits: Ordered by repeat, then fold.
        groups: Group of each film; films of one group stay together.
        validates_on_test: Validation and test are the same films (the paper's way).
    """

    splits: tuple[Split, ...]
    groups: Int[np.ndarray, " films"]
    validates_on_test: bool = False
