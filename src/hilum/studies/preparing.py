"""What is settled before a study starts, so that nothing fails after hours of work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hilum.backbones.catalog import CATALOG, BackboneRecord, find_backbone
from hilum.backbones.weights import find_weights, verify_weights, why_unavailable
from hilum.cohort.grouping import group_films
from hilum.cohort.manifest import Cohort
from hilum.cohort.splitting import Folds, repeated_folds, single_split
from hilum.errors import CacheError, FoldsError, UnknownBackboneError, WeightsError
from hilum.studies.comparison import Recipe, Unavailable
from hilum.writing import check_writable


def choose_backbones(
    names: Sequence[str] | None,
) -> tuple[tuple[BackboneRecord, ...], tuple[Unavailable, ...]]:
    """Find the backbones to run, before any work starts.

    Args:
        names: Those that must run; None for all that can.

    Returns:
        The records, and those that cannot take part.

    Raises:
        UnknownBackboneError: A name is in no catalog, or there is no name.
        WeightsError: A named backbone is not available, or none is.
    """
    if names is not None:
        names = [names] if isinstance(names, str) else names
        if not names:
            raise UnknownBackboneError(
                "No backbone is named.", fix=f"Choose among: {', '.join(CATALOG)}."
            )
        records = tuple(dict.fromkeys(find_backbone(name) for name in names))
        for record in records:
            verify_weights(find_weights(record), record.weights)
        return records, ()
    obstacles = {record: why_unavailable(record) for record in CATALOG.values()}
    available = tuple(record for record, why in obstacles.items() if why is None)
    if not available:
        raise WeightsError(
            "No backbone is available: " + " ".join(filter(None, obstacles.values())),
            fix="Install Hilum again; its default backbones come with it.",
        )
    return available, tuple(
        Unavailable(record.name, why) for record, why in obstacles.items() if why is not None
    )


def draw_folds(cohort: Cohort, recipe: Recipe, seed: int) -> Folds:
    """Draw a recipe's splits over a cohort.

    Raises:
        FoldsError: A class is too small for them; films that could not be read are named.
    """
    seed = seed if recipe.split_seed is None else recipe.split_seed
    groups = group_films(cohort)
    try:
        if recipe.folds == 0:
            # By film, as published; the groups tell the statistics, and the reader, what leaks.
            split = single_split(cohort.y, seed=seed, class_names=cohort.classes)
            return replace(split, groups=groups)
        return repeated_folds(
            cohort.y,
            groups,
            n_folds=recipe.folds,
            n_repeats=recipe.repeats,
            seed=seed,
            class_names=cohort.classes,
        )
    except FoldsError as error:
        unread = "".join(f"\n  {e.path}: {e.code}: {e.message}" for e in cohort.excluded[:20])
        if not unread:
            raise
        message = f"{error.message} Not read: {len(cohort.excluded)}{unread}\n"
        raise FoldsError(message, fix=f"Replace the files that cannot be read. {error.fix}") from (
            error
        )


def check_cache(cache: Path) -> None:
    """Find out before any work whether results can be kept.

    Raises:
        CacheError: They cannot.
    """
    try:
        check_writable(cache)
    except OSError as error:
        raise CacheError(
            f"The cache folder '{cache}' cannot be written: {error.strerror}.",
            fix="Name another folder with --cache-dir or HILUM_CACHE_DIR.",
        ) from error


def hash_cohort(cohort: Cohort) -> str:
    """Hash what was studied: every film's content, class, patient and source, in order."""
    rows = [(film.sha256, film.label, film.patient, film.source) for film in cohort.films]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
