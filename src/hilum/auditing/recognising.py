"""Recognising: which of the proposed pairs are one film.

Alignment goes from coarse detail to fine, and most pairs leave on the way. Two films of one
patient, or two patients alike, agree coarsely; only copies agree in their fine edges, and
everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int, UInt8

from hilum.auditing.alignment import align, measure
from hilum.auditing.detail import MIDDLE, NARROW, local_detail
from hilum.auditing.proposing import Candidates
from hilum.auditing.stirring import leftover_shifts
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
