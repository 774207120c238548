"""Duplicates: two rows of a cohort that hold one and the same film."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int, UInt8
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hilum.cohort import Film
from hilum.duplicates.alignment import align, leftover_shifts, measure
from hilum.duplicates.candidates import (
    MIDDLE,
    NARROW,
    Candidates,
    local_detail,
    propose_pairs,
    read_pose,
)
from hilum.features import FilmTraits
from hilum.machine import map_in_threads

MIN_AGREEMENT = 0.765
"""Correlation of fine edges, less the penalty for each pixel by which the film's parts still
lie apart. Measured on public collections: two different films reach at most 0.5, one patient's
included; of 400 copies saved again as JPEG of quality 30, one stays below 0.765. Phantoms are
more alike than people are: of 1,200, one pair of two patients reaches it."""

_PENALTY_PER_PX = 0.8

_MIN_OVERLAP = 0.6
"""Share of the film that a copy must show."""

_MAX_STRETCH = 2.0
"""How much larger or smaller its area may seem."""


@dataclass(frozen=True)
class _Stage:
    """One look at pairs: how fine, how long, and what they must reach to be looked at on."""

    side_px: int
    n_steps: int
    min_correlation: float
    pairs_at_once: int


_FINE_PX = 96

_STAGES = (
    _Stage(24, 8, 0.7, 128),
    _Stage(48, 5, 0.75, 32),
    _Stage(_FINE_PX, 2, 0.7, 8),
    _Stage(_FINE_PX, 3, 0.7, 8),
)
"""So many pairs at once as the processor's cache holds."""

_CHUNK_PAIRS = 128


@dataclass(frozen=True)
class Recognised:
    """Pairs that are one film.

    Attributes:
        first: Row of the one film.
        second: Row of the other.
        maps: From places in the first film to places in the second.
        correlations: Of their fine edges.
    """

    first: Int[np.ndarray, " pairs"]
    second: Int[np.ndarray, " pairs"]
    maps: Float32[np.ndarray, "pairs 2 3"]
    correlations: Float32[np.ndarray, " pairs"]


def recognise(pictures: UInt8[np.ndarray, "films side side"], candidates: Candidates) -> Recognised:
    """Keep the pairs whose films lie on one another in all their edges.

    Args:
        pictures: Films as small squares.
        candidates: Pairs of them, roughly laid.
    """
    pairs = np.arange(len(candidates.first))
    chunks = np.split(pairs, range(_CHUNK_PAIRS, len(pairs), _CHUNK_PAIRS))
    return _join(
        map_in_threads(lambda chunk: _recognise_some(pictures, candidates.of(chunk)), chunks)
    )


def _recognise_some(
    pictures: UInt8[np.ndarray, "films side side"], candidates: Candidates
) -> Recognised:
    for stage in _STAGES:
        candidates = _look(pictures, candidates, stage)
    rows, first, second = _renumber(candidates)
    edges = local_detail(pictures[rows], _FINE_PX, NARROW)
    fine = measure(edges, first, second, candidates.maps)
    detail = local_detail(pictures[rows], _FINE_PX, MIDDLE)
    shifts_px = leftover_shifts(detail, first, second, candidates.maps)
    area = np.abs(np.linalg.det(candidates.maps[:, :, :2]))
    is_one = (
        (fine.correlations - _PENALTY_PER_PX * shifts_px >= MIN_AGREEMENT)
        & (fine.overlaps >= _MIN_OVERLAP)
        & (np.maximum(area, 1 / np.maximum(area, 1e-6)) <= _MAX_STRETCH)
    )
    kept = candidates.of(is_one)
    return Recognised(kept.first, kept.second, kept.maps, fine.correlations[is_one])


def _look(
    pictures: UInt8[np.ndarray, "films side side"], candidates: Candidates, stage: _Stage
) -> Candidates:
    """Align pairs as finely as the stage does, and keep those that agree."""
    rows, first, second = _renumber(candidates)
    detail = local_detail(pictures[rows], stage.side_px)
    maps, correlations = [candidates.maps[:0]], [candidates.affinities[:0]]
    for start in range(0, len(first), stage.pairs_at_once):
        some = slice(start, start + stage.pairs_at_once)
        aligned = align(detail, first[some], second[some], candidates.maps[some], stage.n_steps)
        maps.append(aligned.maps)
        correlations.append(aligned.correlations)
    laid = Candidates(
        candidates.first, candidates.second, np.concatenate(maps), candidates.affinities
    )
    return laid.of(np.concatenate(correlations) >= stage.min_correlation)


def _renumber(
    candidates: Candidates,
) -> tuple[Int[np.ndarray, " films"], Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"]]:
    """List the films that take part, and the pairs as places in that list."""
    both = np.stack([candidates.first, candidates.second])
    rows, places = np.unique(both, return_inverse=True)
    first, second = places.reshape(both.shape)
    return rows, first, second


def _join(parts: Iterable[Recognised]) -> Recognised:
    listed = list(parts)
    return Recognised(
        np.concatenate([part.first for part in listed]),
        np.concatenate([part.second for part in listed]),
        np.concatenate([part.maps for part in listed]),
        np.concatenate([part.correlations for part in listed]),
    )


DuplicateKind = Literal["bytes", "pixels", "copy", "mirrored", "rotated"]
"""How a film came to stand there twice: the same file; the same pixels in another file; a
copy that was resized, recompressed, cropped or changed in contrast; one that was mirrored;
one that was turned."""

_TURNED_DEGREES = 1.0
"""Alignment is that uncertain at worst; a smaller turn is none."""


@dataclass(frozen=True)
class Duplicate:
    """Two films of a cohort that are one.

    Attributes:
        first: Row of the one film.
        second: Row of the other; larger than `first`.
        kind: What lies between them.
        rotation_degrees: By how much the second is turned against the first,
            counter-clockwise positive; 0 where it is upright as the first is.
        correlation: Of the two films' detail after they were aligned, -1 to 1; 1 for
            identical ones.
    """

    first: int
    second: int
    kind: DuplicateKind
    rotation_degrees: float
    correlation: float


def find_duplicates(
    films: Sequence[Film],
    film_traits: FilmTraits,
    features: Float32[np.ndarray, "films views width"],
    *,
    n_known: int = 0,
) -> tuple[Duplicate, ...]:
    """Find the films that stand in a cohort more than once.

    Args:
        films: Rows of the cohort.
        film_traits: Of these films, in their order.
        features: Of these films, in their order; the first view is upright.
        n_known: So many films, the first ones, have been compared with one another before:
            only pairs with one of the others are looked for.

    Returns:
        Pairs of rows, ascending. Of films with the same bytes or pixels, each is paired
        with the first one alone, and that one with the films that are like it:
        `join_duplicates` brings together what belongs together.
    """
    same_bytes = _pair_with_first("bytes", [film.sha256 for film in films], range(len(films)))
    by_bytes = _without(range(len(films)), same_bytes)
    pixels = [traits.pixels_sha256 for traits in film_traits.files]
    same_pixels = _pair_with_first("pixels", [pixels[row] for row in by_bytes], by_bytes)
    distinct = np.array(_without(by_bytes, same_pixels))
    alike = _find_alike(distinct, film_traits, features, n_known) if len(distinct) > 1 else []
    duplicates = [
        duplicate
        for duplicate in (*same_bytes, *same_pixels, *alike)
        if duplicate.second >= n_known
    ]
    return tuple(sorted(duplicates, key=lambda duplicate: (duplicate.first, duplicate.second)))


def _pair_with_first(
    kind: DuplicateKind, keys: Sequence[str], rows: Sequence[int]
) -> list[Duplicate]:
    first_with: dict[str, int] = {}
    pairs = [(first_with.setdefault(key, row), row) for key, row in zip(keys, rows, strict=True)]
    return [Duplicate(first, row, kind, 0.0, 1.0) for first, row in pairs if first != row]


def _without(rows: Sequence[int], duplicates: Sequence[Duplicate]) -> list[int]:
    seconds = {duplicate.second for duplicate in duplicates}
    return [row for row in rows if row not in seconds]


def _find_alike(
    rows: Int[np.ndarray, " distinct"],
    film_traits: FilmTraits,
    features: Float32[np.ndarray, "films views width"],
    n_known: int,
) -> list[Duplicate]:
    """Find copies among films that all have other pixels."""
    traits = [film_traits.files[row] for row in rows]
    shapes = np.array([(trait.width_px, trait.height_px) for trait in traits], np.float32)
    pictures = film_traits.pictures[rows]
    candidates = propose_pairs(pictures, shapes, features[rows, 0])
    is_new = np.maximum(rows[candidates.first], rows[candidates.second]) >= n_known
    found = recognise(pictures, candidates.of(is_new))
    return [
        _describe(rows, shapes, first, second, linear, correlation)
        for first, second, linear, correlation in zip(
            found.first.tolist(),
            found.second.tolist(),
            found.maps[:, :, :2],
            found.correlations.tolist(),
            strict=True,
        )
    ]


def _describe(
    rows: Int[np.ndarray, " distinct"],
    shapes: Float32[np.ndarray, "distinct 2"],
    first: int,
    second: int,
    linear: Float32[np.ndarray, "2 2"],
    correlation: float,
) -> Duplicate:
    if first > second:
        first, second, linear = second, first, np.linalg.inv(linear)
    is_mirrored, angle = read_pose(linear, shapes[first], shapes[second])
    is_turned = abs(angle) >= _TURNED_DEGREES
    kind: DuplicateKind = "mirrored" if is_mirrored else "rotated" if is_turned else "copy"
    return Duplicate(
        int(rows[first]), int(rows[second]), kind, angle if is_turned else 0.0, correlation
    )


def join_duplicates(duplicates: Sequence[Duplicate], n_films: int) -> list[int | None]:
    """Give every film the cluster of duplicates that it belongs to.

    Args:
        duplicates: Pairs of one film.
        n_films: Films of the cohort.

    Returns:
        A cluster's number for each film; None where it has no duplicate. Fit to be a column
        of `join_by_keys`.
    """
    firsts, seconds = (
        [duplicate.first for duplicate in duplicates],
        [duplicate.second for duplicate in duplicates],
    )
    pairs = coo_array((np.ones(len(duplicates)), (firsts, seconds)), shape=(n_films, n_films))
    _, clusters = connected_components(pairs, directed=False)
    sizes = np.bincount(clusters)
    return [int(cluster) if sizes[cluster] > 1 else None for cluster in clusters]
