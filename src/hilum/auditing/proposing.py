"""Proposing: which films of a cohort might be copies of one another, and how they would lie.

Two ways lead to candidates. The coarse detail of a film, read off in each pose that a copy
may have, is compared with that of all the others. And features of a backbone are alike for
copies whatever was done to them, though hardly more so for turned copies than for two films
of one kind. Both only propose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int, UInt8

from hilum.auditing.alignment import move, sample
from hilum.auditing.detail import local_detail
from hilum.auditing.poses import mirror_first, rough_poses
from hilum.machine import map_in_threads

_DETAIL_PX = 48
_GRID = 16
_REACH = 0.85
"""Coarse detail is read on a grid of so many places a side, within a disc of this radius."""

_KEPT = 96
"""Directions in which films differ most; the others cost time and tell little."""

_BASIS_FILMS = 2000
_BLOCK_FILMS = 128
_TILE_FILMS = 1024
_BY_DETAIL = 3
_BY_FEATURES = 2
"""Candidates per film."""


@dataclass(frozen=True)
class Candidates:
    """Pairs of films that are worth aligning.

    Attributes:
        first: Row of the film that stays.
        second: Row of the film that is laid onto it.
        maps: Roughly, from places in the first to places in the second.
        affinities: Cosine similarity of their coarse detail in that pose.
    """

    first: Int[np.ndarray, " pairs"]
    second: Int[np.ndarray, " pairs"]
    maps: Float32[np.ndarray, "pairs 2 3"]
    affinities: Float32[np.ndarray, " pairs"]

    def of(self, kept: np.ndarray) -> Candidates:
        """Keep some of the pairs."""
        return Candidates(
            self.first[kept], self.second[kept], self.maps[kept], self.affinities[kept]
        )


def propose_pairs(
    pictures: UInt8[np.ndarray, "films side side"],
    shapes: Float32[np.ndarray, "films 2"],
    features: Float32[np.ndarray, "films width"],
) -> Candidates:
    """Find for every film the few others that are most like it.

    Args:
        pictures: Films as small squares.
        shapes: Width and height of each film.
        features: Of each upright film.

    Returns:
        Each pair once, in the order of its rows.
    """
    n = len(pictures)
    sketches = _Sketches(pictures)
    looks = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)

    def propose(start: int) -> Candidates:
        rows = np.arange(start, min(start + _BLOCK_FILMS, n))
        poses = rough_poses(shapes[rows])
        queries = sketches.of(pictures[rows], poses)
        neighbours = np.concatenate(
            [_most_alike_sketches(rows, queries, sketches.gallery), _most_alike_looks(rows, looks)],
            axis=1,
        )
        return _in_best_pose(rows, neighbours, poses, queries, sketches.gallery)

    return _each_once(map_in_threads(propose, range(0, n, _BLOCK_FILMS)))


class _Sketches:
    """The coarse detail of films within a disc, in few numbers.

    Attributes:
        gallery: Of all films, upright, and then all mirrored.
    """

    def __init__(self, pictures: UInt8[np.ndarray, "films side side"]) -> None:
        along = ((np.arange(_GRID) + 0.5) * 2 / _GRID - 1).astype(np.float32)
        x, y = np.meshgrid(along, along)
        is_in_disc = x**2 + y**2 <= 1
        self._places = _REACH * np.stack([x[is_in_disc], y[is_in_disc]], axis=1)
        number = np.zeros(is_in_disc.shape, np.int64)
        number[is_in_disc] = np.arange(is_in_disc.sum())
        mirror = number[:, ::-1][is_in_disc]

        n = len(pictures)
        as_is = np.eye(2, 3, dtype=np.float32)[None, None]
        upright = np.concatenate(
            [
                self._read(block, np.repeat(as_is, len(block), axis=0))[:, 0]
                for block in np.split(pictures, range(_BLOCK_FILMS, n, _BLOCK_FILMS))
            ]
        )
        known = upright[:: -(-n // _BASIS_FILMS)]
        known = np.concatenate([known, known[:, mirror]])
        self._mean = known.mean(axis=0)
        _, directions = np.linalg.eigh(np.cov(known - self._mean, rowvar=False))
        self._basis = directions[:, ::-1][:, :_KEPT].astype(np.float32)
        self.gallery = np.stack([self._shorten(upright), self._shorten(upright[:, mirror])])

    def of(
        self,
        pictures: UInt8[np.ndarray, "films side side"],
        poses: Float32[np.ndarray, "films poses 2 3"],
    ) -> Float32[np.ndarray, "poses films kept"]:
        """Sketch what other films would be, had they become these in each pose."""
        read = self._shorten(self._read(pictures, poses))
        return np.ascontiguousarray(read.transpose(1, 0, 2))

    def _read(
        self,
        pictures: UInt8[np.ndarray, "films side side"],
        poses: Float32[np.ndarray, "films poses 2 3"],
    ) -> Float32[np.ndarray, "films poses places"]:
        n, n_poses = poses.shape[:2]
        details = local_detail(pictures, _DETAIL_PX)
        rows = np.repeat(np.arange(n), n_poses)
        read = sample(details, rows, move(poses.reshape(-1, 2, 3), self._places))
        return read.reshape(n, n_poses, -1)

    def _shorten(self, read: Float32[np.ndarray, "... places"]) -> Float32[np.ndarray, "... kept"]:
        short = (read - self._mean) @ self._basis
        return np.asarray(short / np.maximum(np.linalg.norm(short, axis=-1, keepdims=True), 1e-6))


def _most_alike_sketches(
    rows: Int[np.ndarray, " block"],
    queries: Float32[np.ndarray, "poses block kept"],
    gallery: Float32[np.ndarray, "2 films kept"],
) -> Int[np.ndarray, "block neighbours"]:
    affinity = np.empty((len(rows), gallery.shape[1]), np.float32)
    for start in range(0, gallery.shape[1], _TILE_FILMS):
        tile = affinity[:, start : start + _TILE_FILMS]
        tile[:] = -1
        for side in gallery[:, start : start + _TILE_FILMS]:
            for query in queries:
                np.maximum(tile, query @ side.T, out=tile)
    return _highest(affinity, rows, _BY_DETAIL)


def _most_alike_looks(
    rows: Int[np.ndarray, " block"], looks: Float32[np.ndarray, "films width"]
) -> Int[np.ndarray, "block neighbours"]:
    return _highest(looks[rows] @ looks.T, rows, _BY_FEATURES)


def _highest(
    affinity: Float32[np.ndarray, "block films"], rows: Int[np.ndarray, " block"], n_kept: int
) -> Int[np.ndarray, "block neighbours"]:
    affinity[np.arange(len(rows)), rows] = -np.inf  # a film is no neighbour of itself
    n_kept = min(n_kept, affinity.shape[1] - 1)
    return np.argpartition(affinity, -n_kept, axis=1)[:, -n_kept:]


def _in_best_pose(
    rows: Int[np.ndarray, " block"],
    neighbours: Int[np.ndarray, "block neighbours"],
    poses: Float32[np.ndarray, "block poses 2 3"],
    queries: Float32[np.ndarray, "poses block kept"],
    gallery: Float32[np.ndarray, "2 films kept"],
) -> Candidates:
    """Find how each neighbour lies best in the film that it is a neighbour of."""
    block = np.repeat(np.arange(len(rows)), neighbours.shape[1])
    first = neighbours.ravel()
    affinities = np.einsum("pnk,snk->nsp", queries[:, block], gallery[:, first])
    best = affinities.reshape(len(first), -1).argmax(axis=1)
    side, pose = np.divmod(best, len(queries))
    maps = poses[block, pose]
    maps = np.where(side[:, None, None] == 1, mirror_first(maps), maps)
    return Candidates(first, rows[block], maps, affinities[np.arange(len(first)), side, pose])


def _each_once(blocks: list[Candidates]) -> Candidates:
    """Of a pair that both its films propose, keep the pose that fits better."""
    found = Candidates(
        np.concatenate([block.first for block in blocks]),
        np.concatenate([block.second for block in blocks]),
        np.concatenate([block.maps for block in blocks]),
        np.concatenate([block.affinities for block in blocks]),
    )
    low = np.minimum(found.first, found.second)
    high = np.maximum(found.first, found.second)
    found = found.of(order := np.lexsort((-found.affinities, high, low)))
    pairs = np.stack([low[order], high[order]])
    is_new = np.ones(len(order), bool)
    is_new[1:] = (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)
    return found.of(is_new)
