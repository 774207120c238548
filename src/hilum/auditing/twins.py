"""Twin: two rows of a cohort that hold one and the same film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hilum.auditing.portraits import Portraits
from hilum.auditing.poses import read_pose
from hilum.auditing.proposing import propose_pairs
from hilum.auditing.recognising import recognise
from hilum.cohort.manifest import Film

TwinKind = Literal["bytes", "pixels", "copy", "mirrored", "rotated"]
"""How a film came to stand there twice: the same file; the same pixels in another file; a
copy that was resized, recompressed, cropped or changed in contrast; one that was mirrored;
one that was turned."""

_TURNED_DEGREES = 1.0
"""Alignment is that uncertain at worst; a smaller turn is none."""


@dataclass(frozen=True)
class Twin:
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
    kind: TwinKind
    rotation_degrees: float
    correlation: float


def find_twins(
    films: Sequence[Film],
    portraits: Portraits,
    features: Float32[np.ndarray, "films views width"],
    *,
    n_known: int = 0,
) -> tuple[Twin, ...]:
    """Find the films that stand in a cohort more than once.

    Args:
        films: Rows of the cohort.
        portraits: Of these films, in their order.
        features: Of these films, in their order; the first view is upright.
        n_known: So many films, the first ones, have been compared with one another before:
            only pairs with one of the others are looked for.

    Returns:
        Pairs of rows, ascending. Of films with the same bytes or pixels, each is paired
        with the first one alone, and that one with the films that are like it:
        `join_twins` brings together what belongs together.
    """
    same_bytes = _pair_with_first("bytes", [film.sha256 for film in films], range(len(films)))
    by_bytes = _without(range(len(films)), same_bytes)
    pixels = [traits.pixels_sha256 for traits in portraits.traits]
    same_pixels = _pair_with_first("pixels", [pixels[row] for row in by_bytes], by_bytes)
    distinct = np.array(_without(by_bytes, same_pixels))
    alike = _find_alike(distinct, portraits, features, n_known) if len(distinct) > 1 else []
    twins = [twin for twin in (*same_bytes, *same_pixels, *alike) if twin.second >= n_known]
    return tuple(sorted(twins, key=lambda twin: (twin.first, twin.second)))


def _pair_with_first(kind: TwinKind, keys: Sequence[str], rows: Sequence[int]) -> list[Twin]:
    first_with: dict[str, int] = {}
    pairs = [(first_with.setdefault(key, row), row) for key, row in zip(keys, rows, strict=True)]
    return [Twin(first, row, kind, 0.0, 1.0) for first, row in pairs if first != row]


def _without(rows: Sequence[int], twins: Sequence[Twin]) -> list[int]:
    seconds = {twin.second for twin in twins}
    return [row for row in rows if row not in seconds]


def _find_alike(
    rows: Int[np.ndarray, " distinct"],
    portraits: Portraits,
    features: Float32[np.ndarray, "films views width"],
    n_known: int,
) -> list[Twin]:
    """Find copies among films that all have other pixels."""
    traits = [portraits.traits[row] for row in rows]
    shapes = np.array([(trait.width_px, trait.height_px) for trait in traits], np.float32)
    pictures = portraits.pictures[rows]
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
) -> Twin:
    if first > second:
        first, second, linear = second, first, np.linalg.inv(linear)
    is_mirrored, angle = read_pose(linear, shapes[first], shapes[second])
    is_turned = abs(angle) >= _TURNED_DEGREES
    kind: TwinKind = "mirrored" if is_mirrored else "rotated" if is_turned else "copy"
    return Twin(int(rows[first]), int(rows[second]), kind, angle if is_turned else 0.0, correlation)


def join_twins(twins: Sequence[Twin], n_films: int) -> list[int | None]:
    """Give every film the cluster of twins that it belongs to.

    Args:
        twins: Pairs of one film.
        n_films: Films of the cohort.

    Returns:
        A cluster's number for each film; None where it has no twin. Fit to be a column
        of `join_by_keys`.
    """
    firsts, seconds = [twin.first for twin in twins], [twin.second for twin in twins]
    pairs = coo_array((np.ones(len(twins)), (firsts, seconds)), shape=(n_films, n_films))
    _, clusters = connected_components(pairs, directed=False)
    sizes = np.bincount(clusters)
    return [int(cluster) if sizes[cluster] > 1 else None for cluster in clusters]
