"""Duplicates: two rows of a cohort that hold one and the same film.

Equal bytes and equal pixels are found by their hashes. Near-duplicates are candidate pairs that
alignment confirms. It goes from coarse detail to fine, and most pairs leave on the way: two films
of one patient, or two patients alike, agree coarsely; only copies agree in their fine edges, and
everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int, UInt8
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hilum.cohort import Film
from hilum.duplicates.alignment import align, measure, residual_shifts
from hilum.duplicates.candidates import (
    MIDDLE,
    NARROW,
    FilmPairs,
    find_candidates,
    local_detail,
    read_pose,
)
from hilum.features import FilmTraits
from hilum.machine import map_in_threads

DuplicateKind = Literal["bytes", "pixels", "copy", "mirrored", "rotated"]
"""How two films are the same: the same file; the same pixels in another file; a copy that was
resized, recompressed, cropped or changed in contrast; a mirrored one; a rotated one."""

MIN_AGREEMENT = 0.765
"""Least correlation of fine edges, less the penalty for each pixel by which the film's parts still
lie apart. Measured on public collections: two different films reach at most 0.5, one patient's
included; of 400 copies saved again as JPEG of quality 30, one stays below 0.765. Phantoms are
more alike than people are: of 1,200, one pair of two patients reaches it."""

_PENALTY_PER_PX = 0.8

_MIN_OVERLAP = 0.6
"""Share of the film that a copy must show."""

_MAX_STRETCH = 2.0
"""Largest ratio between the areas of a film and its copy."""

_MIN_TURN_DEGREES = 1.0
"""Alignment is this uncertain at worst; a smaller turn counts as upright."""

_FINE_PX = 96
_CHUNK_PAIRS = 128


@dataclass(frozen=True)
class _Stage:
    """One round of alignment: its resolution, its steps, and the correlation that pairs need.

    Attributes:
        pairs_at_once: As many as the processor's cache holds.
    """

    side_px: int
    n_steps: int
    min_correlation: float
    pairs_at_once: int


_STAGES = (
    _Stage(24, 8, 0.7, 128),
    _Stage(48, 5, 0.75, 32),
    _Stage(_FINE_PX, 2, 0.7, 8),
    _Stage(_FINE_PX, 3, 0.7, 8),
)


@dataclass(frozen=True)
class Duplicate:
    """Two films of a cohort that are the same.

    Attributes:
        first: Row of the one film.
        second: Row of the other; larger than `first`.
        kind: How they are the same.
        rotation_degrees: Turn of the second film against the first, counter-clockwise
            positive; 0 where there is none.
        correlation: Of the two films' fine edges after alignment, -1 to 1; 1 for identical
            films.
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
    """Find the films that a cohort holds more than once.

    Args:
        films: Rows of the cohort.
        film_traits: Traits of these films, in their order.
        features: Features of these films, in their order; the first view is upright.
        n_known: This many films, the first ones, were compared with one another before; only
            pairs with a later film are searched.

    Returns:
        Pairs of rows, ascending. Films with the same bytes or pixels are paired with the first
        of them alone, and only that one with its near-duplicates; `join_duplicates` gives the
        clusters.
    """
    same_bytes = _pair_with_first("bytes", [film.sha256 for film in films], range(len(films)))
    by_bytes = _without(range(len(films)), same_bytes)
    pixels = [traits.pixels_sha256 for traits in film_traits.files]
    same_pixels = _pair_with_first("pixels", [pixels[row] for row in by_bytes], by_bytes)
    distinct = np.array(_without(by_bytes, same_pixels))
    alike = (
        _find_near_duplicates(distinct, film_traits, features, n_known) if len(distinct) > 1 else []
    )
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


def _find_near_duplicates(
    rows: Int[np.ndarray, " distinct"],
    film_traits: FilmTraits,
    features: Float32[np.ndarray, "films views width"],
    n_known: int,
) -> list[Duplicate]:
    """Find copies among films whose pixels all differ."""
    traits = [film_traits.files[row] for row in rows]
    shapes = np.array([(trait.width_px, trait.height_px) for trait in traits], np.float32)
    pictures = film_traits.pictures[rows]
    candidates = find_candidates(pictures, shapes, features[rows, 0])
    is_new = np.maximum(rows[candidates.first], rows[candidates.second]) >= n_known
    found = _match_candidates(pictures, candidates.of(is_new))
    return [
        _describe(rows, shapes, first, second, linear, correlation)
        for first, second, linear, correlation in zip(
            found.first.tolist(),
            found.second.tolist(),
            found.maps[:, :, :2],
            found.similarities.tolist(),
            strict=True,
        )
    ]


def _match_candidates(
    pictures: UInt8[np.ndarray, "films side side"], candidates: FilmPairs
) -> FilmPairs:
    """Keep the pairs whose films agree in all their edges.

    Args:
        pictures: Films as small squares.
        candidates: Pairs of them, each in a rough pose.

    Returns:
        The copies, aligned, with the correlation of their fine edges.
    """
    pairs = np.arange(len(candidates.first))
    chunks = np.split(pairs, range(_CHUNK_PAIRS, len(pairs), _CHUNK_PAIRS))
    return FilmPairs.join(
        map_in_threads(lambda chunk: _match_chunk(pictures, candidates.of(chunk)), chunks)
    )


def _match_chunk(pictures: UInt8[np.ndarray, "films side side"], pairs: FilmPairs) -> FilmPairs:
    for stage in _STAGES:
        pairs = _refine(pictures, pairs, stage)
    rows, first, second = _renumber(pairs)
    edges = local_detail(pictures[rows], _FINE_PX, NARROW)
    fine = measure(edges, first, second, pairs.maps)
    detail = local_detail(pictures[rows], _FINE_PX, MIDDLE)
    shifts_px = residual_shifts(detail, first, second, pairs.maps)
    area = np.abs(np.linalg.det(pairs.maps[:, :, :2]))
    is_copy = (
        (fine.correlations - _PENALTY_PER_PX * shifts_px >= MIN_AGREEMENT)
        & (fine.overlaps >= _MIN_OVERLAP)
        & (np.maximum(area, 1 / np.maximum(area, 1e-6)) <= _MAX_STRETCH)
    )
    return replace(pairs, similarities=fine.correlations).of(is_copy)


def _refine(
    pictures: UInt8[np.ndarray, "films side side"], pairs: FilmPairs, stage: _Stage
) -> FilmPairs:
    """Align pairs at the resolution of a stage, and keep those that agree."""
    rows, first, second = _renumber(pairs)
    detail = local_detail(pictures[rows], stage.side_px)
    maps, correlations = [pairs.maps[:0]], [pairs.similarities[:0]]
    for start in range(0, len(first), stage.pairs_at_once):
        some = slice(start, start + stage.pairs_at_once)
        aligned = align(detail, first[some], second[some], pairs.maps[some], stage.n_steps)
        maps.append(aligned.maps)
        correlations.append(aligned.correlations)
    is_alike = np.concatenate(correlations) >= stage.min_correlation
    return replace(pairs, maps=np.concatenate(maps)).of(is_alike)


def _renumber(
    pairs: FilmPairs,
) -> tuple[Int[np.ndarray, " films"], Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"]]:
    """List the films that take part, and the pairs as places in that list."""
    both = np.stack([pairs.first, pairs.second])
    rows, places = np.unique(both, return_inverse=True)
    first, second = places.reshape(both.shape)
    return rows, first, second


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
    is_turned = abs(angle) >= _MIN_TURN_DEGREES
    kind: DuplicateKind = "mirrored" if is_mirrored else "rotated" if is_turned else "copy"
    return Duplicate(
        int(rows[first]), int(rows[second]), kind, angle if is_turned else 0.0, correlation
    )


def join_duplicates(duplicates: Sequence[Duplicate], n_films: int) -> list[int | None]:
    """Give every film the cluster of duplicates that it belongs to.

    Args:
        duplicates: Pairs of rows.
        n_films: Films of the cohort.

    Returns:
        Number of each film's cluster; None for a film without duplicates.
    """
    firsts = [duplicate.first for duplicate in duplicates]
    seconds = [duplicate.second for duplicate in duplicates]
    pairs = coo_array((np.ones(len(duplicates)), (firsts, seconds)), shape=(n_films, n_films))
    _, clusters = connected_components(pairs, directed=False)
    sizes = np.bincount(clusters)
    return [int(cluster) if sizes[cluster] > 1 else None for cluster in clusters]
