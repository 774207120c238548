"""What is settled before a study starts, so that nothing fails after hours of work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hilum.auditing.twins import Twin, join_twins
from hilum.backbones.catalog import CATALOG, find_backbones
from hilum.backbones.imagenet import with_top
from hilum.backbones.records import BackboneRecord, fed_differently
from hilum.backbones.weights import Backbone, WeightsShelf, describe_file
from hilum.cohort.grouping import group_films
from hilum.cohort.manifest import Cohort
from hilum.cohort.splitting import Folds, repeated_folds, single_split
from hilum.disk import check_writable
from hilum.errors import (
    CacheError,
    FoldsError,
    UnknownBackboneError,
    UntrustedModelError,
    WeightsError,
)
from hilum.studies.comparison import Recipe, Unavailable


def choose_backbones(
    names: Sequence[str] | None,
    shelf: WeightsShelf,
    *,
    allows_unverified: bool = False,
    needs_top: bool = False,
) -> tuple[tuple[Backbone, ...], tuple[Unavailable, ...]]:
    """Find the backbones to run and prove their weights, before any work starts.

    Args:
        names: Those that must run; None for all that can. A group's name stands for
            its members, `onnx:PATH` for a model file.
        shelf: Where weights are looked for.
        allows_unverified: Take weights whose hash is not the catalog's.
        needs_top: Take the weights that hold the ImageNet classifier as well.

    Returns:
        The backbones, and those that cannot take part.

    Raises:
        UnknownBackboneError: A name is in no catalog, or there is no name.
        WeightsError: A named backbone is not available, or none is; all are listed. Or one
            that needs a classifier has none.
        UntrustedModelError: Weights of a named backbone are not what they should be.
    """
    if names is not None and not names:
        raise UnknownBackboneError(
            "No backbone is named.", fix=f"Choose among: {', '.join(CATALOG)}."
        )
    if shelf.asked is not None and not shelf.asked.is_dir():
        raise WeightsError(
            f"There is no folder '{shelf.asked}' to look for weights in.",
            fix="Check --weights-dir.",
        )
    wanted = [names] if isinstance(names, str) else names
    records = tuple(CATALOG.values()) if wanted is None else find_backbones(wanted)
    if needs_top:
        records = tuple(map(with_top, records))
    if wanted is not None:
        return _all_of(records, shelf, allows_unverified), ()
    available, unavailable = [], []
    for record in records:
        try:
            available.append(shelf.find(record))
        except (WeightsError, UntrustedModelError) as error:
            # The message alone: what to do names folders, and results go round.
            is_refused = isinstance(error, UntrustedModelError)
            unavailable.append(Unavailable(record.name, error.message, is_refused))
    if not available:
        raise WeightsError(
            "No backbone is available.",
            fix="Install Hilum again; its default backbones come with it.",
        )
    return tuple(available), tuple(unavailable)


def _all_of(
    records: Sequence[BackboneRecord], shelf: WeightsShelf, allows_unverified: bool
) -> tuple[Backbone, ...]:
    """Find every one, or say of all that are missing at once what to do."""
    found, missing = [], []
    for record in records:
        try:
            found.append(shelf.find(record, allows_unverified=allows_unverified))
        except WeightsError as error:
            missing.append((record, error))
    if len(missing) == 1:
        raise missing[0][1]
    if missing:
        files = "\n  ".join(
            f"{record.title}: {describe_file(record.weights)}" for record, _ in missing
        )
        names = " ".join(record.name for record, _ in missing)
        top = " --with-top" if any(r.weights == r.top_weights for r, _ in missing) else ""
        raise WeightsError(
            f"{len(missing)} backbones need files that are not here:\n  {files}\n",
            fix=f"Run `hilum backbones fetch {names}{top}`, or put the files into {shelf.home}; "
            "`hilum backbones` says where each can be downloaded.",
        )
    return tuple(found)


def fed_as(recipe: Recipe, backbone: Backbone) -> Backbone:
    """Give a backbone the input and pooling that a recipe asks for."""
    record = fed_differently(
        backbone.record, size_px=recipe.input_px, scaling=recipe.scaling, pooling=recipe.pooling
    )
    return replace(backbone, record=record)


def draw_folds(cohort: Cohort, recipe: Recipe, seed: int, twins: Sequence[Twin] = ()) -> Folds:
    """Draw a recipe's splits over a cohort.

    Args:
        cohort: The films.
        recipe: How to split them.
        seed: Where the draws begin, unless the recipe says.
        twins: Films that are one film, and so stay together.

    Raises:
        FoldsError: A class is too small for them; films that could not be read are named.
    """
    seed = seed if recipe.split_seed is None else recipe.split_seed
    groups = group_films(cohort, join_twins(twins, len(cohort)))
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
